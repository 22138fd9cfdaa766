"""Clutter: connected components that are lines, frames, or stick in from the border."""

from __future__ import annotations

from mnistkit.recognition.components import Component, touched_borders

SPECK_AREA = 0.03
"""Of the digit's area; what is smaller is a speck."""
EDGE_THICKNESS, EDGE_LENGTH = 0.12, 0.97
"""Of its own length, and of the picture's side: what is thin and runs from border to border is the
edge of a sheet or a line, and no 1, if there is room beside it: half of its length."""
EDGE_ROOM = 0.5
RULE_THICKNESS, RULE_LENGTH = 0.06, 0.5
"""Of its own length, and of the picture's width: flatter and longer than the stroke of a 7."""
FRAME_INK, FRAME_AREA = 0.25, 0.8
"""Of a frame's box, and of the picture's area: mostly empty, and around nearly everything."""
WHOLE_SIDE = 0.25
"""Of the picture's shorter side; beside a whole digit of this size others may be cut off."""
STUB_WIDTH = 0.3
"""Of the largest whole component's side: what touches the border and is narrower is no digit."""
BORDER_LINE_WIDTH = 0.13
"""Of a small picture's side: what touches its border and is narrower is a printed line."""
CORNER_INK, CORNER_SIDE = 0.4, 0.5
"""Of its box, and of the picture's side: a printed corner is emptier and longer."""


def without_clutter(components: list[Component], shape: tuple[int, int]) -> list[Component]:
    """Leave out lines, frames, and what sticks in from the border beside a whole digit.

    Parameters
    ----------
    components : list of Component
    shape : tuple of int
        Height and width of the picture.

    Returns
    -------
    list of Component
        In the same order.
    """
    rules = [component for component in components if _is_rule(component, shape)]
    ruled = len(rules) > 1 or len(rules) < len(components)  # a stroke alone may be anything
    kept = [
        component
        for component in components
        if not (_is_edge(component, shape) or (ruled and component in rules))
    ]
    whole = [component.side for component in kept if not _num_borders(component, shape)]
    largest = max(whole, default=0)
    if largest < WHOLE_SIDE * min(shape):  # then the digit itself may touch the border
        return kept
    return [
        component
        for component in kept
        if not _num_borders(component, shape)
        or not (
            _is_frame(component, shape)
            or min(component.width, component.height) < STUB_WIDTH * largest
        )
    ]


def without_printed_frame(components: list[Component], shape: tuple[int, int]) -> list[Component]:
    """Leave out what a form has printed around a digit that was cut out of it.

    Parameters
    ----------
    components : list of Component
    shape : tuple of int
        Height and width of the picture, which holds little more than the digit.

    Returns
    -------
    list of Component
        All of them if they are all printed: then one of them may be a digit.
    """
    return [
        component for component in components if not _is_printed(component, shape)
    ] or components


def _is_edge(component: Component, shape: tuple[int, int]) -> bool:
    """Whether it runs from border to border, with room beside it."""
    height, width = shape
    thickness = min(component.width, component.height) / component.side
    flat = component.width > component.height
    length, room = (component.width / width, height) if flat else (component.height / height, width)
    return thickness < EDGE_THICKNESS and length > EDGE_LENGTH and room > EDGE_ROOM * component.side


def _is_rule(component: Component, shape: tuple[int, int]) -> bool:
    """Whether it is flatter and longer than a stroke of a digit; not told in tiny pictures."""
    flat = component.height < RULE_THICKNESS * component.width
    return flat and component.width > RULE_LENGTH * shape[1] > 20


def _is_frame(component: Component, shape: tuple[int, int]) -> bool:
    """Whether it goes around nearly all of the picture."""
    area = component.width * component.height
    sparse = component.area < FRAME_INK * area
    return (
        _num_borders(component, shape) >= 3 and sparse and area > FRAME_AREA * shape[0] * shape[1]
    )


def _is_printed(component: Component, shape: tuple[int, int]) -> bool:
    """Whether it is a straight line along the border, or a corner of a frame."""
    borders = _num_borders(component, shape)
    straight = min(component.width, component.height) <= BORDER_LINE_WIDTH * max(shape)
    hollow = component.area < CORNER_INK * component.width * component.height
    corner = hollow and component.side > CORNER_SIDE * min(shape)
    return (borders >= 1 and straight) or (borders >= 2 and corner)


def _num_borders(component: Component, shape: tuple[int, int]) -> int:
    """How many of the picture's borders it touches."""
    return sum(touched_borders(component.box, shape))

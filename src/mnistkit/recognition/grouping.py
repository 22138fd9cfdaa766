"""Grouping: which connected components make a digit, and in which order digits are read.

All lengths are shares of the components' own or of the picture's, so that the size of a picture
does not matter. The grouping need not be right: where there is doubt there are several, and the
network's classification of each decides (`ranking`).
"""

from __future__ import annotations

import numpy as np

from mnistkit.recognition.clutter import SPECK_AREA, without_clutter, without_printed_frame
from mnistkit.recognition.components import Component

SINGLE_DIGIT_SIDE = 36
"""Pixels; a picture of this size holds a single digit, cut out by somebody."""
SMALLEST_DIGIT = 7
"""Pixels of the longer side; of a photo nobody could read less."""
PART_SIDE = 0.42
"""Of the largest component's side: what is smaller is a part of a digit, or a speck."""
MOST_PARTS = 4
"""Of one digit that is in pieces."""
WIDEST_GAP = 0.3
"""Between the pieces of one digit, as a share of its side."""
STACKED_OVERLAP = 0.5
"""Of the narrower of two components that lie one above the other, or on one line."""
STACKED_HEIGHT, STACKED_GAP = 1.9, 0.3
"""Of the taller one: two components above each other that are higher or further apart are two
digits. The stroke of a 5 and its body stay below."""
BESIDE_GAP, BESIDE_WIDTH = 0.15, 0.95
"""Two components beside each other are one digit, such as a 4, where they nearly touch (of the
taller one's height) and are narrower together than high."""
PART_SIDE_LEAST = 0.15
"""Of the digit's side; what is smaller, and has less area than `SPECK_AREA`, is a speck."""
PART_GAP = 0.2
"""Between a digit and a small part of it, as a share of the digit's side."""
WIDEST_DIGIT = 1.2
"""Times its height."""


def group_components(
    components: list[Component],
    shape: tuple[int, int],
    *,
    smallest_digit: int = SMALLEST_DIGIT,
    single_digit_side: int = SINGLE_DIGIT_SIDE,
) -> list[list[Component]]:
    """Make digits of connected components, in as many ways as there are doubts.

    Parameters
    ----------
    components : list of Component
        The largest first.
    shape : tuple of int
        Height and width of the picture.
    smallest_digit : int, default 7
        The longer side of the smallest digit, in pixels.
    single_digit_side : int, default 36
        A picture of at most this size may hold a single digit in any number of pieces.

    Returns
    -------
    list of list of Component
        The digits of each grouping in reading order, without specks and lines; the most likely
        grouping first. Empty if nothing is left.
    """
    groupings = [_single_digit(components, shape)] if max(shape) <= single_digit_side else []
    components = without_clutter(components, shape)
    if components:
        groupings += [_separate(components), _separate(components, join=False)]
        parts = groupings[-1]
        if 2 <= len(parts) <= MOST_PARTS and _are_near(parts):
            whole = _joined(parts)
            if whole.width < WIDEST_DIGIT * whole.height:
                groupings.append([whole])
    return _different(
        [[digit for digit in grouping if digit.side >= smallest_digit] for grouping in groupings]
    )


def _are_near(components: list[Component]) -> bool:
    """Whether every component has another one close by, as the parts of a digit have."""
    widest = WIDEST_GAP * _joined(components).side
    return all(
        min(_gap(one, other) for other in components if other is not one) < widest
        for one in components
    )


def _separate(components: list[Component], *, join: bool = True) -> list[Component]:
    """Every large component as a digit, or joined where it is broken; small ones as their parts."""
    tallest = max(component.side for component in components)
    digits = [component for component in components if component.side >= PART_SIDE * tallest]
    rest = [component for component in components if component.side < PART_SIDE * tallest]
    if join:
        digits = _joined_where_broken(digits)
    for part in rest:
        digits = _with_part(digits, part)
    return reading_order(digits)


def _joined(components: list[Component]) -> Component:
    whole = components[0]
    for component in components[1:]:
        whole = whole.joined(component)
    return whole


def _different(groupings: list[list[Component]]) -> list[list[Component]]:
    seen: set[frozenset[frozenset[int]]] = set()
    kept = []
    for grouping in groupings:
        key = frozenset(frozenset(digit.labels) for digit in grouping)
        if grouping and key not in seen:
            kept.append(grouping)
        seen.add(key)
    return kept


def _single_digit(components: list[Component], shape: tuple[int, int]) -> list[Component]:
    """All of a picture that is as small as one digit, but for specks and printed frames."""
    inside = without_printed_frame(components, shape)
    if not inside:
        return []
    return [_joined([part for part in inside if part.area >= SPECK_AREA * inside[0].area])]


def _gap(a: Component, b: Component) -> float:
    """The distance of two boxes."""
    across = max(a.box[0] - b.box[2], b.box[0] - a.box[2], 0)
    down = max(a.box[1] - b.box[3], b.box[1] - a.box[3], 0)
    return float(np.hypot(across, down))


def _overlap(a: Component, b: Component, axis: int) -> float:
    """How much of the shorter of two boxes lies beside the other, from 0 to 1."""
    low, high = max(a.box[axis], b.box[axis]), min(a.box[axis + 2], b.box[axis + 2])
    shorter = min(a.box[axis + 2] - a.box[axis], b.box[axis + 2] - b.box[axis])
    return max(0, high - low) / max(shorter, 1)


def _joined_where_broken(components: list[Component]) -> list[Component]:
    """Join large components that lie above each other, or within one another."""
    joined: list[Component] = []
    for component in components:
        whole = component
        for other in [other for other in joined if _is_one_digit(other, component)]:
            joined.remove(other)
            whole = other.joined(whole)
        joined.append(whole)
    return joined


def _is_one_digit(a: Component, b: Component) -> bool:
    together = a.joined(b)
    tallest = max(a.height, b.height)
    gap = _gap(a, b)
    if _overlap(a, b, 0) > STACKED_OVERLAP:
        return together.height < STACKED_HEIGHT * tallest and gap < STACKED_GAP * tallest
    # Side by side: the two strokes of a 4, or the halves of a 0.
    return gap < BESIDE_GAP * tallest and together.width < BESIDE_WIDTH * together.height


def _with_part(digits: list[Component], part: Component) -> list[Component]:
    """Join a small component to the digit that it belongs to; drop it if there is none."""
    nearest = min(range(len(digits)), key=lambda index: _gap(digits[index], part))
    digit = digits[nearest]
    near = _gap(digit, part) < PART_GAP * digit.side
    large = part.area >= SPECK_AREA * digit.area or part.side >= PART_SIDE_LEAST * digit.side
    if near and large:
        digits = list(digits)
        digits[nearest] = digit.joined(part)
    return digits


def reading_order(digits: list[Component]) -> list[Component]:
    """Sort digits: lines from top to bottom, each from left to right; a line may rise or fall."""
    lines: list[list[Component]] = []
    for digit in sorted(digits, key=lambda one: one.box[0]):
        beside = [line for line in lines if _overlap(line[-1], digit, 1) > STACKED_OVERLAP]
        if beside:
            max(beside, key=lambda line: line[-1].box[2]).append(digit)
        else:
            lines.append([digit])
    lines.sort(key=lambda line: sum(digit.box[1] + digit.box[3] for digit in line) / len(line))
    return [digit for line in lines for digit in line]

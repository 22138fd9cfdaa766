"""Connected components: which pixels of ink hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.background import Mask

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; the last two lie outside."""

MOST_COMPONENTS = 400
"""The largest ones are kept; a sheet with more of them is covered with specks."""


def longer_side(box: Box) -> int:
    """The longer side of a box, in pixels."""
    return max(box[2] - box[0], box[3] - box[1])


def touched_borders(box: Box, shape: tuple[int, int]) -> tuple[bool, bool, bool, bool]:
    """Which borders of a picture (height, width) a box reaches: left, top, right, bottom."""
    left, top, right, bottom = box
    return left == 0, top == 0, right == shape[1], bottom == shape[0]


@dataclass(frozen=True)
class Component:
    """A connected component, or several that belong together.

    Attributes
    ----------
    labels : tuple of int
        Its numbers in the label image.
    box : tuple of int
        left, top, right, bottom in pixels; the last two lie outside.
    area : int
        Pixels of ink.
    """

    labels: tuple[int, ...]
    box: Box
    area: int

    @property
    def width(self) -> int:
        """Of the box, in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Of the box, in pixels."""
        return self.box[3] - self.box[1]

    @property
    def side(self) -> int:
        """The longer side of the box."""
        return longer_side(self.box)

    def joined(self, other: Component) -> Component:
        """Both as one."""
        a, b = self.box, other.box
        box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
        return Component((*self.labels, *other.labels), box, self.area + other.area)


def find_components(
    mask: Mask, *, most: int = MOST_COMPONENTS
) -> tuple[NDArray[np.int32], list[Component]]:
    """Label the 8-connected components of a binarized picture.

    Parameters
    ----------
    mask : numpy.ndarray of bool, shape (height, width)
    most : int, default 400
        How many components to keep, the largest ones.

    Returns
    -------
    labels : numpy.ndarray of int32, shape (height, width)
        The number of the component that a pixel belongs to, from 1; 0 is paper.
    components : list of Component
        The largest first.
    """
    from scipy import ndimage

    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel())
    components = [
        Component(
            (number,), (where[1].start, where[0].start, where[1].stop, where[0].stop), int(area)
        )
        for number, (where, area) in enumerate(
            zip(ndimage.find_objects(labels), areas[1:], strict=True), start=1
        )
    ]
    components.sort(key=lambda component: -component.area)
    return labels, components[:most]

"""Homographies: 3x3 matrices that map points, x to the right and y down."""

from __future__ import annotations

import numpy as np

from mnistkit.synthesis.randomness import Array, Random


def translation(right: float, down: float) -> Array:
    """A translation."""
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1]], float)


def scaling(x: float, y: float | None = None) -> Array:
    """A scaling by `x` and `y`, or by `x` in both directions."""
    return np.diag([x, x if y is None else y, 1.0])


def rotation(degrees: float) -> Array:
    """A clockwise rotation."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def slant(tangent: float) -> Array:
    """A horizontal shear; the tangent of the angle is positive if the top leans to the right."""
    return np.array([[1, -tangent, 0], [0, 1, 0], [0, 0, 1]], float)


def perspective(x: float, y: float) -> Array:
    """A perspective: what lies along (x, y) is farther away, and smaller."""
    return np.array([[1, 0, 0], [0, 1, 0], [x, y, 1]], float)


def move(matrix: Array, points: Array) -> Array:
    """Map points (n, 2) by a homography."""
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    mapped: Array = moved[:, :2] / moved[:, 2:]
    return mapped


def writing_pose(rng: Random) -> Array:
    """The slant, proportions and rotation of a writer, at random."""
    aspect = np.exp(rng.normal(0, 0.1))
    return rotation(rng.normal(0, 3)) @ slant(rng.normal(0, 0.1)) @ scaling(aspect, 1 / aspect)

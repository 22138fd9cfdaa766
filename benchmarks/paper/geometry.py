"""Homographies: 3x3 matrices that move points."""

from __future__ import annotations

import numpy as np

from paper.randomness import Array, Random


def shift(right: float, down: float) -> Array:
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1]], float)


def scaling(x: float, y: float | None = None) -> Array:
    return np.diag([x, x if y is None else y, 1.0])


def rotation(degrees: float) -> Array:
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def slant(tangent: float) -> Array:
    return np.array([[1, -tangent, 0], [0, 1, 0], [0, 0, 1]], float)


def perspective(x: float, y: float) -> Array:
    return np.array([[1, 0, 0], [0, 1, 0], [x, y, 1]], float)


def move(matrix: Array, points: Array) -> Array:
    """`points` as `matrix` maps them, a 3x3 homography."""
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def handwriting(rng: Random, strength: float = 1.0) -> Array:
    """A slant, proportions and a turn of the writer's own."""
    aspect = np.exp(strength * rng.normal(0, 0.1))
    return (
        rotation(strength * rng.normal(0, 3))
        @ slant(strength * rng.normal(0, 0.1))
        @ scaling(aspect, 1 / aspect)
    )

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from skimage.transform import AffineTransform, warp

import mnistkit
from mnistkit import corrupt

DIGITS = mnistkit.load_dataset("digits").test.images[:30]


def warped(matrix: Any, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """What scikit-image makes of the digits; (x, y) as it has them, about the middle."""
    inverse = np.eye(3)
    inverse[:2, :2] = matrix
    inverse[:2, 2] = 13.5 - inverse[:2, :2] @ (13.5, 13.5) + shift
    floats = [warp(one / 255, AffineTransform(inverse), order=1) for one in DIGITS]
    return np.rint(255 * np.clip(np.stack(floats), 0, 1)).astype(int)


def assert_each_is_one_of(corrupted: np.ndarray, candidates: list[np.ndarray]) -> None:
    """Each image is one of the candidates, to a grey level, and all candidates occur."""
    distances = np.array([np.abs(one - corrupted).max(axis=(1, 2)) for one in candidates])
    assert distances.min(axis=0).max() <= 1
    assert set(distances.argmin(axis=0)) == set(range(len(candidates)))


@pytest.mark.parametrize("severity", [0.5, 1.0])
def test_shear_is_that_of_the_published_code(severity: float) -> None:
    angles = (-0.4 * severity, 0.4 * severity)
    assert_each_is_one_of(
        corrupt(DIGITS, "shear", severity=severity),
        [warped([[1, -math.sin(one)], [0, math.cos(one)]]) for one in angles],
    )


@pytest.mark.parametrize("severity", [0.5, 1.0, 3.0])
def test_rotation(severity: float) -> None:
    angles = (-0.4 * severity, 0.4 * severity)
    matrices = [[[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]] for a in angles]
    assert_each_is_one_of(
        corrupt(DIGITS, "rotate", severity=severity), [warped(one) for one in matrices]
    )


@pytest.mark.parametrize(("severity", "factor"), [(1.0, 1 / 0.7), (2.0, 1 / 0.49)])
def test_scale(severity: float, factor: float) -> None:
    assert_each_is_one_of(corrupt(DIGITS, "scale", severity=severity), [warped(np.eye(2) * factor)])


def test_translation_is_by_whole_pixels_into_a_corner() -> None:
    padded = np.pad(DIGITS, ((0, 0), (3, 3), (3, 3))).astype(int)
    corners = [padded[:, y : y + 28, x : x + 28] for y in (0, 6) for x in (0, 6)]
    assert_each_is_one_of(corrupt(DIGITS, "translate"), corners)
    assert_each_is_one_of(
        corrupt(DIGITS, "translate", severity=0.5),
        [warped(np.eye(2), (x, y)) for x in (-1.5, 1.5) for y in (-1.5, 1.5)],
    )

from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.filters import gaussian

import mnistkit
from mnistkit import corrupt
from mnistkit.evaluation.corruptions.blur import _swap_neighbours, smoothed

DIGITS = mnistkit.load_dataset("digits").test.images[:40]


def test_smoothing_is_scikit_images() -> None:
    floats = DIGITS.astype(np.float32) / 255
    ours = smoothed(floats, 0.7, axes=(1, 2))
    theirs = np.stack([gaussian(one, sigma=0.7, mode="nearest") for one in floats])
    assert np.abs(ours - theirs).max() < 1e-5
    as_published = np.stack([gaussian(one, sigma=0.7, channel_axis=-1) for one in floats])
    assert np.abs(smoothed(floats, 0.7, axes=(1,)) - as_published).max() < 1e-5


def test_glass_swaps_pixels_of_the_inside_with_those_nearby() -> None:
    levels = np.arange(784, dtype=np.uint16).reshape(1, 28, 28).repeat(300, axis=0)
    pairs = levels.copy()
    _swap_neighbours(pairs, 1, np.random.default_rng(0))  # type: ignore[arg-type]
    assert np.array_equal(np.sort(pairs.reshape(300, -1)), levels.reshape(300, -1))
    moved = (pairs != levels).mean(axis=0)
    assert not moved[0].any()
    assert not moved[:, 0].any()
    # A pixel stays if it was not chosen in either round, or if it was swapped with itself.
    assert 0.5 < moved[5:23, 5:23].mean() < 0.8


def test_glass_blur_keeps_the_ink() -> None:
    before, after = (
        images.astype(float).mean(axis=(1, 2)) for images in (DIGITS, corrupt(DIGITS, "glass_blur"))
    )
    assert np.abs(after / before - 1).max() < 0.05


@pytest.mark.parametrize("severity", [0.5, 1.0])
def test_motion_smears_half_a_gaussian_in_one_direction(severity: float) -> None:
    dots = np.zeros((50, 28, 28), np.uint8)
    dots[:, 14, 20] = 255
    blurred = corrupt(dots, "motion_blur", severity=severity).astype(float) / 255
    weights = np.exp(-(np.arange(21) ** 2) / (2 * (3.0 * severity) ** 2))
    weights /= weights.sum()
    assert np.abs(blurred[:, 14, 20] - weights[0]).max() < 0.003
    assert (blurred.sum(axis=(1, 2)) > 0.95).all()
    assert not blurred[:, :, 21:].any()  # it leads to the left
    rows, columns = np.mgrid[:28, :28]
    angles = []
    for one in blurred:
        down, left = (one * (rows - 14)).sum(), (one * (20 - columns)).sum()
        angles.append(math.degrees(math.atan2(down, left)))
        lengths = np.hypot(rows - 14, columns - 20)[one > 0]
        assert lengths.max() <= 10 * severity + 1
    assert max(map(abs, angles)) <= 46
    assert min(angles) < -30
    assert max(angles) > 30


def test_motion_goes_on_beyond_the_border() -> None:
    flat = np.full((10, 28, 28), 200, np.uint8)
    assert np.array_equal(corrupt(flat, "motion_blur"), flat)

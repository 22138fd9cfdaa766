from __future__ import annotations

import numpy as np
import pytest
from skimage.color import gray2rgb, hsv2rgb, rgb2gray, rgb2hsv

import mnistkit
from mnistkit import corrupt

DIGITS = mnistkit.load_dataset("digits").test.images[:20]


def test_brightness_is_added_to_the_value_of_hsv() -> None:
    hsv = rgb2hsv(gray2rgb(DIGITS / 255))
    hsv[..., 2] = np.minimum(hsv[..., 2] + 0.5, 1)
    expected = 255 * rgb2gray(hsv2rgb(hsv))
    assert np.abs(corrupt(DIGITS, "brightness") - expected).max() <= 0.51


@pytest.mark.parametrize(("severity", "width"), [(0.5, 4), (1, 7), (1.5, 10), (2, 14), (5, 14)])
def test_stripe_inverts_both_sides(severity: float, width: int) -> None:
    expected = DIGITS.copy()
    expected[:, :, :width] = 255 - DIGITS[:, :, :width]
    expected[:, :, 28 - width :] = 255 - DIGITS[:, :, 28 - width :]
    assert np.array_equal(corrupt(DIGITS, "stripe", severity=severity), expected)

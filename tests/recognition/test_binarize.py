from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.background import Contrast
from mnistkit.recognition.binarize import background_noise, binarize, foreground_strength


def contrast(values, *, uniform=False):
    return Contrast(np.asarray(values, np.float32), "dark", uniform)


def sheet(noise=1.0, side=100):
    return np.random.default_rng(0).normal(0, noise, (side, side)).astype(np.float32)


@pytest.mark.parametrize("noise", [0.5, 2.0, 10.0])
def test_noise_is_measured_beside_the_ink(noise):
    values = sheet(noise, side=200)
    values[50:150, 90:100] += 100
    assert background_noise(values) == pytest.approx(noise, rel=0.1)


def test_strength_is_not_that_of_a_speck():
    values = np.zeros((100, 100), np.float32)
    values[20:80, 48:52] = 80
    values[5, 5] = 250
    assert foreground_strength(values) == 80


def test_a_stroke_stays_whole_where_it_gets_pale_and_what_is_only_pale_disappears():
    values = np.zeros((60, 60))
    values[10:30, 20:24] = 100  # a stroke,
    values[30:50, 20:24] = 40  # its pale end,
    values[10:50, 40:44] = 40  # and a pale one
    foreground = binarize(contrast(values))
    expected = np.zeros((60, 60), bool)
    expected[10:50, 20:24] = True
    np.testing.assert_array_equal(foreground.mask, expected)
    assert foreground.strength == 100
    assert foreground.coverage[20, 22] == 1
    assert 0 < foreground.coverage[40, 22] < 0.5
    assert foreground.coverage[20, 42] == 0


def test_lower_thresholds_find_paler_ink():
    values = np.zeros((60, 60))
    values[10:50, 20:24] = 100
    values[10:50, 40:44] = 40
    assert binarize(contrast(values), low=0.2, high=0.35).mask[30, 42]
    assert not binarize(contrast(values), low=0.45, high=0.55).mask[30, 42]


def test_thresholds_rise_with_the_noise():
    values = np.zeros((60, 60))
    values[10:50, 20:24] = 100
    values[30:50, 20:24] = 40
    assert binarize(contrast(values), noise=1.0).mask[40, 22]
    assert not binarize(contrast(values), noise=20.0).mask[40, 22]


def test_on_uniform_paper_every_pixel_that_differs_is_ink():
    values = np.zeros((20, 20))
    values[5:15, 8:12] = 200
    values[5:15, 12] = 1
    foreground = binarize(contrast(values, uniform=True))
    np.testing.assert_array_equal(foreground.mask, values > 0)
    assert foreground.strength == 200
    assert foreground.noise == 0


@pytest.mark.parametrize("values", [np.zeros((40, 40)), sheet(1.0), sheet(6.0)])
def test_only_paper_has_no_foreground(values):
    assert binarize(contrast(values)) is None


def test_ink_must_be_stronger_than_the_noise():
    values = np.zeros((60, 60))
    values[10:50, 20:24] = 20
    assert binarize(contrast(values), noise=4.0) is not None
    assert binarize(contrast(values), noise=6.0) is None
    assert binarize(contrast(values), noise=6.0, least_snr=3.0) is not None
    assert binarize(contrast(values), noise=0.0, least_strength=25.0) is None

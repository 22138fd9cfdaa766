from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.background import (
    estimate_background,
    pixel_noise,
    project_on_main_axis,
    uneven_contrast,
    uniform_contrasts,
)


def with_square(paper, ink, side=40, channels=None):
    """Paper with a square of ink in its middle, a quarter of its side."""
    shape = (side, side) if channels is None else (side, side, channels)
    pixels = np.full(shape, paper, np.uint8)
    inside = slice(3 * side // 8, 5 * side // 8)
    pixels[inside, inside] = ink
    return pixels


@pytest.mark.parametrize(("paper", "ink", "polarity"), [(250, 30, "dark"), (5, 200, "light")])
def test_uniform_paper_is_subtracted_exactly(paper, ink, polarity):
    (contrast,) = uniform_contrasts(with_square(paper, ink))
    assert contrast.uniform
    assert contrast.polarity == polarity
    assert np.unique(contrast.values).tolist() == [0, abs(ink - paper)]
    assert np.count_nonzero(contrast.values) == 100


def test_ink_of_another_hue_and_the_same_lightness():
    (contrast,) = uniform_contrasts(with_square((200, 100, 100), (100, 200, 100), channels=3))
    ink = contrast.values[20, 20]
    assert ink == pytest.approx(np.hypot(100, 100) / np.sqrt(3))
    assert contrast.values[0, 0] == 0


def test_either_colour_may_be_the_paper_where_there_is_as_much_of_both():
    pixels = np.zeros((40, 40), np.uint8)
    pixels[4:36, 4:36] = 255
    pixels[10:30, 18:22] = 0
    on_black, on_white = uniform_contrasts(pixels)
    assert (on_black.polarity, on_white.polarity) == ("light", "dark")
    np.testing.assert_array_equal(on_black.values, pixels)
    np.testing.assert_array_equal(on_white.values, 255.0 - pixels)


def test_noise_is_no_uniform_paper():
    noise = np.random.default_rng(0).integers(0, 256, (50, 50)).astype(np.uint8)
    assert uniform_contrasts(noise) == []


def test_colours_on_both_sides_of_the_paper_are_no_single_ink():
    pixels = with_square(128, 255)
    pixels[2:6] = 20
    assert uniform_contrasts(pixels) == []
    assert len(uniform_contrasts(pixels, opposite_share=1.2)) == 1


def test_what_has_no_ink_has_no_contrast():
    assert uniform_contrasts(np.full((30, 30), 255, np.uint8)) == []


def test_differences_are_projected_on_the_direction_of_the_strongest():
    difference = np.zeros((4, 5, 3), np.float32)
    difference[1] = -90  # black ink
    difference[3] = (-30, -30, 0)  # pale blue
    projected = project_on_main_axis(difference)
    assert projected.shape == (4, 5)
    assert projected[1] == pytest.approx(90)
    assert projected[3] == pytest.approx(20)
    assert projected[0] == pytest.approx(0)


def test_the_closing_fills_strokes_and_keeps_shadows():
    paper = np.full((100, 100), 200, np.float32)
    paper[:, 60:] = 100
    written = paper.copy()
    written[20:80, 30:34] = 10
    estimated = estimate_background(written, 0.16)
    np.testing.assert_allclose(estimated, paper)
    assert estimate_background(written, 0.03)[50, 32] == 10  # narrower than the stroke


def test_ink_has_about_the_same_contrast_in_a_shadow():
    light = np.where(np.arange(120) < 60, 240, 120).astype(np.float64)
    reflected = np.ones((120, 120))
    reflected[30:90, 25:29] = reflected[30:90, 90:94] = 0.5
    contrast = uneven_contrast(np.rint(reflected * light).astype(np.uint8), "dark", 0.1)
    assert not contrast.uniform
    lit, shaded = contrast.values[60, 27], contrast.values[60, 92]
    assert lit / shaded == pytest.approx(2**0.5, rel=0.01)
    assert np.abs(contrast.values[:20]).max() < 1


def test_light_ink_on_dark_paper_is_as_dark_ink_on_light():
    pixels = np.full((80, 80), 200, np.uint8)
    pixels[20:60, 38:42] = 60
    dark = uneven_contrast(pixels, "dark", 0.1)
    light = uneven_contrast(255 - pixels, "light", 0.1)
    assert (dark.polarity, light.polarity) == ("dark", "light")
    np.testing.assert_array_equal(dark.values, light.values)


def test_the_noise_of_a_camera():
    rng = np.random.default_rng(0)
    noisy = np.clip(128 + rng.normal(0, 5, (300, 300, 3)), 0, 255).astype(np.uint8)
    assert pixel_noise(noisy) == pytest.approx(5, rel=0.1)
    assert pixel_noise(np.full((300, 300), 128, np.uint8)) == 0
    assert pixel_noise(np.zeros((5, 1), np.uint8)) == 0

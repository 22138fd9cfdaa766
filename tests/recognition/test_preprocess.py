from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.background import Contrast
from mnistkit.recognition.components import find_components
from mnistkit.recognition.preprocess import (
    SENSITIVE,
    digit_image,
    find_candidates,
    likely_hypotheses,
    likely_polarities,
    repeated_pixels,
    suitable_smoothing,
    unlikely_hypotheses,
)


def sheet(paper=230, ink=40, *, noise=2.0, side=200):
    """A photographed sheet with the stroke of a 1 on it."""
    pixels = np.full((side, side), float(paper))
    pixels[side // 4 : -side // 4, side // 2 - 4 : side // 2 + 4] = ink
    pixels += np.random.default_rng(0).normal(0, noise, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("border", "polarities"),
    [(230, ("dark",)), (130, ("dark",)), (120, ("dark", "light")), (80, ("light", "dark")),
     (49, ("light",)), (0, ("light",))],
)  # fmt: skip
def test_the_border_tells_the_polarity(border, polarities):
    pixels = np.full((40, 50, 3), border, np.uint8)
    pixels[10:30, 10:40] = 255 - border
    assert likely_polarities(pixels) == polarities
    assert likely_polarities(pixels[..., 0]) == polarities


def test_what_counts_as_bright_and_dark_can_be_chosen():
    pixels = np.full((40, 50), 120, np.uint8)
    assert likely_polarities(pixels, bright=120) == ("dark",)
    assert likely_polarities(pixels, dark=121) == ("light",)


def test_uniform_paper_gives_one_hypothesis():
    pixels = np.zeros((28, 40), np.uint8)
    pixels[4:24, 10:13] = 255
    (hypothesis,) = likely_hypotheses(pixels)
    assert hypothesis.contrast.uniform
    assert [candidate.box for candidate in hypothesis.candidates] == [(10, 4, 13, 24)]
    assert not hypothesis.rule_lines_removed


def test_uneven_paper_gives_hypotheses_for_pens_and_markers():
    hypotheses = likely_hypotheses(sheet())
    assert len(hypotheses) >= 2
    for hypothesis in hypotheses:
        assert hypothesis.contrast.polarity == "dark"
        (candidate,) = hypothesis.candidates
        assert candidate.box == pytest.approx((96, 50, 104, 150), abs=3)
    assert {one.contrast.polarity for one in unlikely_hypotheses(sheet())} == {"dark", "light"}


def test_rule_lines_are_removed_in_some_hypotheses():
    pixels = sheet().astype(int)
    pixels[15::30] -= 60
    pixels[16::30] -= 60
    hypotheses = likely_hypotheses(np.clip(pixels, 0, 255).astype(np.uint8))
    assert {one.rule_lines_removed for one in hypotheses} == {False, True}
    without = next(one for one in hypotheses if one.rule_lines_removed)
    assert without.candidates[0].box == pytest.approx((96, 50, 104, 150), abs=4)


def test_an_empty_sheet_has_a_hypothesis_without_candidates():
    (hypothesis, *_) = likely_hypotheses(sheet(ink=230))
    assert hypothesis.foreground is None
    assert hypothesis.candidates == ()


def test_paler_ink_is_found_where_it_is_looked_for():
    values = np.zeros((100, 100), np.float32)
    values[20:80, 20:26] = 100
    values[20:80, 70:76] = 40
    contrast = Contrast(values, "dark", uniform=False)
    (usual,), (sensitive,) = (
        find_candidates(contrast),
        find_candidates(contrast, thresholds=SENSITIVE),
    )
    assert [candidate.box[0] for candidate in usual.candidates] == [20]
    assert [candidate.box[0] for candidate in sensitive.candidates] == [20, 70]


def test_a_digit_is_framed_as_in_mnist():
    """Its box is 20 pixels and its centre of mass at pixel 14, without other components."""
    coverage = np.zeros((120, 120), np.float32)
    coverage[10:90, 30:44] = 1
    coverage[10:90, 60:74] = 1
    labels, components = find_components(coverage > 0.5)
    image = digit_image(coverage, labels, components[0])
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert np.flatnonzero(image.any(axis=1)).tolist() == list(range(5, 25))
    assert np.count_nonzero(image.any(axis=0)) <= 5
    assert image.max() == 255


@pytest.mark.parametrize("factor", [1, 2, 7])
def test_repeated_pixels_are_counted(factor):
    small = np.zeros((9, 11), np.float32)
    small[2:7, 3] = small[4, 3:8] = 1
    values = small.repeat(factor, axis=0).repeat(factor, axis=1)
    assert repeated_pixels(values)[0] == factor


def test_repeated_pixels_that_are_cut_are_told():
    small = np.zeros((9, 11), np.float32)
    small[2:7, 3] = small[4, 3:8] = 1
    values = small.repeat(5, axis=0).repeat(5, axis=1)[2:, 1:]
    factor, missing = repeated_pixels(values)
    assert factor == 5
    assert missing == (2, 1)
    assert repeated_pixels(np.zeros((5, 5), np.float32)) == (1, (0, 0))


def test_an_enlarged_picture_gives_the_same_candidates():
    pixels = np.zeros((30, 24), np.uint8)
    pixels[5:25, 10:12] = 200
    (before,) = likely_hypotheses(pixels)[0].candidates
    (after,) = likely_hypotheses(pixels.repeat(6, axis=0).repeat(6, axis=1))[0].candidates
    np.testing.assert_array_equal(after.image, before.image)
    assert after.box == tuple(6 * edge for edge in before.box)


def test_smoothing_grows_with_the_picture_and_small_ones_have_none():
    assert suitable_smoothing(sheet(side=40)) == 0
    assert suitable_smoothing(sheet(side=100, noise=0.5)) == 0
    assert suitable_smoothing(sheet(side=100, noise=6)) == 0.8
    assert suitable_smoothing(sheet(side=400)) == pytest.approx(0.9)
    assert suitable_smoothing(np.zeros((3000, 3000), np.uint8)) == 1.5

from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.rule_lines import find_rule_lines, line_slope

SIDE = 240


def paper(slope=0.0, *, squared=False, strength=30.0, noise=1.0, step=30):
    """Contrast of ruled paper whose lines fall by the slope for each pixel to the right."""
    values = np.random.default_rng(0).normal(0, noise, (SIDE, SIDE)).astype(np.float32)
    y, x = np.mgrid[:SIDE, :SIDE]
    lines = np.mod(y - slope * x, step) < 2
    if squared:
        lines |= np.mod(x + slope * y, step) < 2
    values[lines] += strength
    return values, lines


@pytest.mark.parametrize("slope", [0.0, 0.05, -0.12, 0.2])
def test_the_slope_of_ruled_paper(slope):
    values, _ = paper(slope)
    assert line_slope(values, 1.0) == pytest.approx(slope, abs=0.006)


def test_lines_that_are_tilted_too_far_have_no_slope():
    values, _ = paper(0.2)
    assert line_slope(values, 1.0, largest_tilt=5) is None


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("slope", [0.0, 0.06])
def test_lines_are_subtracted(slope, squared):
    values, lines = paper(slope, squared=squared)
    found = find_rule_lines(values)
    assert found.squared == squared
    assert values[lines].mean() > 25
    assert np.abs(found.cleaned[lines]).mean() < 4
    np.testing.assert_allclose(found.cleaned[~lines], values[~lines], atol=8)
    assert found.mask[lines].mean() > 0.9


def test_ink_on_a_line_keeps_what_it_adds():
    values, lines = paper()
    stroke = np.zeros_like(lines)
    stroke[60:180, 100:108] = True
    values[stroke] += 150
    found = find_rule_lines(values)
    assert found.cleaned[stroke].min() > 110
    assert not found.mask[stroke & ~lines].any()


def test_a_long_stroke_is_stronger_than_lines():
    values, _ = paper()
    values[112:118] += 150
    found = find_rule_lines(values)
    assert found.cleaned[113:117].mean() > 80
    assert not found.mask[113:117].any()


def test_paper_without_lines_has_none():
    values, _ = paper(strength=0.0)
    assert find_rule_lines(values) is None
    values[100:104, 20:220] += 100  # a single one may be a stroke
    assert find_rule_lines(values) is None


def test_lines_must_go_on_for_most_of_the_width():
    values, _ = paper()
    values[:, :160] = np.random.default_rng(1).normal(0, 1, (SIDE, 160))
    assert find_rule_lines(values) is None
    assert find_rule_lines(values, coverage=0.25) is not None


def test_small_pictures_have_no_lines():
    values, _ = paper(step=8)
    assert find_rule_lines(values[:47, :47]) is None

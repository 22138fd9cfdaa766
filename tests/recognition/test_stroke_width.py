from __future__ import annotations

import numpy as np
import pytest

from mnistkit.recognition.stroke_width import (
    NARROWEST,
    WIDEST,
    normalize_stroke_width,
    stroke_width,
)


def ring(radius, width):
    y, x = np.mgrid[: 2 * radius + 1, : 2 * radius + 1] - radius
    distance = np.hypot(x, y)
    return ((distance <= radius) & (distance > radius - width)).astype(np.float32)


def relative_width(coverage):
    """In MNIST's pixels."""
    return stroke_width(coverage > 0.5) * 20 / max(coverage.shape)


@pytest.mark.parametrize("width", [2, 4, 8, 16])
def test_the_width_of_a_ring_is_measured(width):
    assert stroke_width(ring(60, width) > 0.5) == pytest.approx(width, rel=0.05)


def test_without_strokes_there_is_no_width():
    empty = np.zeros((20, 20), np.float32)
    assert stroke_width(empty > 0.5) == 0
    assert normalize_stroke_width(empty) is empty


def test_usual_strokes_stay_as_they_are():
    usual = ring(50, 12)
    assert NARROWEST < relative_width(usual) < WIDEST
    assert normalize_stroke_width(usual) is usual


@pytest.mark.parametrize("width", [2, 3])
def test_thin_strokes_get_broader(width):
    redrawn = normalize_stroke_width(ring(60, width))
    assert NARROWEST <= relative_width(redrawn) < 3
    assert redrawn.min() == 0
    assert redrawn.max() == 1


def test_broad_strokes_get_thinner():
    redrawn = normalize_stroke_width(ring(60, 40))
    assert 2.5 < relative_width(redrawn) <= WIDEST


def test_what_is_usual_can_be_chosen():
    usual = ring(50, 12)
    assert relative_width(normalize_stroke_width(usual, narrowest=3.0)) > relative_width(usual)
    assert relative_width(normalize_stroke_width(usual, widest=2.0)) < relative_width(usual)


def test_a_blot_is_not_lost():
    redrawn = normalize_stroke_width(np.ones((80, 80), np.float32))
    assert relative_width(redrawn) < 20
    assert np.count_nonzero(redrawn > 0.5) > 0.25 * 80**2

from __future__ import annotations

import numpy as np

import mnistkit
from mnistkit import corrupt
from mnistkit.evaluation.corruptions.weather import _clouds, _finer

DIGITS = mnistkit.load_dataset("digits").test.images[:50]


def whole_maps(count: int, random: np.random.Generator) -> np.ndarray:
    """Plasma fractals of 256 pixels a side, as the published code makes them."""
    heights = np.zeros((count, 1, 1), np.float32)
    amplitude = 100.0**2
    while heights.shape[1] < 256:
        wobble = random.uniform(-amplitude, amplitude, (count, 3, *heights.shape[1:]))
        heights = _finer(heights, wobble.astype(np.float32))
        amplitude /= 1.4**2
    low, high = (edge(axis=(1, 2), keepdims=True) for edge in (heights.min, heights.max))
    return (heights - low) / (high - low)


def test_one_step_of_diamond_square_without_chance() -> None:
    heights = np.array([[[0.0, 4.0], [8.0, 12.0]]], np.float32)
    finer = _finer(heights, np.zeros((1, 3, 2, 2), np.float32))
    assert finer[0].tolist() == [
        [0, 4, 4, 4],
        [5, 6, 7, 6],
        [8, 8, 12, 8],
        [5, 6, 7, 6],
    ]


def test_clouds_are_like_the_corners_of_whole_maps() -> None:
    ours = _clouds(400, np.random.default_rng(0))
    theirs = whole_maps(100, np.random.default_rng(1))[:, :28, :28]
    assert -0.03 < ours.min() < ours.max() < 1.03
    assert abs(ours.mean() - theirs.mean()) < 0.05
    # As rough between neighbours, two and eight pixels apart.
    for apart in (1, 2, 8):
        rough = [float(np.abs(np.diff(one[..., ::apart])).mean()) for one in (ours, theirs)]
        assert 0.9 < rough[0] / rough[1] < 1.1


def test_fog_adds_clouds_and_takes_contrast() -> None:
    foggy = corrupt(DIGITS, "fog").astype(float)
    ink = DIGITS.max(axis=(1, 2)) / 255
    assert (foggy.max(axis=(1, 2)) <= 255 * ink + 1).all()
    blank = corrupt(np.zeros((5, 28, 28), np.uint8), "fog")
    assert not blank.any()
    for before, after in zip(DIGITS, foggy, strict=True):
        # Ink stands out by a quarter of what it did.
        assert after[before > 200].mean() - after[before == 0].mean() < 130


def test_mud_hides_and_has_one_colour() -> None:
    paper, ink = np.zeros((50, 28, 28), np.uint8), np.full((50, 28, 28), 255, np.uint8)
    on_paper, on_ink = corrupt(paper, "spatter"), corrupt(ink, "spatter")
    muddy = on_paper > 0
    assert 0.03 < muddy.mean() < 0.35
    assert on_paper[muddy].min() >= 0.8 * 63 - 1
    assert on_paper.max() <= 63
    assert np.array_equal(on_ink < 255, muddy)  # the same blots, by the same seed
    assert np.abs(on_ink[muddy].astype(int) - (255 - on_paper[muddy] / 63 * 192)).max() <= 3

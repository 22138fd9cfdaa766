from __future__ import annotations

import numpy as np

import mnistkit
from mnistkit import corrupt
from mnistkit.evaluation.corruptions.weather import _clouds, _finer

DIGITS = mnistkit.load_dataset("digits").test.images[:50]


def diamond_square(side: int, decay: float, random: np.random.Generator) -> np.ndarray:
    """The textbook's algorithm, point by point, on a map that repeats itself."""
    heights = [[0.0] * side for _ in range(side)]
    step, amplitude = side, 100.0**2
    while step >= 2:
        half = step // 2

        def mean(row: int, column: int, ways: list[tuple[int, int]], half: int = half) -> float:
            near = [heights[(row + y * half) % side][(column + x * half) % side] for y, x in ways]
            return sum(near) / 4

        for row in range(half, side, step):
            for column in range(half, side, step):
                heights[row][column] = mean(row, column, [(-1, -1), (-1, 1), (1, -1), (1, 1)])
                heights[row][column] += random.uniform(-amplitude, amplitude)
        for row in range(0, side, half):
            for column in range(half if row % step == 0 else 0, side, step):
                heights[row][column] = mean(row, column, [(-1, 0), (1, 0), (0, -1), (0, 1)])
                heights[row][column] += random.uniform(-amplitude, amplitude)
        step, amplitude = half, amplitude / decay**2
    whole = np.array(heights)
    return (whole - whole.min()) / np.ptp(whole)


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
    random = np.random.default_rng(1)
    theirs = np.stack([diamond_square(256, 1.4, random)[:28, :28] for _ in range(2)])
    assert -0.03 < ours.min() < ours.max() < 1.03
    # Roughness is much the same from map to map: neighbours, and points eight pixels apart.
    for apart in (1, 2, 8):
        rough = [float(np.abs(np.diff(one[..., ::apart])).mean()) for one in (ours, theirs)]
        assert 0.75 < rough[0] / rough[1] < 1.33


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

from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit import corrupt
from mnistkit.evaluation.corruptions.lines import _segment, _zigzagged

DIGITS = mnistkit.load_dataset("digits").test.images[:20]
PAPER = np.zeros((200, 28, 28), np.uint8)


def test_a_line_has_the_published_profile() -> None:
    line = _segment((0, 5), (27, 14))
    for column in range(27):
        middle = 5 + column / 3
        distance = np.abs(np.arange(28) - middle)
        inside = distance < 2.3
        profile = np.log(1 - distance[inside] / 2.3) + 1
        assert np.allclose(line[inside, column], np.maximum(profile, 0))
        assert not line[~inside, column].any()
    assert not line[:, 27].any()


def test_dots_are_two_columns_of_four() -> None:
    dotted = corrupt(PAPER, "dotted_line")
    has_ink = dotted.any(axis=(0, 1))
    assert has_ink.tolist() == [(column // 2) % 2 == 1 and column < 27 for column in range(28)]
    rows = np.unique(dotted.argmax(axis=1)[:, 2])
    assert rows.min() <= 2
    assert rows.max() >= 24


@pytest.mark.parametrize(("start", "rise"), [(0, -5), (13, 0), (26, 4)])
def test_a_zigzag_goes_up_and_down_along_a_straight_line(start: int, rise: int) -> None:
    ink = _zigzagged((start, rise))
    assert not ink[:, :2].any()
    assert not ink[:, 26:].any()
    if start == 13:
        weight = ink[:, 3:24] / ink[:, 3:24].sum(axis=0)
        middle = (weight * np.arange(28)[:, None]).sum(axis=0) - 13
        assert np.sign(middle[[1, 5, 9, 13, 17, 21 - 1]]).tolist() == [1, -1, 1, -1, 1, -1]


@pytest.mark.parametrize("kind", ["dotted_line", "zigzag"])
def test_lines_only_add_ink(kind: str) -> None:
    corrupted = corrupt(DIGITS, kind)
    assert (corrupted >= DIGITS).all()
    on_paper = corrupt(np.zeros_like(DIGITS), kind).astype(int)  # the same lines
    assert np.abs(np.minimum(DIGITS + on_paper, 255) - corrupted).max() <= 1
    assert len({one.tobytes() for one in on_paper}) > 10

"""Allographs: shapes of a digit that are taught elsewhere, and that MNIST's writers lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from mnistkit.synthesis.pen_path import PenPath
from mnistkit.synthesis.randomness import Array, Random

Run = list[tuple[float, float]]
"""Points that the pen passes without a corner, x to the right and y down."""
Stroke = list[Run]
"""Runs of which each begins where the one before it ended, with a corner there."""

_JITTER = 0.03
_WITH_LOOPS, _WITHOUT = 0.11, 0.2  # the widest stroke that leaves the shape as it is

SHAPES: dict[int, list[list[Stroke]]] = {
    0: [
        [[[(0.05, -0.5), (-0.26, -0.2), (-0.2, 0.36), (0.06, 0.5), (0.28, 0.1), (0.1, -0.44),
           (-0.1, -0.48)]]],
        [[[(0.1, -0.42), (-0.1, -0.5), (-0.26, 0), (0, 0.5), (0.26, 0), (0.1, -0.46),
           (-0.04, -0.3)]]],
    ],
    1: [
        [[[(-0.3, -0.1), (0, -0.5)], [(0, -0.5), (0, 0.5)]]],
        [[[(-0.24, -0.26), (0, -0.5)], [(0, -0.5), (0, 0.5)]], [[(-0.2, 0.5), (0.2, 0.5)]]],
    ],
    2: [
        [[[(-0.28, -0.32), (0, -0.5), (0.26, -0.28), (0.02, 0.1), (-0.3, 0.5)],
          [(-0.3, 0.5), (0.3, 0.5)]]],
        [[[(-0.22, -0.3), (0, -0.5), (0.22, -0.26), (0.02, 0.2), (-0.2, 0.47), (-0.28, 0.36),
           (-0.14, 0.32), (0.06, 0.48), (0.3, 0.42)]]],
        [[[(-0.12, -0.36), (0.02, -0.5), (0.14, -0.3), (0, 0.2), (-0.14, 0.48), (-0.18, 0.38),
           (-0.06, 0.36), (0.08, 0.48), (0.2, 0.42)]]],
    ],
    3: [
        [[[(-0.26, -0.5), (0.26, -0.5)], [(0.26, -0.5), (-0.04, -0.08)],
          [(-0.04, -0.08), (0.26, 0.1), (0.18, 0.42), (-0.08, 0.5), (-0.3, 0.36)]]],
        [[[(-0.22, -0.4), (0, -0.5), (0.2, -0.3), (0, -0.06), (-0.06, -0.03)],
          [(-0.06, -0.03), (0.24, 0.14), (0.1, 0.46), (-0.14, 0.5), (-0.3, 0.38)]]],
    ],
    4: [
        [[[(-0.12, -0.5), (-0.34, 0.12)], [(-0.34, 0.12), (0.34, 0.1)]],
         [[(0.12, -0.3), (0.08, 0.5)]]],
        [[[(0.02, -0.5), (-0.3, 0.16)], [(-0.3, 0.16), (0.34, 0.14)]],
         [[(0.14, -0.14), (0.08, 0.5)]]],
        [[[(-0.26, -0.5), (-0.28, -0.06), (-0.08, 0.06), (0.24, 0)]],
         [[(0.26, -0.5), (0.2, 0.5)]]],
        [[[(0.16, 0.5), (0.16, -0.5)], [(0.16, -0.5), (-0.32, 0.18)],
          [(-0.32, 0.18), (0.34, 0.18)]]],
    ],
    5: [
        [[[(-0.2, -0.46), (-0.24, -0.06)],
          [(-0.24, -0.06), (0.08, -0.16), (0.28, 0.14), (0.08, 0.47), (-0.28, 0.42)]],
         [[(-0.18, -0.48), (0.3, -0.5)]]],
        [[[(0.28, -0.48), (-0.12, -0.46), (-0.2, -0.14), (0.14, 0), (0.24, 0.28), (0, 0.5),
           (-0.26, 0.4)]]],
    ],
    6: [
        [[[(0.1, -0.5), (-0.14, -0.1), (-0.2, 0.26), (0, 0.5), (0.2, 0.28), (0.04, 0.06),
           (-0.16, 0.22)]]],
        [[[(0.24, -0.36), (0.08, -0.5), (-0.16, -0.2), (-0.2, 0.26), (0, 0.5), (0.22, 0.26),
           (0.02, 0.04), (-0.18, 0.2)]]],
    ],
    7: [
        [[[(-0.28, -0.34), (-0.28, -0.48)], [(-0.28, -0.48), (0.28, -0.48)],
          [(0.28, -0.48), (0.04, 0), (-0.06, 0.5)]], [[(-0.16, 0.04), (0.22, 0)]]],
        [[[(-0.3, -0.46), (0.28, -0.48)], [(0.28, -0.48), (0.02, 0.02), (-0.08, 0.5)]],
         [[(-0.18, 0.04), (0.2, 0)]]],
        [[[(-0.3, -0.38), (-0.24, -0.48), (0, -0.4), (0.28, -0.48)],
          [(0.28, -0.48), (0.04, 0), (-0.1, 0.5)]]],
    ],
    8: [
        [[[(0.04, -0.5), (-0.19, -0.27), (0, -0.05), (0.19, -0.27), (0, -0.5)]],
         [[(0, -0.04), (-0.24, 0.23), (0, 0.5), (0.24, 0.23), (0.03, -0.03)]]],
        [[[(0.22, -0.4), (0, -0.5), (-0.2, -0.3), (0, -0.04), (0.24, 0.26), (0, 0.5),
           (-0.24, 0.26), (0, -0.04), (0.24, -0.34)]]],
    ],
    9: [
        [[[(0.2, -0.34), (0, -0.5), (-0.22, -0.28), (-0.04, -0.06), (0.18, -0.3), (0.22, 0),
           (0.12, 0.42), (-0.1, 0.5), (-0.26, 0.34)]]],
        [[[(0.2, -0.36), (0, -0.5), (-0.22, -0.26), (-0.02, -0.04), (0.2, -0.28)],
          [(0.2, -0.4), (0.16, 0.5)]]],
        [[[(0.2, -0.36), (0, -0.5), (-0.22, -0.26), (-0.02, -0.04), (0.2, -0.3), (0.1, 0.2),
           (-0.16, 0.5)]]],
    ],
}  # fmt: skip
"""Shapes of each digit as they are taught in different countries; of each the longer side is 1."""


def allograph(pen_path: PenPath, label: int, rng: Random) -> PenPath:
    """The path in another shape: with a stroke more, or as it is taught elsewhere."""
    changes: dict[int, Callable[[list[Array], Random], list[Array]]] = {1: flag_and_foot, 7: bar}
    change = changes.get(label)
    if change and len(pen_path.strokes) == 1 and not pen_path.clogged and rng.random() < 0.5:
        strokes, widest = change(pen_path.strokes, rng), _WITHOUT
    else:
        strokes = drawn(SHAPES[label][int(rng.integers(len(SHAPES[label])))], rng)
        widest = _WITH_LOOPS if label in (0, 6, 8, 9) else _WITHOUT
    outline = np.concatenate(strokes)
    return replace(pen_path, strokes=strokes, clogged=False, outline=outline, widest=widest)


def drawn(shape: list[Stroke], rng: Random) -> list[Array]:
    """The strokes of a shape, as an unsteady hand draws them."""
    slips = rng.normal(0, _JITTER / 2, (len(shape), 2))  # the pen comes down beside its place
    return [
        np.concatenate([run_of(run, rng) for run in joined(stroke, rng)]) + slip
        for stroke, slip in zip(shape, slips, strict=True)
    ]


def joined(stroke: Stroke, rng: Random) -> list[Array]:
    """A stroke's runs, each point a little off; where two meet they are off together."""
    runs = [np.array(run) + rng.normal(0, _JITTER, (len(run), 2)) for run in stroke]
    for before, after in pairwise(runs):
        after[0] = before[-1]
    return runs


def run_of(points: Array, rng: Random) -> Array:
    """A line through points: a smooth one, or, through two of them, a slightly bent one."""
    if len(points) == 2:
        return curve(points[0], points[1], rng.normal(0, 0.02))
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    from scipy.interpolate import CubicSpline

    path: Array = CubicSpline(along, points)(np.linspace(0, along[-1], 24 * len(points)))
    return path


def flag_and_foot(strokes: list[Array], rng: Random) -> list[Array]:
    """A 1 with an upstroke, and now and then with a line to stand on."""
    stroke = strokes[0]
    if np.ptp(stroke[:, 0]) > 0.6:
        return strokes
    stroke = stroke if stroke[0, 1] < stroke[-1, 1] else stroke[::-1]
    length, angle = rng.uniform(0.22, 0.5), np.deg2rad(rng.uniform(35, 65))
    start = stroke[0] + length * np.array([-np.sin(angle), np.cos(angle)])
    result = [np.concatenate([curve(start, stroke[0], rng.normal(0, 0.03)), stroke])]
    if rng.random() < 0.5:
        half = rng.uniform(0.14, 0.28)
        tilt = np.array([half, rng.normal(0, 0.02)])
        foot = stroke[-1] + [rng.normal(0, 0.03), 0]
        result.append(curve(foot - tilt, foot + tilt, rng.normal(0, 0.015)))
    return result


def bar(strokes: list[Array], rng: Random) -> list[Array]:
    """A 7 with a bar through its stem."""
    stroke = strokes[0]
    height = rng.uniform(-0.05, 0.1)
    below = stroke[stroke[:, 1] > -0.2] if np.any(stroke[:, 1] > -0.2) else stroke
    middle = below[np.argmin(np.abs(below[:, 1] - height))]
    half = np.array([rng.uniform(0.14, 0.26), rng.normal(0, 0.03)])
    return [stroke, curve(middle - half, middle + half, rng.normal(0, 0.02))]


def curve(start: Array, end: Array, bow: float) -> Array:
    """A slightly bent line; `bow` is how far its middle lies off."""
    along = np.linspace(0, 1, 24)[:, None]
    aside = np.array([start[1] - end[1], end[0] - start[0]])
    aside = aside / max(np.hypot(*aside), 1e-6)
    points: Array = start + along * (end - start) + 4 * bow * along * (1 - along) * aside
    return points

"""How people write who did not learn it in an American school."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from paper.pen_path import Figure
from paper.randomness import Array, Random


def habit(form: Figure, label: int, rng: Random) -> Figure:
    """`form` as people write who did not learn it in an American school."""
    change = {1: flag_and_foot, 4: open_four, 7: bar}.get(label)
    single = len(form.strokes) == 1
    if change is None or form.clogged or (label != 4 and not single):
        return form
    strokes = change(form.strokes, rng)
    return replace(form, strokes=strokes, outline=np.concatenate(strokes), widest=0.2)


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


def open_four(_: list[Array], rng: Random) -> list[Array]:
    """An angular 4, open at its top."""
    top_left, corner = [-0.12, -0.5], [-0.34, 0.12]
    right, top, bottom = [0.34, 0.1], [0.12, -0.3], [0.08, 0.5]
    points = np.array([top_left, corner, right, top, bottom]) + rng.normal(0, 0.035, (5, 2))
    first = curve(points[0], points[1], rng.normal(0, 0.02))
    second = curve(points[1], points[2], rng.normal(0, 0.02))
    return [np.concatenate([first, second]), curve(points[3], points[4], rng.normal(0, 0.02))]


def curve(start: Array, end: Array, bow: float) -> Array:
    """A slightly bent line; `bow` is how far its middle lies off."""
    along = np.linspace(0, 1, 24)[:, None]
    aside = np.array([start[1] - end[1], end[0] - start[0]])
    aside = aside / max(np.hypot(*aside), 1e-6)
    return start + along * (end - start) + 4 * bow * along * (1 - along) * aside

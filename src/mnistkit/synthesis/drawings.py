"""Drawings on a screen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mnistkit.synthesis.ink import Box, draw_blob, draw_strokes, merge_into
from mnistkit.synthesis.pen_path import PenPath, resample
from mnistkit.synthesis.photos import frame, place
from mnistkit.synthesis.randomness import Array, Random, log_uniform, pick
from mnistkit.synthesis.transforms import move, scaling, translation, writing_pose


def luma(colour: Array) -> float:
    """The lightness of a colour, as ITU-R BT.601 weighs red, green and blue."""
    return float(colour @ [0.299, 0.587, 0.114])


def two_colours(rng: Random, sort: str) -> tuple[Array, Array]:
    """Ink and ground: far apart in lightness, or of the same lightness and of different hues."""
    if sort == "black":
        return np.zeros(3), np.full(3, 255.0)
    if sort == "white":
        return np.full(3, 255.0), np.zeros(3)
    while True:
        ink, ground = rng.uniform(0, 256, (2, 3))
        apart = abs(luma(ink) - luma(ground))
        colourful = np.abs((ink - luma(ink)) - (ground - luma(ground))).max()
        if (apart > 70) if sort == "coloured" else (apart < 5 and colourful > 130):
            return ink, ground


def shaky(path: Array, size: float, rng: Random) -> Array:
    """The path as a mouse records it: few points, none where it should be."""
    num = max(3, round(len(path) / rng.uniform(5, 14)))
    points = path[np.linspace(0, len(path) - 1, num).round().astype(int)]
    moved: Array = points + rng.normal(0, 0.012 * size, points.shape)
    return moved


def drawing(
    pen_path: PenPath,
    rng: Random,
    max_side: int | None,
    *,
    colours: str = "",
    alpha: str = "",
    widths: tuple[float, float] = (1, 60),
    mouse: float = 0.3,
    aliased: float = 0.35,
    square: float = 0.2,
) -> tuple[Array, Box]:
    """A drawing; `mouse`, `aliased` and `square` are how probable they are."""
    shape = frame(rng, 28, 1500, max_side)
    size = rng.uniform(0.4, 0.92) * min(shape)
    size = max(size, 20.0)
    width = np.clip(log_uniform(rng, 0.02, 0.16) * size, *widths)
    width = float(np.clip(width, 1, max(1.0, pen_path.widest * size)))
    pose = scaling(size) @ writing_pose(rng)
    points = move(pose, pen_path.outline)
    pose = scaling(min(1.0, *((np.array(shape[::-1]) - width - 2) / np.ptp(points, axis=0)))) @ pose
    points = move(pose, pen_path.outline)
    reach = width / 2 + 1
    where = pick(rng, "anywhere", "centre")
    moved = place(points.min(0) - reach, points.max(0) + reach, shape, where, rng)
    paths = [move(translation(*moved) @ pose, stroke) for stroke in pen_path.strokes]
    if rng.random() < mouse:
        paths = [shaky(path, size, rng) for path in paths]
    paths = [resample(path, max(1.0, width / 8)) for path in paths]
    is_square, is_smooth = rng.random() < square, rng.random() >= aliased
    plain = [np.full(len(path), width) for path in paths]
    ink = draw_strokes(paths, plain, shape, square=is_square, antialias=is_smooth)
    if pen_path.clogged:
        ink = draw_blob(pen_path, translation(*moved) @ pose, width, shape)
        ink = ink if is_smooth else replace(ink, coverage=np.round(ink.coverage))
    whole = np.zeros(shape, np.float32)
    merge_into(whole, ink)
    front, back = two_colours(rng, colours or pick(rng, "black", "black", "white", "coloured"))
    return screen(whole, front, back, alpha, rng), ink.box()


def screen(coverage: Array, front: Array, back: Array, alpha: str, rng: Random) -> Array:
    """The file that a drawing program writes."""
    if alpha == "ink":
        colour = np.broadcast_to(front, (*coverage.shape, 3)) * (coverage > 0)[..., None]
        return np.concatenate([colour, 255 * coverage[..., None]], axis=-1).astype(np.uint8)
    mixed = back + coverage[..., None] * (front - back)
    if alpha == "opaque":
        mixed = np.concatenate([mixed, np.full((*coverage.shape, 1), 255)], axis=-1)
    elif np.ptp(front) == 0 and np.ptp(back) == 0 and rng.random() < 0.5:
        mixed = mixed[..., 0]
    pixels: Array = mixed.astype(np.uint8)
    return pixels

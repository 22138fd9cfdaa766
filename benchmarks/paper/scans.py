"""Scans: postcodes, fields of forms, church books."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from paper.camera import photograph, uneven_light
from paper.crops import otsu, rounded_box
from paper.geometry import handwriting, move, rotation, scaling, shift
from paper.ink import Patch, Pen, lay, write
from paper.pen_path import Figure
from paper.photos import frame, pen_of
from paper.randomness import Array, Random, noise_field, pick
from paper.sheets import rulings, sheet_of


def fitted(form: Figure, shape: tuple[int, int], width: float, rng: Random, tight: bool) -> Array:
    """The matrix that fits the digit into the picture; if `tight`, it is stretched both ways."""
    pose = handwriting(rng)
    points = move(pose, form.outline)
    low, size = points.min(0), np.maximum(np.ptp(points, axis=0), 0.02)
    room = np.array(shape[::-1]) - width - (rng.uniform(0, 1, 2) if tight else 0)
    natural = float(np.min(room / size))
    if tight:
        # A 1 is widened to some degree, everything else to the full.
        stretch = rng.uniform(0.75, 1) if size[0] > 0.35 * size[1] else rng.uniform(0.15, 0.6)
        scale = natural ** (1 - stretch) * (room / size) ** stretch
    else:
        scale = np.full(2, natural * rng.uniform(0.65 if min(shape) > 80 else 0.85, 0.95))
    middle = np.array(shape[::-1]) / 2 + (0 if tight else rng.normal(0, 0.04, 2) * min(shape))
    return shift(*middle) @ scaling(*scale) @ shift(*(-low - size / 2)) @ pose


def scan(
    form: Figure, rng: Random, _: int | None, *, tight: bool, binary: bool
) -> tuple[Array, tuple[int, int, int, int]]:
    """A form or a postcode as collections keep it: 16 to 32 pixels a side."""
    side = int(pick(rng, 16, 20, 24, 28, 32))
    shape = (side, side) if rng.random() < 0.7 else (side, round(side * rng.uniform(0.7, 1)))
    factor = 4
    fine = (factor * shape[0], factor * shape[1])
    width = max(1.5, min(rng.uniform(0.07, 0.14), 0.7 * form.widest) * min(shape)) * factor
    matrix = fitted(form, fine, width, rng, tight)
    pen = replace(pen_of(pick(rng, "ball-pen", "gel", "felt"), rng), gaps=0.0, pressure=0.08)
    ink = write(form, matrix, pen, width, fine, rng)
    whole = np.zeros(fine, np.float32)
    lay_over(whole, ink)
    coverage = np.asarray(Image.fromarray(whole).resize(shape[::-1], Image.Resampling.BOX))
    if binary:
        coverage = (coverage > rng.uniform(0.3, 0.5)).astype(np.float32)
        paper, dark = 1.0, 0.0
    else:
        coverage = ndimage.gaussian_filter(coverage, rng.uniform(0, 0.5))
        coverage = coverage + rng.uniform(0, 0.03) * rng.standard_normal(shape)
        paper, dark = rng.uniform(0.75, 1), rng.uniform(0, 0.3)
    grey = paper + (dark - paper) * np.clip(coverage, 0, 1)
    grey = grey if rng.random() < 0.65 else 1 - grey
    corners = np.array(ink.box()) / factor
    return (255 * np.clip(grey, 0, 1) + 0.5).astype(np.uint8), rounded_box(corners, *shape[::-1])


def lay_over(whole: Array, patch: Patch) -> None:
    height, width = patch.coverage.shape
    part = whole[patch.top : patch.top + height, patch.left : patch.left + width]
    np.maximum(part, patch.coverage, out=part)


def form_field(form: Figure, rng: Random, _: int | None) -> tuple[Array, Any]:
    """A field of a form, 20 to 32 pixels, with parts of its printed frame."""
    side, factor = int(pick(rng, 20, 24, 28, 32)), 4
    fine = (factor * side, factor * side)
    width = max(1.3, min(rng.uniform(0.07, 0.13), form.widest) * side) * factor
    ink = write(
        form, fitted(form, fine, width, rng, tight=False), pen_of("gel", rng), width, fine, rng
    )
    picture = sheet_of("white", fine, rng)
    canvas = Image.new("L", fine)
    draw = ImageDraw.Draw(canvas)
    for edge in range(4):
        if rng.random() < 0.6:
            at = rng.uniform(0, 0.06) * fine[0]
            at = at if edge % 2 else fine[0] - 1 - at
            ends = [(0, at), (fine[0], at + rng.normal(0, 2))]
            ends = [p[::-1] for p in ends] if edge > 1 else ends
            draw.line(ends, fill=255, width=int(rng.integers(2, 6)))
    lay(picture, Patch(np.asarray(canvas, np.float32) / 255, 0, 0), (0.35,) * 3)
    lay(picture, ink, (0.15,) * 3)
    grey = np.asarray(Image.fromarray(picture[..., 0]).resize((side, side), Image.Resampling.BOX))
    pixels = (255 * np.clip(grey + rng.normal(0, 0.015, grey.shape), 0, 1)).astype(np.uint8)
    if rng.random() < 0.4:
        pixels = np.where(pixels < otsu(pixels), np.uint8(0), np.uint8(255))
    return pixels, rounded_box(np.array(ink.box()) / factor, side, side)


def church_book(form: Figure, rng: Random, max_side: int | None) -> tuple[Array, Any]:
    """Old brown paper with stains, a quill, lines of the table and bits of the neighbours."""
    shape = frame(rng, 56, 220, max_side)
    side = min(shape)
    width = min(max(rng.uniform(0.07, 0.13) * side, 3.5), form.widest * side * 0.6)
    matrix = fitted(form, shape, width, rng, tight=False)
    picture = sheet_of("brown", shape, rng)
    picture *= 1 - 0.05 * np.abs(noise_field(rng, shape, side / 2))[..., None] * [0.8, 1.0, 1.3]
    for _ in range(rng.integers(0, 4)):
        stain = np.clip(noise_field(rng, shape, side / 2.5) - 1, 0, 1)
        stain *= 1 + 0.3 * noise_field(rng, shape, side / 12)
        stain = np.clip(stain, 0, 1)
        lay(picture, Patch(stain, 0, 0), (0.7, 0.6, 0.45), rng.uniform(0.2, 0.5))
    for _ in range(rng.integers(0, 3)):
        line = rulings(
            shift(*rng.choice([-0.02, 0.04, 0.96, 1.02], 2) * shape[::-1])
            @ rotation(float(pick(rng, 0, 90)) + rng.normal(0, 2)),
            1e4, "margin", rng.uniform(1, 3), shape,
        )  # fmt: skip
        lay(picture, line, (0.45, 0.36, 0.3), rng.uniform(0.4, 0.9))
    pen = pen_of("quill", rng)
    ink = write(form, matrix, pen, width, shape, rng)
    lay(picture, ink, pen.colour, rng.uniform(0.7, 1.0))
    neighbours(picture, form, matrix, pen, width, ink.box(), rng)
    light = rng.uniform(0.75, 1.05) * uneven_light(shape, 0.1, 0.15, rng)
    pixels = photograph(
        picture * light[..., None], rng, blur=rng.uniform(0.05, 0.14) * width, motion=0,
        noise=rng.uniform(1, 5), quality=int(rng.integers(40, 90)),
    )  # fmt: skip
    return pixels, ink.box()


def neighbours(
    picture: Array, form: Figure, matrix: Array, pen: Pen, width: float,
    box: tuple[int, int, int, int], rng: Random,
) -> None:  # fmt: skip
    """Ends of what is written to the left and right, where there is room for it."""
    shape = picture.shape[:2]
    for aside in (-1, 1):
        gap = box[0] if aside < 0 else shape[1] - box[2]
        if rng.random() < 0.5 and gap > 2 * width:
            reach = rng.uniform(0.25, 0.55) * gap
            turned = shift(shape[1] / 2, shape[0] / 2) @ rotation(rng.uniform(100, 260))
            turned = turned @ shift(-shape[1] / 2, -shape[0] / 2) @ matrix
            points = move(turned, form.outline)
            edge = (
                reach - points[:, 0].max() if aside < 0 else shape[1] - reach - points[:, 0].min()
            )
            other = replace(form, clogged=False)
            bit = write(other, shift(edge, rng.normal(0, 5)) @ turned, pen, width, shape, rng)
            lay(picture, bit, pen.colour, rng.uniform(0.5, 0.9))

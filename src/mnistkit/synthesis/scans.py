"""Scans: postcodes, fields of forms, church books."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw

from mnistkit.synthesis.camera import photograph, uneven_light
from mnistkit.synthesis.crops import rounded_box
from mnistkit.synthesis.ink import Box, Patch, Pen, apply_ink, merge_into, write
from mnistkit.synthesis.pen_path import PenPath
from mnistkit.synthesis.photos import frame, pen_of
from mnistkit.synthesis.randomness import Array, Random, noise_field, pick
from mnistkit.synthesis.sheets import blank_sheet, rule_lines
from mnistkit.synthesis.transforms import move, rotation, scaling, translation, writing_pose


def fitted(
    pen_path: PenPath, shape: tuple[int, int], width: float, rng: Random, tight: bool
) -> Array:
    """The matrix that fits the digit into the picture; if `tight`, it is stretched both ways."""
    pose = writing_pose(rng)
    points = move(pose, pen_path.outline)
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
    return translation(*middle) @ scaling(*scale) @ translation(*(-low - size / 2)) @ pose


def scan(
    pen_path: PenPath, rng: Random, _: int | None, *, tight: bool, binary: bool
) -> tuple[Array, Box]:
    """A form or a postcode as collections keep it: 16 to 32 pixels a side."""
    from scipy import ndimage

    side = int(pick(rng, 16, 20, 24, 28, 32))
    shape = (side, side) if rng.random() < 0.7 else (side, round(side * rng.uniform(0.7, 1)))
    factor = 4
    fine = (factor * shape[0], factor * shape[1])
    width = max(1.5, min(rng.uniform(0.07, 0.14), 0.7 * pen_path.widest) * min(shape)) * factor
    matrix = fitted(pen_path, fine, width, rng, tight)
    pen = replace(pen_of(pick(rng, "ball-pen", "gel", "felt"), rng), gaps=0.0, pressure=0.08)
    ink = write(pen_path, matrix, pen, width, fine, rng)
    whole = np.zeros(fine, np.float32)
    merge_into(whole, ink)
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


def form_field(pen_path: PenPath, rng: Random, _: int | None) -> tuple[Array, Box]:
    """A field of a form, 20 to 32 pixels, with parts of its printed frame."""
    from skimage.filters import threshold_otsu

    side, factor = int(pick(rng, 20, 24, 28, 32)), 4
    fine = (factor * side, factor * side)
    width = max(1.3, min(rng.uniform(0.07, 0.13), pen_path.widest) * side) * factor
    matrix = fitted(pen_path, fine, width, rng, tight=False)
    ink = write(pen_path, matrix, pen_of("gel", rng), width, fine, rng)
    picture = blank_sheet("white", fine, rng)
    canvas = Image.new("L", fine)
    draw = ImageDraw.Draw(canvas)
    for edge in range(4):
        if rng.random() < 0.6:
            at = rng.uniform(0, 0.06) * fine[0]
            at = at if edge % 2 else fine[0] - 1 - at
            ends = [(0.0, at), (float(fine[0]), at + rng.normal(0, 2))]
            ends = [end[::-1] for end in ends] if edge > 1 else ends
            draw.line(ends, fill=255, width=int(rng.integers(2, 6)))
    apply_ink(picture, Patch(np.asarray(canvas, np.float32) / 255, 0, 0), (0.35,) * 3)
    apply_ink(picture, ink, (0.15,) * 3)
    grey = np.asarray(Image.fromarray(picture[..., 0]).resize((side, side), Image.Resampling.BOX))
    pixels = (255 * np.clip(grey + rng.normal(0, 0.015, grey.shape), 0, 1)).astype(np.uint8)
    if rng.random() < 0.4:
        pixels = np.where(pixels <= threshold_otsu(pixels), np.uint8(0), np.uint8(255))
    return pixels, rounded_box(np.array(ink.box()) / factor, side, side)


def church_book(pen_path: PenPath, rng: Random, max_side: int | None) -> tuple[Array, Box]:
    """Old brown paper with stains, a quill, lines of the table and bits of the neighbours."""
    shape = frame(rng, 56, 220, max_side)
    side = min(shape)
    width = min(max(rng.uniform(0.07, 0.13) * side, 3.5), pen_path.widest * side * 0.6)
    matrix = fitted(pen_path, shape, width, rng, tight=False)
    picture = blank_sheet("brown", shape, rng)
    picture *= 1 - 0.05 * np.abs(noise_field(rng, shape, side / 2))[..., None] * [0.8, 1.0, 1.3]
    for _ in range(rng.integers(0, 4)):
        stain = np.clip(noise_field(rng, shape, side / 2.5) - 1, 0, 1)
        stain *= 1 + 0.3 * noise_field(rng, shape, side / 12)
        stain = np.clip(stain, 0, 1)
        apply_ink(picture, Patch(stain, 0, 0), (0.7, 0.6, 0.45), rng.uniform(0.2, 0.5))
    for _ in range(rng.integers(0, 3)):
        line = rule_lines(
            translation(*rng.choice([-0.02, 0.04, 0.96, 1.02], 2) * shape[::-1])
            @ rotation(float(pick(rng, 0, 90)) + rng.normal(0, 2)),
            1e4, "margin", rng.uniform(1, 3), shape,
        )  # fmt: skip
        apply_ink(picture, line, (0.45, 0.36, 0.3), rng.uniform(0.4, 0.9))
    pen = pen_of("quill", rng)
    ink = write(pen_path, matrix, pen, width, shape, rng)
    apply_ink(picture, ink, pen.colour, rng.uniform(0.7, 1.0))
    neighbours(picture, pen_path, matrix, pen, width, ink.box(), rng)
    light = rng.uniform(0.75, 1.05) * uneven_light(shape, 0.1, 0.15, rng)
    pixels = photograph(
        picture * light[..., None], rng, blur=rng.uniform(0.05, 0.14) * width, motion=0,
        noise=rng.uniform(1, 5), quality=int(rng.integers(40, 90)),
    )  # fmt: skip
    return pixels, ink.box()


def neighbours(
    picture: Array, pen_path: PenPath, matrix: Array, pen: Pen, width: float,
    box: Box, rng: Random,
) -> None:  # fmt: skip
    """Ends of what is written to the left and right, where there is room for it."""
    shape = picture.shape[:2]
    for aside in (-1, 1):
        gap = box[0] if aside < 0 else shape[1] - box[2]
        if rng.random() < 0.5 and gap > 2 * width:
            reach = rng.uniform(0.25, 0.55) * gap
            turned = translation(shape[1] / 2, shape[0] / 2) @ rotation(rng.uniform(100, 260))
            turned = turned @ translation(-shape[1] / 2, -shape[0] / 2) @ matrix
            points = move(turned, pen_path.outline)
            edge = (
                reach - points[:, 0].max() if aside < 0 else shape[1] - reach - points[:, 0].min()
            )
            other = replace(pen_path, clogged=False)
            bit = write(other, translation(edge, rng.normal(0, 5)) @ turned, pen, width, shape, rng)
            apply_ink(picture, bit, pen.colour, rng.uniform(0.5, 0.9))

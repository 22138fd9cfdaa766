"""Sheets of paper, empty or ruled."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mnistkit.synthesis.ink import Patch
from mnistkit.synthesis.randomness import Array, Random, noise_field
from mnistkit.synthesis.transforms import move

# Colour, how cloudy, how grainy, how many specks in a square of 100 pixels.
PAPERS = {
    "white": ((0.97, 0.97, 0.97), 0.006, 0.006, 0.0),
    "cream": ((0.96, 0.92, 0.82), 0.012, 0.012, 0.1),
    "grey": ((0.78, 0.78, 0.77), 0.015, 0.02, 0.3),
    "recycled": ((0.80, 0.77, 0.70), 0.02, 0.035, 2.5),
    "brown": ((0.76, 0.65, 0.48), 0.03, 0.025, 0.6),
}


def blank_sheet(paper: str, shape: tuple[int, int], rng: Random) -> Array:
    """An empty sheet of paper."""
    colour, cloudy, grainy, specks = PAPERS[paper]
    side = max(shape)
    texture = 1 + cloudy * (
        noise_field(rng, shape, side / 5) + 0.6 * noise_field(rng, shape, side / 13)
    )
    texture += grainy * noise_field(rng, shape, max(1.0, side / 300))
    num = rng.poisson(specks * shape[0] * shape[1] / 1e4 * min(1.0, 300 / side) ** 2)
    if num:
        canvas = Image.new("L", shape[::-1])
        draw = ImageDraw.Draw(canvas)
        for x, y, angle, length, ink in rng.random((num, 5)).tolist():
            reach = side / 300 * (1 + 5 * length**3)
            x0, y0, turn = x * shape[1], y * shape[0], 2 * np.pi * angle
            end = (x0 + reach * np.cos(turn), y0 + reach * np.sin(turn))
            draw.line([x0, y0, *end], fill=round(40 + 90 * ink), width=max(1, side // 400))
        texture -= np.asarray(canvas.filter(ImageFilter.GaussianBlur(0.6)), np.float32) / 400
    tint = np.array(colour) * rng.normal(1, 0.007, 3)
    return texture[..., None] * tint.astype(np.float32)


def rule_lines(
    to_pixels: Array, spacing: float, directions: str, thick: float, shape: tuple[int, int]
) -> Patch:
    """Printed lines; `spacing` and `thick` in millimetres, `to_pixels` leads from there."""
    height, width = shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], float)
    page = move(np.linalg.inv(to_pixels), corners)
    (left, top), (right, bottom) = page.min(0) - spacing, page.max(0) + spacing
    lines = []
    if "h" in directions:
        rows = np.arange(np.ceil(top / spacing), bottom / spacing) * spacing
        lines += [[[left, y], [right, y]] for y in rows]
    if "v" in directions:
        columns = np.arange(np.ceil(left / spacing), right / spacing) * spacing
        lines += [[[x, top], [x, bottom]] for x in columns]
    if directions == "margin":
        lines.append([[0, top], [0, bottom]])
    factor = 3 if max(shape) < 600 else 2
    pixels = thick * np.sqrt(abs(np.linalg.det(to_pixels[:2, :2])))
    drawn = max(1, round(factor * pixels))
    canvas = Image.new("L", (factor * width, factor * height))
    draw = ImageDraw.Draw(canvas)
    for line in lines:
        ends = factor * move(to_pixels, np.array(line, float))
        # What is thinner than the thinnest line is drawn fainter.
        fill = round(255 * min(1.0, factor * pixels / drawn))
        draw.line(ends.ravel().tolist(), fill=fill, width=drawn)
    return Patch(np.asarray(canvas.reduce(factor), np.float32) / 255, 0, 0)

"""Pens, and what they leave on a page."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mnistkit.synthesis.pen_path import SCALE, PenPath, resample
from mnistkit.synthesis.randomness import Array, Random, noise_field, smooth_noise
from mnistkit.synthesis.transforms import move, translation

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; the last two are not part of it."""


@dataclass(frozen=True)
class Pen:
    """What writes.

    Attributes
    ----------
    millimetres : float
        The width of its stroke.
    colour : tuple of float
        What a full stroke lets through of red, green and blue.
    strength : float
        How much ink there is, 1 for a full stroke.
    pressure, gaps, ragged, grain, streaks : float
        How much the stroke's width and ink vary; the share of it that is nearly without ink; how
        rough its edges are; how much of the paper's tooth it shows; how uneven its ink dried.
    nib : float
        How much thinner strokes along the nib are than strokes across it.
    """

    millimetres: float
    colour: tuple[float, float, float] = (0.16, 0.16, 0.18)
    strength: float = 0.95
    pressure: float = 0.12
    gaps: float = 0.0
    ragged: float = 0.0
    grain: float = 0.0
    streaks: float = 0.0
    nib: float = 0.0


@dataclass(frozen=True)
class Patch:
    """How much of each pixel is covered with ink, between 0 and 1, in a part of a picture."""

    coverage: Array
    left: int
    top: int

    def box(self) -> Box:
        """Left, top, right, bottom of the ink."""
        inked = self.coverage > 0.35 * self.coverage.max()
        columns, rows = np.flatnonzero(inked.any(0)), np.flatnonzero(inked.any(1))
        return (
            self.left + int(columns[0]),
            self.top + int(rows[0]),
            self.left + int(columns[-1]) + 1,
            self.top + int(rows[-1]) + 1,
        )


def nib_widths(path: Array, pen: Pen, width: float, rng: Random) -> Array:
    """The stroke's width at each point."""
    from scipy import ndimage

    sigma = max(len(path) / 10, 8.0)
    widths = width * np.exp(pen.pressure * smooth_noise(rng, len(path), sigma))
    if pen.nib:
        direction = np.gradient(path, axis=0)
        angle = np.arctan2(direction[:, 1], direction[:, 0])
        across = np.abs(np.sin(angle + np.deg2rad(40)))
        widths *= 1 - pen.nib * (1 - ndimage.gaussian_filter1d(across, 2))
    return np.maximum(widths, 0.6)


def ink_flow(paths: list[Array], patch: Patch, pen: Pen, width: float, rng: Random) -> Array:
    """How much ink arrives at each place of `patch`, between 0 and 1: smooth along the strokes."""
    canvas = Image.new("L", patch.coverage.shape[::-1], 235)
    draw = ImageDraw.Draw(canvas)
    for path in paths:
        num = len(path)
        flow = 1 - pen.pressure * np.abs(smooth_noise(rng, num, max(num / 15, 5.0)))
        if pen.gaps:
            dry = np.clip(smooth_noise(rng, num, 3.0) + 4 * pen.gaps - 2.2, 0, 1)
            flow = flow * (1 - rng.uniform(0.4, 0.8) * dry)
        places = (path - [patch.left, patch.top]).tolist()
        inks = np.round(255 * np.clip(flow, 0.1, 1)).astype(int).tolist()
        for start, end, ink in zip(places, places[1:], inks, strict=False):
            draw.line([*start, *end], fill=ink, width=max(2, round(1.8 * width)))
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(0.35 * width)), np.float32) / 255


def draw_strokes(
    paths: list[Array],
    widths: list[Array],
    shape: tuple[int, int],
    *,
    square: bool = False,
    antialias: bool = True,
) -> Patch:
    """Paths in pixels of the picture drawn with a round or a square brush."""
    points, widest = np.concatenate(paths), max(float(width.max()) for width in widths)
    low = np.maximum(np.floor(points.min(0) - widest / 2 - 2), 0).astype(int)
    high = np.minimum(np.ceil(points.max(0) + widest / 2 + 2), shape[::-1]).astype(int)
    size = np.maximum(high - low, 1)
    factor = 1 if not antialias else 4 if size.max() < 300 else 2 if size.max() < 2000 else 1
    canvas = Image.new("L", tuple((factor * size).tolist()))
    draw = ImageDraw.Draw(canvas)
    for path, width in zip(paths, widths, strict=True):
        places = (factor * (path - low) - (0.5 if factor > 1 else 0)).tolist()
        radii = (0.5 * factor * width).tolist()
        for i, ((x, y), radius) in enumerate(zip(places, radii, strict=True)):
            if i and not square:
                draw.line([*places[i - 1], x, y], fill=255, width=max(1, round(2 * radius)))
            if square or radius > 1:
                shape_of = draw.rectangle if square else draw.ellipse
                reach = max(radius - 0.5, 0)
                shape_of([x - reach, y - reach, x + reach, y + reach], fill=255)
    reduced = canvas.reduce(factor) if factor > 1 else canvas
    return Patch(np.asarray(reduced, np.float32) / 255, int(low[0]), int(low[1]))


def draw_blob(pen_path: PenPath, to_pixels: Array, width: float, shape: tuple[int, int]) -> Patch:
    """The original enlarged, its strokes as wide as `width` as far as its outline allows."""
    matrix = to_pixels @ pen_path.blob_to_path
    height, wide = pen_path.blob.shape
    corners = move(matrix, np.array([[0, 0], [wide, 0], [0, height], [wide, height]], float))
    low = np.maximum(np.floor(corners.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(0)), shape[::-1]).astype(int)
    back = np.linalg.inv(translation(*-low) @ matrix)
    values = np.asarray(
        Image.fromarray(pen_path.blob).transform(
            tuple(np.maximum(high - low, 1).tolist()),
            Image.Transform.PERSPECTIVE,
            (back / back[2, 2]).ravel()[:8].tolist(),
            Image.Resampling.BICUBIC,
        )
    )
    pixel = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))  # of the blob, in pixels of the picture
    enlarged = np.sqrt(abs(np.linalg.det(np.linalg.inv(pen_path.blob_to_path))))
    original = pen_path.width * pixel * enlarged
    level = np.clip(0.5 - 0.25 * (width / original - 1), 0.35, 0.62)
    # The values rise from 0 to 1 within about one pixel of MNIST.
    coverage = np.clip((values - level) * max(1.0, 1.2 * SCALE * pixel) + 0.5, 0, 1)
    return Patch(coverage, int(low[0]), int(low[1]))


def textured(patch: Patch, pen: Pen, width: float, rng: Random) -> Patch:
    """Ragged edges, the tooth of the paper, ink that dried unevenly."""
    from scipy import ndimage

    ink = patch.coverage
    if pen.ragged and width > 2.5:
        soft = ndimage.gaussian_filter(ink, 0.15 * width)
        rough = 0.12 * pen.ragged * noise_field(rng, ink.shape, max(1.0, 0.18 * width))
        ink = np.clip((soft + rough * (soft > 0.03) - 0.5) * max(1.0, 0.5 * width) + 0.5, 0, 1)
        ink = ink * np.maximum(patch.coverage, ndimage.maximum_filter(patch.coverage, 3))
    if pen.streaks:
        ink = ink * (1 - 0.5 * pen.streaks * np.abs(noise_field(rng, ink.shape, 0.5 * width)))
    if pen.grain:
        tooth = noise_field(rng, ink.shape, max(1.0, width / 7))
        ink = ink * np.clip(1 - pen.grain * (0.35 + 0.5 * tooth), 0.15, 1)
    return replace(patch, coverage=np.clip(ink, 0, 1).astype(np.float32))


def write(
    pen_path: PenPath,
    to_pixels: Array,
    pen: Pen,
    width: float,
    shape: tuple[int, int],
    rng: Random,
    *,
    blob: bool = False,
) -> Patch:
    """The digit in ink; `width` in pixels of the picture."""
    if blob or pen_path.clogged:
        pen = replace(pen, grain=0.5 * pen.grain, ragged=0.5 * pen.ragged)
        patch = draw_blob(pen_path, to_pixels, width, shape)
    else:
        step = max(1.0, width / 5)
        paths = [resample(move(to_pixels, stroke), step) for stroke in pen_path.strokes]
        widths = [nib_widths(path, pen, width, rng) for path in paths]
        patch = draw_strokes(paths, widths, shape)
        flow = ink_flow(paths, patch, pen, width, rng)
        patch = replace(patch, coverage=patch.coverage * flow)
    return textured(patch, pen, width, rng)


def apply_ink(
    picture: Array, patch: Patch, colour: tuple[float, ...], strength: float = 1.0
) -> None:
    """Put ink onto the picture: what it does not let through is taken away, in place."""
    height, width = patch.coverage.shape
    part = picture[patch.top : patch.top + height, patch.left : patch.left + width]
    for channel, passes in enumerate(colour):
        part[..., channel] *= 1 - strength * (1 - passes) * patch.coverage


def merge_into(coverage: Array, patch: Patch) -> None:
    """Add a patch to the coverage of a whole picture, in place."""
    height, width = patch.coverage.shape
    part = coverage[patch.top : patch.top + height, patch.left : patch.left + width]
    np.maximum(part, patch.coverage, out=part)

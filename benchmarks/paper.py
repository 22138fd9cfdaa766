"""Hard pictures of single handwritten digits with known truth: photos, crops, scans, drawings.

Each picture starts from a digit of MNIST, is reduced to the path of the pen, and is written again:
with another pen, on another ground, in another light. The same digit, kind and seed give the same
picture. ``python benchmarks/paper.py sheet.png`` shows what there is, and
``python benchmarks/paper.py sheet.png --folder pictures`` writes the pictures as files as well.

The values of pictures are worked on as they are shown, between 0 and 1, not as linear light. For
shadows and inks, which are products, it makes no difference: a power of a product is a product.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

Array = NDArray[Any]
Random = np.random.Generator


@dataclass(frozen=True)
class Specimen:
    """A picture of one digit.

    Attributes
    ----------
    pixels : array of uint8
        ``(h, w)``, ``(h, w, 3)`` or ``(h, w, 4)``.
    kind : str
        What is difficult about it, one of `KINDS`.
    box : tuple of int
        Left, top, right, bottom of the digit's ink; the last two are not part of it.
    """

    pixels: NDArray[np.uint8]
    kind: str
    box: tuple[int, int, int, int]


# Random numbers ###################################################################################


def log_uniform(rng: Random, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def pick(rng: Random, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def smooth_noise(rng: Random, num: int, sigma: float) -> Array:
    """A random function of one variable with mean 0 and standard deviation 1."""
    margin = int(np.ceil(4 * sigma))
    values = ndimage.gaussian_filter1d(rng.standard_normal(num + 2 * margin), sigma)
    return values[margin : margin + num] * np.sqrt(2 * sigma * np.sqrt(np.pi))


def noise_field(rng: Random, shape: tuple[int, int], scale: float) -> Array:
    """Random values with standard deviation 1 whose spots have a size of about `scale` pixels."""
    if scale <= 1:
        return rng.standard_normal(shape, np.float32)
    coarse = [max(2, round(side / scale) + 1) for side in shape]
    values = Image.fromarray(rng.standard_normal(coarse, np.float32))
    # Interpolation averages; about a third of the deviation goes with it.
    return 1.5 * np.asarray(values.resize(shape[::-1], Image.Resampling.BICUBIC))


# The path of the pen ##############################################################################

SCALE = 5  # the factor by which digits are enlarged before they are thinned
NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


@dataclass(frozen=True)
class Figure:
    """A digit as its writer moved the pen: the longer side is 1, the centre is (0, 0).

    Attributes
    ----------
    strokes : list of array
        Paths of the pen as ``(n, 2)`` x and y.
    width : float
        Of the strokes in the original.
    widest : float
        Strokes that are wider than this would fill the loops.
    blob : array of float
        The original, enlarged, between 0 and 1; the outline is at 0.5.
    blob_to_figure : array
        The 3x3 matrix that leads from the pixels of `blob` to the coordinates of the strokes.
    clogged : bool
        Whether loops are filled with ink, so that the strokes lack them.
    outline : array
        Points of which the ink does not reach far beyond: of the strokes, or of what is clogged.
    """

    strokes: list[Array]
    width: float
    widest: float
    blob: Array
    blob_to_figure: Array
    clogged: bool
    outline: Array


def deletable() -> Array:
    """Which neighbourhoods let Guo and Hall's thinning delete a pixel; one row per half-step."""
    p2, p3, p4, p5, p6, p7, p8, p9 = ((np.arange(256) >> bit & 1).astype(bool) for bit in range(8))
    crossings = (
        (~p2 & (p3 | p4)).astype(int) + (~p4 & (p5 | p6)) + (~p6 & (p7 | p8)) + (~p8 & (p9 | p2))
    )
    pairs = (p9 | p2).astype(int) + (p3 | p4) + (p5 | p6) + (p7 | p8)
    others = (p2 | p3).astype(int) + (p4 | p5) + (p6 | p7) + (p8 | p9)
    count = np.minimum(pairs, others)
    border = (crossings == 1) & (count >= 2) & (count <= 3)
    return np.stack([border & ~((p6 | p7 | ~p9) & p8), border & ~((p2 | p3 | ~p5) & p4)])


DELETABLE = deletable()


def thin(mask: Array) -> Array:
    """The centre line of `mask`, whose border is empty."""
    flat = mask.astype(np.uint8).ravel()
    offsets = [row * mask.shape[1] + column for row, column in NEIGHBOURS]
    where = np.flatnonzero(flat)
    while True:
        num = len(where)
        for table in DELETABLE:
            code = np.zeros(len(where), np.uint8)
            for bit, offset in enumerate(offsets):
                code |= flat[where + offset] << bit
            gone = table[code]
            flat[where[gone]] = 0
            where = where[~gone]
        if len(where) == num:
            return flat.reshape(mask.shape).astype(bool)


def link(skeleton: Array) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Each pixel's neighbours; across a corner only where no third pixel joins the two."""
    pixels = set(map(tuple, np.argwhere(skeleton).tolist()))
    links = {}
    for row, column in pixels:
        links[row, column] = [
            (row + down, column + right)
            for down, right in NEIGHBOURS
            if (row + down, column + right) in pixels
            and not (
                down
                and right
                and ((row + down, column) in pixels or (row, column + right) in pixels)
            )
        ]
    return links


def trace(links: dict[tuple[int, int], list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
    """Paths between ends and junctions; closed ones begin and end in the same pixel."""
    nodes = [pixel for pixel, near in links.items() if len(near) != 2]
    paths, used = [], set()
    for start in [*nodes, *links]:  # what the nodes do not reach are loops of their own
        if len(links[start]) == 2 and start in used:
            continue
        for following in links[start]:
            if (start, following) in used:
                continue
            path = [start, following]
            while len(links[path[-1]]) == 2 and path[-1] != start:
                near = links[path[-1]]
                path.append(near[1] if near[0] == path[-2] else near[0])
            used.update(path)
            used.update(pairwise(path))
            used.update(pairwise(path[::-1]))
            paths.append(path)
            if len(links[start]) == 2:
                break
    return paths


def prune(skeleton: Array, shortest: float) -> list[list[tuple[int, int]]]:
    """Paths without the spurs that thinning leaves at corners, one from each junction at a time."""
    for _ in range(3):
        links = link(skeleton)
        paths = trace(links)
        spurs: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for path in sorted(paths, key=len, reverse=True):
            ends = sorted((path[0], path[-1]), key=lambda pixel: len(links[pixel]))
            if len(links[ends[0]]) == 1 and len(links[ends[1]]) > 2 and len(path) < shortest:
                spurs[ends[1]] = path
        if not spurs:
            break
        for junction, path in spurs.items():
            for pixel in path:
                skeleton[pixel] = pixel == junction
    return paths


def smooth(path: Array, sigma: float, closed: bool) -> Array:
    """The path without the steps of its pixels; the ends stay where they are, if it has any."""
    num = min(len(path) - 1, round(3 * sigma))
    if num < 1:
        return path
    before, after = 2 * path[0] - path[num:0:-1], 2 * path[-1] - path[-2 : -num - 2 : -1]
    if closed:
        before, after = path[-num - 1 : -1], path[1 : num + 1]
    longer = np.concatenate([before, path, after])
    return ndimage.gaussian_filter1d(longer, sigma, axis=0)[num:-num]


def join_junctions(paths: list[list[tuple[int, int]]], radius: float) -> list[Array]:
    """Paths that meet in points: where strokes cross, thinning leaves two junctions with a bridge.

    Near junctions the centre line is bent towards them; what is nearer than `radius` is replaced
    by a straight line.
    """
    ends = [end for path in paths for end in (path[0], path[-1])]
    moved = {end: np.array(end, float) for end in ends}
    kept = []
    for path in paths:
        bridge = ends.count(path[0]) > 2 and ends.count(path[-1]) > 2 and path[0] != path[-1]
        if bridge and len(path) < 2.2 * radius:
            middle = (moved[path[0]] + moved[path[-1]]) / 2
            moved[path[0]] = moved[path[-1]] = middle
        else:
            kept.append(path)
    strokes = []
    for path in kept:
        cut = min(round(0.7 * radius), len(path) // 3)
        first, last = (cut if ends.count(end) > 2 else 0 for end in (path[0], path[-1]))
        inner = np.array(path, float)[max(first, 1) : len(path) - max(last, 1)]
        whole = np.concatenate([moved[path[0]][None], inner, moved[path[-1]][None]])
        loop = path[0] == path[-1] and ends.count(path[0]) == 2
        strokes.append(smooth(resample(whole, 1.0), 0.45 * radius, closed=loop))
    return strokes


def resample(path: Array, step: float) -> Array:
    """Points along the path at equal distances of about `step`."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    num = max(2, int(np.ceil(along[-1] / step)) + 1)
    positions = np.linspace(0, along[-1], num)
    return np.stack([np.interp(positions, along, values) for values in path.T], axis=1)


def inked(blob: Array) -> Array:
    """Where ink is: pale gaps closed, loops that are filled with paler ink opened, no specks."""
    masks = [blob > level for level in (0.42, 0.25, 0.78)]
    for mask in masks:
        mask[[0, -1]] = mask[:, [0, -1]] = False
    parts = [ndimage.label(mask)[1] for mask in masks]
    holes = [ndimage.label(~mask)[1] for mask in masks]
    chosen = masks[0]
    if parts[1] < parts[0] and holes[1] >= holes[0]:
        chosen = masks[1]
    elif parts[2] <= parts[0] and holes[2] > holes[0]:
        chosen = masks[2]
    labels, _ = ndimage.label(chosen, np.ones((3, 3)))
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return (areas > 0.04 * areas.sum())[labels]


def figure(digit: Array) -> Figure:
    """The path of the pen in an image of MNIST."""
    side = SCALE * len(digit)
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    blob = np.pad(np.asarray(large.filter(ImageFilter.GaussianBlur(1.5)), np.float32) / 255, 2)
    mask = inked(blob)
    skeleton = thin(mask)
    depths = ndimage.distance_transform_edt(mask)[skeleton]
    half_width, usual, deepest = np.percentile(depths, [50, 30, 99])
    strokes = join_junctions(prune(skeleton, 1.3 * half_width + 2), half_width)
    strokes = [stroke[:, ::-1] for stroke in strokes if len(stroke) > 1]
    holes, num = ndimage.label(~skeleton)
    areas = np.bincount(holes.ravel())[2:] if num > 1 else np.array([1e9])
    # Strokes are of about the same width; what is much wider hides a loop.
    clogged = deepest > (1.55 if num == 1 else 2.1) * usual + 1
    points = np.concatenate(strokes)
    if clogged:
        points = np.argwhere(mask & ~ndimage.binary_erosion(mask))[:, ::-1]
    low, high = points.min(0), points.max(0)
    length = max(*(high - low), 1.0)
    centre = (low + high) / 2
    room = np.sqrt(areas[areas > 12].min(initial=1e9) / np.pi)
    return Figure(
        strokes=[(stroke - centre) / length for stroke in strokes],
        width=float(2 * half_width / length),
        widest=float(np.clip(1.1 * room / length, 0.06, 0.19)),
        blob=blob,
        blob_to_figure=scaling(1 / length) @ shift(*-centre),
        clogged=bool(clogged),
        outline=(points - centre) / length,
    )


# Geometry #########################################################################################


def shift(right: float, down: float) -> Array:
    return np.array([[1, 0, right], [0, 1, down], [0, 0, 1]], float)


def scaling(x: float, y: float | None = None) -> Array:
    return np.diag([x, x if y is None else y, 1.0])


def rotation(degrees: float) -> Array:
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def slant(tangent: float) -> Array:
    return np.array([[1, -tangent, 0], [0, 1, 0], [0, 0, 1]], float)


def perspective(x: float, y: float) -> Array:
    return np.array([[1, 0, 0], [0, 1, 0], [x, y, 1]], float)


def move(matrix: Array, points: Array) -> Array:
    """`points` as `matrix` maps them, a 3x3 homography."""
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def handwriting(rng: Random, strength: float = 1.0) -> Array:
    """A slant, proportions and a turn of the writer's own."""
    aspect = np.exp(strength * rng.normal(0, 0.1))
    return (
        rotation(strength * rng.normal(0, 3))
        @ slant(strength * rng.normal(0, 0.1))
        @ scaling(aspect, 1 / aspect)
    )


# Habits ###########################################################################################


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


# Strokes and ink ##################################################################################


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

    def box(self) -> tuple[int, int, int, int]:
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


def draw_blob(form: Figure, to_pixels: Array, width: float, shape: tuple[int, int]) -> Patch:
    """The original enlarged, its strokes as wide as `width` as far as its outline allows."""
    matrix = to_pixels @ form.blob_to_figure
    height, wide = form.blob.shape
    corners = move(matrix, np.array([[0, 0], [wide, 0], [0, height], [wide, height]], float))
    low = np.maximum(np.floor(corners.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(0)), shape[::-1]).astype(int)
    back = np.linalg.inv(shift(*-low) @ matrix)
    values = np.asarray(
        Image.fromarray(form.blob).transform(
            tuple(np.maximum(high - low, 1).tolist()),
            Image.Transform.PERSPECTIVE,
            (back / back[2, 2]).ravel()[:8].tolist(),
            Image.Resampling.BICUBIC,
        )
    )
    pixel = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))  # of the blob, in pixels of the picture
    original = form.width * pixel * np.sqrt(abs(np.linalg.det(np.linalg.inv(form.blob_to_figure))))
    level = np.clip(0.5 - 0.25 * (width / original - 1), 0.35, 0.62)
    # The values rise from 0 to 1 within about one pixel of MNIST.
    coverage = np.clip((values - level) * max(1.0, 1.2 * SCALE * pixel) + 0.5, 0, 1)
    return Patch(coverage, int(low[0]), int(low[1]))


def textured(patch: Patch, pen: Pen, width: float, rng: Random) -> Patch:
    """Ragged edges, the tooth of the paper, ink that dried unevenly."""
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
    form: Figure,
    to_pixels: Array,
    pen: Pen,
    width: float,
    shape: tuple[int, int],
    rng: Random,
    *,
    blob: bool = False,
) -> Patch:
    """The digit in ink; `width` in pixels of the picture."""
    if blob or form.clogged:
        pen = replace(pen, grain=0.5 * pen.grain, ragged=0.5 * pen.ragged)
        patch = draw_blob(form, to_pixels, width, shape)
    else:
        step = max(1.0, width / 5)
        paths = [resample(move(to_pixels, stroke), step) for stroke in form.strokes]
        widths = [nib_widths(path, pen, width, rng) for path in paths]
        patch = draw_strokes(paths, widths, shape)
        flow = ink_flow(paths, patch, pen, width, rng)
        patch = replace(patch, coverage=patch.coverage * flow)
    return textured(patch, pen, width, rng)


def lay(picture: Array, patch: Patch, colour: tuple[float, ...], strength: float = 1.0) -> None:
    """Put ink onto the picture: what it does not let through is taken away, in place."""
    height, width = patch.coverage.shape
    part = picture[patch.top : patch.top + height, patch.left : patch.left + width]
    for channel, passes in enumerate(colour):
        part[..., channel] *= 1 - strength * (1 - passes) * patch.coverage


# Paper ############################################################################################

# Colour, how cloudy, how grainy, how many specks in a square of 100 pixels.
PAPERS = {
    "white": ((0.97, 0.97, 0.97), 0.006, 0.006, 0.0),
    "cream": ((0.96, 0.92, 0.82), 0.012, 0.012, 0.1),
    "grey": ((0.78, 0.78, 0.77), 0.015, 0.02, 0.3),
    "recycled": ((0.80, 0.77, 0.70), 0.02, 0.035, 2.5),
    "brown": ((0.76, 0.65, 0.48), 0.03, 0.025, 0.6),
}


def sheet_of(paper: str, shape: tuple[int, int], rng: Random) -> Array:
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


def rulings(
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


# Light and camera #################################################################################


def shade(shape: tuple[int, int], depth: float, soft: float, rng: Random) -> Array:
    """The shadow of a phone or a hand that comes in from a side; `depth` is what it takes away."""
    side = 256 if soft > 0.02 else 512
    canvas = Image.new("L", (side, side))
    draw = ImageDraw.Draw(canvas)
    turn = rotation(rng.uniform(0, 360))
    centre = shift(side / 2 + rng.normal(0, side / 10), side / 2 + rng.normal(0, side / 10))
    if rng.random() < 0.55:  # the edge of a phone or of a body
        edge = rng.uniform(0.3, 1.5)
        corners = np.array([[-edge, 0], [edge, rng.normal(0, 0.1)], [edge, 2], [-edge, 2]])
        draw.polygon([tuple(p) for p in move(centre @ turn, side * corners).tolist()], fill=255)
    else:  # a hand
        soft, width = max(soft, 0.02), rng.uniform(0.12, 0.25)
        num = int(rng.integers(2, 5))
        for finger in range(num):
            aside = 1.15 * width * (finger - (num - 1) / 2)
            tip = rng.uniform(-0.3, 0.2) + 0.6 * abs(aside)
            bones = side * np.linspace([aside, tip], [0.7 * aside, 0.8], 40)
            for x, y in move(centre @ turn, bones).tolist():
                reach = width / 2 * side
                draw.ellipse([x - reach, y - reach, x + reach, y + reach], fill=255)
        (x, y), reach = move(centre @ turn, side * np.array([[0, 1.0]]))[0], 0.42 * side
        draw.ellipse([x - reach, y - reach, x + reach, y + reach], fill=255)
    blurred = canvas.filter(ImageFilter.GaussianBlur(soft * side))
    large = blurred.resize(shape[::-1], Image.Resampling.BILINEAR)
    return 1 - depth / 255 * np.asarray(large, np.float32)


def uneven_light(shape: tuple[int, int], gradient: float, vignette: float, rng: Random) -> Array:
    """Light from one side, and the darker corners of a lens."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None]
    angle = rng.uniform(0, 2 * np.pi)
    slope = gradient * (np.cos(angle) * x + np.sin(angle) * y)
    return (1 + slope) * (1 - vignette * (x * x + y * y) / 2)


def photograph(
    picture: Array, rng: Random, *, blur: float, motion: float, noise: float, quality: int | None
) -> Array:
    """What a camera makes of `picture`: a blur in pixels, noise in grey levels, JPEG."""
    image = Image.fromarray((255 * np.clip(picture, 0, 1) + 0.5).astype(np.uint8))
    if blur > 0.2:
        image = image.filter(ImageFilter.GaussianBlur(float(blur)))
    pixels = np.asarray(image)
    if motion >= 2:
        pixels = ndimage.uniform_filter1d(pixels, round(motion), axis=int(rng.integers(2)))
    if noise:
        shape = pixels.shape[:2]
        # Cameras smooth their noise: part of it is in spots, and the colour more than the light.
        grain = noise_field(rng, shape, 1) + 0.7 * noise_field(rng, shape, 2.5)
        tints = [0.5 * noise_field(rng, shape, 4) for _ in range(2)]
        noisy = pixels + noise * np.stack([grain + tints[0], grain, grain + tints[1]], axis=-1)
        pixels = np.clip(noisy + 0.5, 0, 255).astype(np.uint8)
    return pixels if quality is None else as_jpeg(pixels, quality)


def as_jpeg(pixels: Array, quality: int) -> Array:
    """`pixels` after they were a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


# Photos of paper ##################################################################################

INKS = {
    "black": (0.15, 0.15, 0.17),
    "blue": (0.14, 0.22, 0.60),
    "navy": (0.12, 0.15, 0.34),
    "red": (0.75, 0.14, 0.18),
    "green": (0.10, 0.48, 0.28),
    "violet": (0.42, 0.18, 0.60),
    "lead": (0.42, 0.42, 0.44),
    "iron-gall": (0.24, 0.17, 0.13),
}


def pen_of(sort: str, rng: Random, ink: str | None = None) -> Pen:
    """A pen of its sort, no two alike."""
    colour = INKS[ink or pick(rng, "black", "black", "blue", "blue", "navy")]
    if sort == "ball-pen":
        gaps = rng.uniform(0, 0.25) if rng.random() < 0.4 else 0
        pen = Pen(rng.uniform(0.4, 0.8), strength=rng.uniform(0.75, 0.95), gaps=gaps, streaks=0.15)
    elif sort == "gel":
        pen = Pen(rng.uniform(0.35, 0.8), pressure=0.05)
    elif sort == "felt":
        pen = Pen(rng.uniform(0.9, 2.2), pressure=0.08, ragged=rng.uniform(0, 0.5), streaks=0.1)
    elif sort == "marker":
        ragged, streaks = rng.uniform(0, 0.7), rng.uniform(0.05, 0.35)
        pen = Pen(rng.uniform(3, 6), pressure=0.05, ragged=ragged, streaks=streaks)
    elif sort == "pencil":
        colour = INKS["lead"]
        strength, grain = rng.uniform(0.5, 1.0), rng.uniform(0.2, 0.5)
        pen = Pen(rng.uniform(0.4, 0.7), strength=strength, pressure=0.2, ragged=0.5, grain=grain)
    else:
        nib = rng.uniform(0.25, 0.6)
        colour = INKS["iron-gall"]
        pen = Pen(rng.uniform(0.8, 1.4), pressure=0.2, ragged=0.6, streaks=0.2, nib=nib)
    hue = 0.0 if sort == "pencil" else 0.12
    tint = rng.uniform(0.85, 1.15) * rng.uniform(1 - hue, 1 + hue, 3)
    return replace(pen, colour=tuple((np.array(colour) * tint).tolist()))


@dataclass(frozen=True)
class Scene:
    """What stands before the camera, and the camera.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the picture.
    pen : Pen
    fill : float
        The digit's longer side as a share of the picture's shorter one.
    millimetres : float
        The digit's longer side on the paper.
    paper, lines, place : str
        One of `PAPERS`; "", "ruled" or "squared"; "anywhere", "centre" or "border".
    turn, tilt : float
        Degrees; how strong the perspective is.
    exposure, gradient, vignette, shadow, soft : float
        How bright white paper is; the light and the shadow, as in `uneven_light` and `shade`.
    blur, defocus, motion : float
        In pixels; as a share of the stroke's width; in pixels.
    noise : float
        Standard deviation in grey levels.
    quality : int, optional
        Of the JPEG file.
    """

    shape: tuple[int, int]
    pen: Pen
    fill: float
    millimetres: float
    paper: str = "white"
    lines: str = ""
    place: str = "anywhere"
    turn: float = 0.0
    tilt: float = 0.0
    exposure: float = 0.9
    gradient: float = 0.0
    vignette: float = 0.0
    shadow: float = 0.0
    soft: float = 0.0
    blur: float = 0.5
    defocus: float = 0.0
    motion: float = 0.0
    noise: float = 2.0
    quality: int | None = 85


def frame(rng: Random, low: float, high: float, max_side: int | None) -> tuple[int, int]:
    """Height and width of a picture, portrait or landscape, its longer side within the limits."""
    side = log_uniform(rng, low, high)
    if max_side and side > max_side:
        side = max_side * rng.uniform(0.6, 1)
    ratio = pick(rng, 3 / 4, 9 / 16, 1.0, rng.uniform(0.6, 1))
    sides = (max(28, round(side)), max(28, round(side * ratio)))
    return sides if rng.random() < 0.6 else sides[::-1]


def digit_size(sort: str, rng: Random) -> float:
    """How many millimetres high one writes with a pen of its sort."""
    return log_uniform(rng, *{"felt": (12, 40), "marker": (30, 90)}.get(sort, (5, 16)))


def usual_scene(rng: Random, max_side: int | None) -> Scene:
    """A photo that does not ask for much."""
    sort = pick(rng, "ball-pen", "ball-pen", "gel", "felt", "felt", "pencil")
    return Scene(
        shape=frame(rng, 100, 4000 if rng.random() < 0.03 else 1500, max_side),
        pen=pen_of(sort, rng),
        fill=rng.uniform(0.25, 0.75),
        millimetres=digit_size(sort, rng),
        turn=rng.normal(0, 3),
        tilt=abs(rng.normal(0, 0.04)),
        exposure=rng.uniform(0.65, 1.0),
        gradient=rng.uniform(0, 0.12),
        vignette=rng.uniform(0, 0.12),
        blur=rng.uniform(0.3, 0.9),
        noise=rng.uniform(0.5, 4),
        quality=int(rng.integers(70, 96)),
    )


def written_with(sort: str, rng: Random, ink: str | None = None, **changes: Any) -> dict[str, Any]:
    return {"pen": pen_of(sort, rng, ink), "millimetres": digit_size(sort, rng), **changes}


def shadowed(rng: Random, **changes: Any) -> dict[str, Any]:
    soft = log_uniform(rng, 0.003, 0.08)
    return {"shadow": rng.uniform(0.25, 0.6), "soft": soft, "exposure": 0.95, **changes}


def squared(rng: Random, **changes: Any) -> dict[str, Any]:
    """Digits that span one to four squares of 5 mm."""
    millimetres = rng.uniform(5, 20)
    sort = pick(rng, "ball-pen", "gel", "pencil", *["felt"] * (millimetres > 10))
    pen = pen_of(sort, rng)
    return {"lines": "squared", "pen": pen, "millimetres": millimetres, **changes}


def ruled(rng: Random, **changes: Any) -> dict[str, Any]:
    paper = pick(rng, "white", "white", "cream")
    return {"lines": "ruled", "paper": paper, "millimetres": rng.uniform(5, 18), **changes}


def tinted_paper(rng: Random) -> str:
    return pick(rng, "cream", "grey", "recycled")


def faint(pen: Pen, strength: float) -> Pen:
    return replace(pen, strength=strength)


def thin_pen(rng: Random) -> dict[str, Any]:
    """A ball-pen's line down to 2 pixels in a picture of 2,000."""
    pen = replace(pen_of("ball-pen", rng), millimetres=0.4, strength=rng.uniform(0.4, 0.85))
    return {"pen": pen, "millimetres": log_uniform(rng, 8, 40), "fill": rng.uniform(0.15, 0.6)}


def anything(rng: Random) -> dict[str, Any]:
    """Several difficulties at once."""
    changes: dict[str, Any] = {}
    for name in rng.permutation([*PHOTOS])[: rng.integers(2, 5)].tolist():
        if name != "anything":
            changes |= PHOTOS[name](rng)
    return changes


# What makes the usual scene hard.
PHOTOS: dict[str, Callable[[Random], dict[str, Any]]] = {
    "white": lambda rng: {"fill": rng.uniform(0.2, 0.8)},
    "tinted-paper": lambda rng: {"paper": tinted_paper(rng)},
    "recycled": lambda _: {"paper": "recycled"},
    "ruled": ruled,
    "squared": squared,
    "squared-shadow": lambda rng: squared(rng, **shadowed(rng, defocus=rng.uniform(0.1, 0.5))),
    "ruled-shadow": lambda rng: ruled(rng, **shadowed(rng, defocus=rng.uniform(0, 0.4))),
    "shadow": lambda rng: shadowed(rng, paper=pick(rng, "white", "white", "cream", "grey")),
    "uneven-light": lambda rng: {
        "gradient": rng.uniform(0.2, 0.45),
        "vignette": rng.uniform(0.1, 0.5),
        "exposure": rng.uniform(0.5, 0.95),
    },
    "pencil": lambda rng: written_with("pencil", rng),
    "faint-pencil": lambda rng: {
        "pen": faint(pen_of("pencil", rng), rng.uniform(0.25, 0.45)),
        "millimetres": digit_size("pencil", rng),
        "noise": rng.uniform(0.5, 2.5),
    },
    "thin-ball-pen": thin_pen,
    "marker": lambda rng: written_with(
        "marker", rng, pick(rng, "black", "black", "blue", "red", "green", "violet")
    ),
    "coloured-ink": lambda rng: written_with(
        pick(rng, "ball-pen", "gel", "felt"), rng, pick(rng, "blue", "red", "green", "violet")
    ),
    "low-contrast": lambda rng: {
        "pen": faint(pen_of("felt", rng), rng.uniform(0.12, 0.3)),
        "millimetres": digit_size("felt", rng),
        "paper": pick(rng, "white", "cream", "grey"),
        "exposure": rng.uniform(0.5, 0.95),
        "noise": rng.uniform(0.5, 2),
    },
    "blurred": lambda rng: {
        "defocus": rng.uniform(0.4, 0.9),
        "motion": rng.uniform(0, 4) if rng.random() < 0.3 else 0,
    },
    "dark-noisy": lambda rng: {"exposure": rng.uniform(0.25, 0.5), "noise": rng.uniform(4, 12)},
    "jpeg": lambda rng: {"quality": int(rng.integers(15, 61)), "noise": rng.uniform(1, 7)},
    "small": lambda rng: {"fill": log_uniform(rng, 0.06, 0.2)},
    "filling": lambda rng: {"fill": rng.uniform(0.85, 1.25), "place": "centre"},
    "border": lambda rng: {"fill": rng.uniform(0.3, 0.8), "place": "border"},
    "tilted": lambda rng: {"turn": rng.uniform(-12, 12), "tilt": rng.uniform(0.1, 0.3)},
    "anything": anything,
}


def place(low: Array, high: Array, shape: tuple[int, int], where: str, rng: Random) -> Array:
    """How far ink between the corners `low` and `high` is moved right and down."""
    room = np.array(shape[::-1]) - (high - low)
    share = 0.5 + rng.normal(0, 0.05, 2) if where == "centre" else rng.uniform(0.03, 0.97, 2)
    if where == "border":
        share[rng.integers(2)] = rng.integers(2)
    return np.clip(share, 0, 1) * room - low


def photo(form: Figure, scene: Scene, rng: Random) -> tuple[Array, tuple[int, int, int, int]]:
    """The picture, and the box of the ink."""
    shape, short = scene.shape, min(scene.shape)
    size = max(scene.fill * short, 22.0)
    relative = min(max(scene.pen.millimetres / scene.millimetres, 1.2 / size), form.widest)
    blob = rng.random() < 0.15 and relative > 0.6 * form.width
    relative = max(relative, form.width) if blob else relative
    direction = rng.uniform(0, 2 * np.pi)
    lens = scene.tilt / max(shape) * np.array([np.cos(direction), np.sin(direction)])
    camera = perspective(*lens) @ rotation(scene.turn)
    pose = handwriting(rng)
    points = move(camera @ scaling(size) @ pose, form.outline)
    reach = relative * size / 2 + 1
    extent = np.ptp(points, axis=0) + 2 * reach
    size *= min(1.0, float(np.min(0.99 * np.array(shape[::-1]) / extent)))
    width = relative * size
    points = move(camera @ scaling(size) @ pose, form.outline)
    reach = width / 2 if scene.place == "border" else width / 2 + 1
    moved = place(points.min(0) - reach, points.max(0) + reach, shape, scene.place, rng)
    camera = shift(*moved) @ camera

    # What is out of focus, or hardly wider than a pixel, needs ink to be seen.
    least = 0.15 + 0.5 * scene.defocus + 0.25 * (width < 2.5) + 0.2 * (scene.exposure < 0.5)
    least += 0.2 * (scene.shadow > 0) + 0.15 * bool(scene.lines)
    pen = replace(scene.pen, strength=max(scene.pen.strength, least))
    picture = sheet_of(scene.paper, shape, rng)
    print_lines(picture, scene, camera @ scaling(size / scene.millimetres), rng)
    patch = write(form, camera @ scaling(size) @ pose, pen, width, shape, rng, blob=blob)
    lay(picture, patch, pen.colour, pen.strength)
    light = scene.exposure * uneven_light(shape, scene.gradient, scene.vignette, rng)
    if scene.shadow:
        light = light * shade(shape, scene.shadow, scene.soft, rng)
    warm = rng.uniform(-0.05, 0.12) + (0.15 if rng.random() < 0.15 else 0)
    lamp = np.array([1, 1 - 0.35 * warm + rng.normal(0, 0.008), 1 - warm], np.float32)
    picture *= light[..., None] * lamp
    contrast = scene.exposure * pen.strength * (1 - np.mean(pen.colour)) * (1 - 0.5 * pen.grain)
    pixels = photograph(
        picture,
        rng,
        blur=min(scene.blur, 0.5 * width) + min(scene.defocus * width, 0.045 * size),
        motion=min(scene.motion, width),
        # More would hide thin strokes from people, too.
        noise=min(scene.noise, 255 * contrast * min(0.04 * width, 0.15)),
        quality=scene.quality,
    )
    return pixels, patch.box()


def print_lines(picture: Array, scene: Scene, page: Array, rng: Random) -> None:
    """Ruled or squared paper; `page` leads from millimetres around the digit to pixels."""
    if not scene.lines:
        return
    shape = picture.shape[:2]
    colour = pick(rng, (0.45, 0.62, 0.85), (0.55, 0.68, 0.8), (0.6, 0.6, 0.63), (0.66, 0.55, 0.75))
    strength, thick = rng.uniform(0.35, 0.95), rng.uniform(0.15, 0.4)
    skew = rotation(rng.normal(0, 2))
    if scene.lines == "squared":
        spacing, directions = pick(rng, 5.0, 5.0, 5.0, 4.0), "hv"
        start = shift(*rng.uniform(0, spacing, 2))
    else:
        spacing, directions = rng.uniform(6.5, 10), "h"
        down = scene.millimetres / 2 if rng.random() < 0.65 else rng.uniform(0, spacing)
        start = shift(0, down + rng.normal(0, 0.5))
    lay(picture, rulings(page @ skew @ start, spacing, directions, thick, shape), colour, strength)
    if rng.random() < 0.25:
        aside = pick(rng, -1, 1) * scene.millimetres * rng.uniform(0.4, 2)
        margin = rulings(page @ skew @ shift(aside, 0), 5, "margin", 1.2 * thick, shape)
        lay(picture, margin, (0.9, 0.4, 0.42), strength)


def paper_photo(kind: str, form: Figure, rng: Random, max_side: int | None) -> tuple[Array, Any]:
    scene = usual_scene(rng, max_side)
    pixels, box = photo(form, replace(scene, **PHOTOS[kind](rng)), rng)
    if rng.random() < 0.1:  # a file in shades of grey
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    return pixels, box


# Crops of photos ##################################################################################


def crop(form: Figure, rng: Random, **changes: Any) -> tuple[Array, tuple[int, int, int, int]]:
    """A square of 28 or 32 pixels, grey, cut out of a photo."""
    sort = pick(rng, "ball-pen", "gel", "felt", "felt", "marker", "pencil")
    side = int(rng.integers(110, 220))
    # Crops are legible when the stroke is at least as wide as a pixel of theirs.
    pen = replace(pen_of(sort, rng), millimetres=rng.uniform(0.05, 0.16))
    scene = replace(
        usual_scene(rng, None),
        shape=(side, side),
        fill=0.62,
        place="centre",
        pen=pen,
        millimetres=1.0,
        **changes,
    )
    pixels, box = photo(form, scene, rng)
    left, top, right, bottom = box
    half = 0.5 * max(right - left, bottom - top) * rng.uniform(1.05, 1.5)
    x, y = (left + right) / 2 + rng.normal(0, 3), (top + bottom) / 2 + rng.normal(0, 3)
    area = np.clip([x - half, y - half, x + half, y + half], 0, side)
    small = int(pick(rng, 28, 32))
    grey = Image.fromarray(pixels).convert("L")
    method = pick(rng, Image.Resampling.BICUBIC, Image.Resampling.BOX, Image.Resampling.BILINEAR)
    cut = np.asarray(grey.resize((small, small), method, box=tuple(area.tolist())))
    scale = small / np.array([area[2] - area[0], area[3] - area[1]] * 2)
    corners = (np.array(box) - area[[0, 1, 0, 1]]) * scale
    return cut, rounded_box(corners, small, small)


def rounded_box(corners: Array, width: int, height: int) -> tuple[int, int, int, int]:
    low = np.clip(np.floor(corners[:2] + 0.3), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners[2:] - 0.3), low + 1, [width, height])
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def shading(rng: Random) -> dict[str, Any]:
    changes = {"gradient": rng.uniform(0.05, 0.35), "vignette": rng.uniform(0, 0.4)}
    paper = pick(rng, "white", "white", "cream", "grey", "recycled")
    return (shadowed(rng) if rng.random() < 0.4 else {}) | changes | {"paper": paper}


def dark_crop(form: Figure, rng: Random, _: int | None) -> tuple[Array, Any]:
    return crop(form, rng, **shading(rng))


def light_crop(form: Figure, rng: Random, _: int | None) -> tuple[Array, Any]:
    """White on dark: inverted, stretched, the paper left as grey noise."""
    cut, box = crop(form, rng, gradient=rng.uniform(0, 0.2), noise=rng.uniform(1, 6))
    inverse = 255 - cut.astype(np.float32)
    floor, ceiling = np.percentile(inverse, [rng.uniform(1, 30), 99])
    stretched = (inverse - floor) / max(ceiling - floor, 8) * rng.uniform(180, 255)
    noisy = stretched + rng.uniform(0, 12) * rng.standard_normal(cut.shape)
    return np.clip(noisy + rng.uniform(0, 40), 0, 255).astype(np.uint8), box


def binary_crop(form: Figure, rng: Random, _: int | None) -> tuple[Array, Any]:
    cut, box = crop(form, rng, gradient=rng.uniform(0, 0.12), noise=rng.uniform(0.5, 6))
    level = otsu(cut) if rng.random() < 0.7 else (float(cut.mean()) + float(cut.min())) / 2
    dark = cut < level
    return np.where(dark == (rng.random() < 0.5), np.uint8(255), np.uint8(0)), box


def otsu(grey: Array) -> float:
    """The grey level that parts the values into two groups as tight as possible."""
    counts = np.bincount(grey.ravel(), minlength=256).astype(float)
    below = np.cumsum(counts)
    sums = np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(np.nanargmax(between)) + 0.5


# Scans ############################################################################################


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


# Drawings on a screen #############################################################################


def luma(colour: Array) -> float:
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
    return points + rng.normal(0, 0.012 * size, points.shape)


def drawing(
    form: Figure,
    rng: Random,
    max_side: int | None,
    *,
    colours: str = "",
    alpha: str = "",
    widths: tuple[float, float] = (1, 60),
    mouse: float = 0.3,
    aliased: float = 0.35,
    square: float = 0.2,
) -> tuple[Array, tuple[int, int, int, int]]:
    """A drawing; `mouse`, `aliased` and `square` are how probable they are."""
    shape = frame(rng, 28, 1500, max_side)
    size = rng.uniform(0.4, 0.92) * min(shape)
    size = max(size, 20.0)
    width = np.clip(log_uniform(rng, 0.02, 0.16) * size, *widths)
    width = float(np.clip(width, 1, max(1.0, form.widest * size)))
    pose = scaling(size) @ handwriting(rng)
    points = move(pose, form.outline)
    pose = scaling(min(1.0, *((np.array(shape[::-1]) - width - 2) / np.ptp(points, axis=0)))) @ pose
    points = move(pose, form.outline)
    reach = width / 2 + 1
    where = pick(rng, "anywhere", "centre")
    moved = place(points.min(0) - reach, points.max(0) + reach, shape, where, rng)
    paths = [move(shift(*moved) @ pose, stroke) for stroke in form.strokes]
    if rng.random() < mouse:
        paths = [shaky(path, size, rng) for path in paths]
    paths = [resample(path, max(1.0, width / 8)) for path in paths]
    is_square, is_smooth = rng.random() < square, rng.random() >= aliased
    plain = [np.full(len(path), width) for path in paths]
    ink = draw_strokes(paths, plain, shape, square=is_square, antialias=is_smooth)
    if form.clogged:
        ink = draw_blob(form, shift(*moved) @ pose, width, shape)
        ink = ink if is_smooth else replace(ink, coverage=np.round(ink.coverage))
    whole = np.zeros(shape, np.float32)
    lay_over(whole, ink)
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
    return mixed.astype(np.uint8)


# Kinds ############################################################################################

Maker = Callable[[Figure, Random, int | None], tuple[Array, tuple[int, int, int, int]]]

MAKERS: dict[str, Maker] = {
    **{kind: partial(paper_photo, kind) for kind in PHOTOS},
    "crop": dark_crop,
    "crop-light-on-dark": light_crop,
    "crop-binary": binary_crop,
    "scan-tight": partial(scan, tight=True, binary=False),
    "scan-tight-binary": partial(scan, tight=True, binary=True),
    "scan-margin": partial(scan, tight=False, binary=False),
    "scan-margin-binary": partial(scan, tight=False, binary=True),
    "form": form_field,
    "church-book": church_book,
    "black-on-white": partial(drawing, colours="black"),
    "white-on-black": partial(drawing, colours="white"),
    "coloured": partial(drawing, colours="coloured"),
    "same-lightness": partial(drawing, colours="same-lightness", widths=(2, 60)),
    "transparent": partial(drawing, alpha="ink"),
    "opaque-alpha": partial(drawing, alpha="opaque"),
    "one-pixel": partial(drawing, widths=(1, 1)),
    "thick-brush": partial(drawing, widths=(10, 60)),
    "mouse": partial(drawing, mouse=1.0),
    "aliased": partial(drawing, aliased=1.0),
    "square-brush": partial(drawing, square=1.0),
}

PAPER = tuple(PHOTOS)
CROPS = tuple(kind for kind in MAKERS if kind.startswith("crop"))
SCANS = (
    "scan-tight",
    "scan-tight-binary",
    "scan-margin",
    "scan-margin-binary",
    "form",
    "church-book",
)
DRAWINGS = tuple(kind for kind in MAKERS if kind not in {*PAPER, *CROPS, *SCANS})


def specimen(
    digit: NDArray[np.uint8],
    kind: str,
    rng: Random,
    *,
    label: int | None = None,
    max_side: int | None = None,
) -> Specimen:
    """A picture of `digit`, ink 255 on 0.

    Parameters
    ----------
    label : int, optional
        With it, a third of the specimens get a habit that the writers of MNIST lack.
    max_side : int, optional
        No picture is larger.
    """
    form = figure(digit)
    if label is not None and rng.random() < 1 / 3:
        form = habit(form, label, rng)
    pixels, box = MAKERS[kind](form, rng, max_side)
    return Specimen(np.ascontiguousarray(pixels), kind, box)


def maker(kind: str) -> Callable[[Array, Random], Specimen]:
    return lambda digit, rng: specimen(digit, kind, rng)


KINDS: dict[str, Callable[[Array, Random], Specimen]] = {kind: maker(kind) for kind in MAKERS}


# Files ############################################################################################


def cell(item: Specimen, label: int, side: int = 160, *, boxed: bool = False) -> Image.Image:
    """A specimen on a contact sheet; what is transparent shows a chequered ground."""
    image = Image.fromarray(item.pixels)
    if boxed:
        image = image.convert("RGB")
        left, top, right, bottom = item.box
        ImageDraw.Draw(image).rectangle([left, top, right - 1, bottom - 1], outline=(255, 0, 0))
    scale = (side - 4) / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    method = Image.Resampling.NEAREST if scale > 1.5 else Image.Resampling.BOX
    tile = Image.new("RGB", (side, side), (90, 120, 90))
    resized = image.resize(size, method)
    corner = ((side - size[0]) // 2, (side - size[1]) // 2)
    tile.paste((225, 225, 225), (*corner, corner[0] + size[0], corner[1] + size[1]))
    tile.paste(resized, corner, resized if resized.mode == "RGBA" else None)
    ImageDraw.Draw(tile).text((2, 1), str(label), fill=(255, 255, 0))
    return tile


def main() -> None:
    import mnistkit

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("sheet", type=Path, help="where the contact sheet goes, a PNG file")
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], default=[*KINDS])
    parser.add_argument("--count", type=int, default=10, help="specimens of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-side", type=int, help="of the pictures, in pixels")
    parser.add_argument("--boxes", action="store_true", help="show the box of the ink")
    parser.add_argument("--folder", type=Path, help="where single pictures go as files")
    options = parser.parse_args()

    split = mnistkit.load_dataset("mnist").train
    sheet = Image.new("RGB", (160 * options.count, 160 * len(options.kinds)))
    seconds = 0.0
    for row, kind in enumerate(options.kinds):
        # A kind's pictures do not depend on which others are drawn.
        rng = np.random.default_rng([options.seed, [*KINDS].index(kind)])
        for column in range(options.count):
            i = int(rng.integers(len(split.images)))
            label, start = int(split.labels[i]), time.perf_counter()
            item = specimen(split.images[i], kind, rng, label=label, max_side=options.max_side)
            seconds += time.perf_counter() - start
            sheet.paste(cell(item, label, boxed=options.boxes), (160 * column, 160 * row))
            if options.folder:
                save(item, options.folder / kind / f"{column}-{label}", rng)
    sheet.save(options.sheet)
    num = options.count * len(options.kinds)
    print(f"{num} specimens, {num / seconds:.0f} a second")


def save(item: Specimen, path: Path, rng: Random) -> None:
    """Photos now and then as JPEG, all else as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if item.kind in PAPER and item.pixels.ndim == 3 and rng.random() < 0.5:
        Image.fromarray(item.pixels).save(path.with_suffix(".jpg"), quality=92)
    else:
        Image.fromarray(item.pixels).save(path.with_suffix(".png"))


if __name__ == "__main__":
    main()

"""From a picture of a digit to the path of the pen that wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageFilter

from mnistkit.errors import ImageError
from mnistkit.packages import require
from mnistkit.synthesis.randomness import Array
from mnistkit.synthesis.transforms import scaling, translation

Pixel = tuple[int, int]
"""Row and column."""

SCALE = 5
"""By how much digits are enlarged before they are thinned."""
_NO_STROKE = (
    "The image of the digit has no stroke to draw again; expected light ink on black paper, as in "
    "MNIST's pictures."
)
_NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


@dataclass(frozen=True)
class PenPath:
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
    blob_to_path : array
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
    blob_to_path: Array
    clogged: bool
    outline: Array


def thin(mask: Array) -> Array:
    """The centre line of a mask, one pixel wide.

    By the algorithm of Z. Guo and R. W. Hall, "Parallel thinning with two-subiteration algorithms",
    Communications of the ACM 32(3), 1989.

    Raises
    ------
    MissingPackageError
        If scikit-image is not installed.
    """
    require("skimage", to="write digits on paper")
    from scipy import ndimage
    from skimage.morphology import thin as thinned

    skeleton: Array = np.zeros(mask.shape, bool)
    for ink in ndimage.find_objects(mask.astype(np.uint8)):  # without the paper around, for speed
        # Turned by half, as what the weights "handwriting" were trained on was made.
        skeleton[ink] = thinned(mask[ink][::-1, ::-1])[::-1, ::-1]
    return skeleton


def link(skeleton: Array) -> dict[Pixel, list[Pixel]]:
    """Each pixel's neighbours; across a corner only where no third pixel joins the two."""
    pixels = {(row, column) for row, column in np.argwhere(skeleton).tolist()}
    links = {}
    for row, column in pixels:
        links[row, column] = [
            (row + down, column + right)
            for down, right in _NEIGHBOURS
            if (row + down, column + right) in pixels
            and not (
                down
                and right
                and ((row + down, column) in pixels or (row, column + right) in pixels)
            )
        ]
    return links


def follow(links: dict[Pixel, list[Pixel]]) -> list[list[Pixel]]:
    """Paths between ends and junctions; closed ones begin and end in the same pixel."""
    nodes = [pixel for pixel, near in links.items() if len(near) != 2]
    paths: list[list[Pixel]] = []
    used: set[Pixel | tuple[Pixel, Pixel]] = set()  # pixels, and steps from one to the next
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


def prune(skeleton: Array, shortest: float) -> list[list[Pixel]]:
    """Paths without the spurs that thinning leaves at corners, one from each junction at a time."""
    for _ in range(3):
        links = link(skeleton)
        paths = follow(links)
        spurs: dict[Pixel, list[Pixel]] = {}
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
    from scipy import ndimage

    num = min(len(path) - 1, round(3 * sigma))
    if num < 1:
        return path
    before, after = 2 * path[0] - path[num:0:-1], 2 * path[-1] - path[-2 : -num - 2 : -1]
    if closed:
        before, after = path[-num - 1 : -1], path[1 : num + 1]
    longer = np.concatenate([before, path, after])
    smoothed: Array = ndimage.gaussian_filter1d(longer, sigma, axis=0)[num:-num]
    return smoothed


def join_junctions(paths: list[list[Pixel]], radius: float) -> list[Array]:
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
    from scipy import ndimage

    masks = [blob > level for level in (0.42, 0.25, 0.78)]
    for one in masks:
        one[[0, -1]] = one[:, [0, -1]] = False
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
    mask: Array = (areas > 0.04 * areas.sum())[labels]
    return mask


def trace(digit: Array) -> PenPath:
    """The path of the pen in an image of MNIST.

    Parameters
    ----------
    digit : numpy.ndarray of uint8, shape (28, 28)
        Ink 255 on paper 0.

    Raises
    ------
    ImageError
        If there is no stroke in it.
    MissingPackageError
        If scikit-image is not installed.
    """
    from scipy import ndimage

    side = SCALE * len(digit)
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    blob = np.pad(np.asarray(large.filter(ImageFilter.GaussianBlur(1.5)), np.float32) / 255, 2)
    mask = inked(blob)
    skeleton = thin(mask)
    if np.count_nonzero(skeleton) < 2:
        raise ImageError(_NO_STROKE)
    depths = ndimage.distance_transform_edt(mask)[skeleton]
    half_width, usual, deepest = np.percentile(depths, [50, 30, 99])
    strokes = join_junctions(prune(skeleton, 1.3 * half_width + 2), half_width)
    strokes = [stroke[:, ::-1] for stroke in strokes if len(stroke) > 1]
    holes, num = ndimage.label(~skeleton)
    areas = np.bincount(holes.ravel())[2:] if num > 1 else np.array([1e9])
    # Strokes are of about the same width; what is much wider hides a loop.
    clogged = deepest > (1.55 if num == 1 else 2.1) * usual + 1
    if not strokes:
        raise ImageError(_NO_STROKE)
    points = np.concatenate(strokes)
    if clogged:
        points = np.argwhere(mask & ~ndimage.binary_erosion(mask))[:, ::-1]
    low, high = points.min(0), points.max(0)
    length = max(*(high - low), 1.0)
    centre = (low + high) / 2
    room = np.sqrt(areas[areas > 12].min(initial=1e9) / np.pi)
    return PenPath(
        strokes=[(stroke - centre) / length for stroke in strokes],
        width=float(2 * half_width / length),
        widest=float(np.clip(1.1 * room / length, 0.06, 0.19)),
        blob=blob,
        blob_to_path=scaling(1 / length) @ translation(*-centre),
        clogged=bool(clogged),
        outline=(points - centre) / length,
    )

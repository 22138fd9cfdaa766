"""Background removal: by how much each pixel differs from the paper around it.

Paper that is one colour exactly (drawings, MNIST's own images) is subtracted as it is. Any other
paper is estimated by a grey-scale morphological closing, the black-hat transform of image
processing, and divided out, since a shadow takes the same share of the light from paper and ink.

References
----------
J. Serra: Image Analysis and Mathematical Morphology. Academic Press, 1982. (closing, black-hat)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Polarity = Literal["dark", "light"]
"""Whether ink is darker or lighter than its paper."""
POLARITIES: tuple[Polarity, ...] = ("light", "dark")

UNIFORM_SHARE = 0.3
"""Share of the pixels that have exactly the paper's colour where the paper is uniform."""
OPPOSITE_SHARE = 0.35
"""How far colours may differ to the other side of the paper, as a share of the ink's contrast.

More than the overshoot of a sharpened edge; a grey frame around white paper exceeds it."""
AMBIGUOUS_SHARE = 0.25
"""Share of the pixels with full contrast from which on these may be the paper, not the ink."""
FULL_CONTRAST = 0.95
"""What counts as full contrast, as a share of the strongest."""
FAINT_CONTRAST = 0.3
"""What counts as faint, as a share of the strongest: soft edges, or noise and shadows."""
FAINT_ALONE_SHARE = 0.002
"""Share of the pixels that may be faint and connected to nothing strong on uniform paper."""
DARKEST_BACKGROUND = 16.0
"""Grey levels; darker paper is divided by as if it were this light, or noise would be ink."""
STROKE_PIXELS = 16
"""To how many pixels the widest stroke is reduced before the closing, which gets slow with size."""
SAMPLE_PIXELS = 40_000
"""How many pixels stand for all in what is only statistics."""


@dataclass(frozen=True)
class Contrast:
    """A picture as its contrast with the paper.

    Attributes
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        In grey levels: 0 is paper, positive is ink.
    polarity : {"dark", "light"}
        Whether ink is taken to be darker or lighter than paper.
    uniform : bool
        Whether the paper has one colour exactly, as in a drawing: whatever differs from it is ink.
    """

    values: Floats
    polarity: Polarity
    uniform: bool


def uniform_contrasts(
    pixels: NDArray[np.uint8],
    *,
    uniform_share: float = UNIFORM_SHARE,
    opposite_share: float = OPPOSITE_SHARE,
    ambiguous_share: float = AMBIGUOUS_SHARE,
) -> list[Contrast]:
    """Subtract paper that is one colour exactly.

    No pixel of a drawing, or of MNIST's own images, is lost to a threshold in this way.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)
    uniform_share : float, default 0.3
        Share of the pixels that must have exactly the commonest colour.
    opposite_share : float, default 0.35
        How far colours may differ from the paper's to the side where the ink is not, as a share
        of the ink's contrast. Beyond that there is no single ink.
    ambiguous_share : float, default 0.25
        Share of the pixels with full contrast from which on either colour may be the paper.

    Returns
    -------
    list of Contrast
        None if the paper is not uniform. Two where either colour may be the paper; the first one
        takes what is along the border as paper.
    """
    paper = _commonest_colour(pixels, uniform_share)
    if paper is None:
        return []
    difference = pixels.astype(np.float32) - paper
    values = project_on_main_axis(difference)
    darker = _is_darker(difference, values)
    strongest = float(values.max())
    if strongest < 1 or float(-values.min()) > opposite_share * strongest:
        return []
    values = np.maximum(values, 0)
    polarities: tuple[Polarity, Polarity] = ("dark", "light") if darker else ("light", "dark")
    contrasts = [Contrast(values, polarities[0], uniform=True)]
    full = values >= FULL_CONTRAST * strongest
    if np.count_nonzero(full) > ambiguous_share * full.size:
        contrasts.append(Contrast(strongest - values, polarities[1], uniform=True))
        border = np.concatenate([full[0], full[-1], full[:, 0], full[:, -1]])
        if border.mean() > 0.5:
            contrasts.reverse()
    return [
        contrast for contrast in contrasts if _faint_belongs_to_strong(contrast.values, strongest)
    ]


def _commonest_colour(pixels: NDArray[np.uint8], uniform_share: float) -> Floats | None:
    flat = pixels.reshape(-1, 3) if pixels.ndim == 3 else pixels.reshape(-1, 1)
    codes = flat.astype(np.int64) @ (256 ** np.arange(flat.shape[1]))
    if len(codes) > 4096:  # a sample tells, and most pictures are no drawings
        # Spread by the golden ratio: equal steps could fall into a few columns again and again.
        spread = (np.arange(2048) * 0.6180339887498949) % 1
        sample = codes[(spread * len(codes)).astype(np.intp)]
        values, counts = np.unique(sample, return_counts=True)
        if counts.max() < 0.6 * uniform_share * len(sample):
            return None
    else:
        values, counts = np.unique(codes, return_counts=True)
    commonest = values[counts.argmax()]
    if np.count_nonzero(codes == commonest) < uniform_share * len(codes):
        return None
    colour: Floats = flat[int(np.flatnonzero(codes == commonest)[0])].astype(np.float32)
    return colour


def project_on_main_axis(difference: Floats, *, strong_share: float = 0.7) -> Floats:
    """Colour differences as one number each, along the direction in which they differ most.

    Grey where ink is darker or lighter than its paper; another direction where it has another hue
    and the same lightness. This is the first principal axis of the strongest differences alone,
    not centred, so that blue lines count less than the black ink on them.

    Parameters
    ----------
    difference : numpy.ndarray of float32, shape (height, width) or (height, width, channels)
    strong_share : float, default 0.7
        What counts as strong, as a share of the largest difference.

    Returns
    -------
    numpy.ndarray of float32, shape (height, width)
        In grey levels; the strong differences are positive.
    """
    if difference.ndim == 2:
        flat = difference.reshape(-1, 1)
    else:
        flat = difference.reshape(-1, difference.shape[2])
    size = np.abs(flat).max(axis=1) if flat.shape[1] > 1 else np.abs(flat[:, 0])
    strong = size >= strong_share * size.max()
    if flat.shape[1] == 1:
        axis = np.ones(1, np.float32)
    else:
        # Differences that point to opposite sides must not cancel each other.
        _, vectors = np.linalg.eigh(flat[strong].T @ flat[strong])
        axis = vectors[:, -1].astype(np.float32)
    # In grey levels: a grey difference is the same in every channel, and counts once.
    projected = flat @ axis / np.float32(np.sqrt(flat.shape[1]))
    if projected[strong].sum() < 0:
        projected = -projected
    return projected.reshape(difference.shape[:2])


def _is_darker(difference: Floats, values: Floats) -> bool:
    lightness = difference if difference.ndim == 2 else difference.mean(axis=2)
    return float((lightness * values).sum()) < 0


def _faint_belongs_to_strong(values: Floats, strongest: float) -> bool:
    """Whether what is faint is the soft edge of what is strong, and not noise or shadow."""
    from scipy import ndimage

    some, strong = values > 0, values > FAINT_CONTRAST * strongest
    if np.count_nonzero(some) > 4 * np.count_nonzero(strong) + 16:
        return False
    components, count = ndimage.label(some, structure=np.ones((3, 3)))
    has_strong = np.zeros(count + 1, bool)
    has_strong[components[strong]] = True
    alone = np.count_nonzero(some & ~has_strong[components])
    return bool(alone <= FAINT_ALONE_SHARE * values.size)


def uneven_contrast(
    pixels: NDArray[np.uint8],
    polarity: Polarity,
    widest_stroke: float,
    smoothing: float = 0.0,
    *,
    darkest_background: float = DARKEST_BACKGROUND,
) -> Contrast:
    """Subtract paper that is lit unevenly, if ink is darker (or lighter) than it.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)
    polarity : {"dark", "light"}
    widest_stroke : float
        As a share of the picture's shorter side. What is wider is part of the paper.
    smoothing : float, default 0
        The standard deviation in pixels of a Gaussian that takes a camera's noise away.
    darkest_background : float, default 16
        In grey levels. Darker paper is treated as if it were this light.

    Returns
    -------
    Contrast
    """
    from scipy import ndimage

    if polarity == "light":
        pixels = 255 - pixels
    colours = np.moveaxis(pixels, 2, 0) if pixels.ndim == 3 else pixels[None]
    channels = [np.ascontiguousarray(colour, np.float32) for colour in colours]
    if smoothing:
        # Before the paper is estimated: the brightest of many noisy pixels is brighter than it.
        channels = [
            ndimage.gaussian_filter(channel, smoothing, mode="nearest") for channel in channels
        ]
    papers = [estimate_background(channel, widest_stroke) for channel in channels]
    # Ink takes a share of the light that falls on the paper, in a shadow as outside of it; but
    # noise is no smaller in a shadow. The root of the light, below, is between the two.
    shares = [
        1 - channel / np.maximum(paper, darkest_background)
        for channel, paper in zip(channels, papers, strict=True)
    ]
    step = max(1, round((channels[0].size / SAMPLE_PIXELS) ** 0.5))
    samples = [share[::step, ::step].ravel() for share in shares]
    sample = np.stack(samples, axis=1).astype(np.float32)
    offsets = np.percentile(sample, 30, axis=0).astype(np.float32)
    axis = _towards_ink(sample - offsets)
    level = float(np.median(np.stack([paper[::step, ::step] for paper in papers])))
    values = sum(
        weight * (share - offset) * np.sqrt(level * np.maximum(paper, darkest_background))
        for weight, share, offset, paper in zip(axis, shares, offsets, papers, strict=True)
    )
    return Contrast(np.asarray(values / np.sqrt(len(axis)), np.float32), polarity, uniform=False)


def pixel_noise(pixels: NDArray[np.uint8]) -> float:
    """Estimate a camera's noise from the differences of neighbouring pixels.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)

    Returns
    -------
    float
        Its standard deviation, in grey levels.
    """
    green = pixels if pixels.ndim == 2 else pixels[..., 1]
    rows = green[:: max(1, green.shape[0] // 100)].astype(np.int16)
    # Half of all normally distributed differences are smaller than 0.95 of their deviation.
    return float(np.median(np.abs(np.diff(rows, axis=1)))) / 0.95 if rows.shape[1] > 1 else 0.0


def _towards_ink(sample: Floats) -> Floats:
    """The direction in the space of colours in which the strongest ink lies, of length 1."""
    size = sample.max(axis=1)
    count = int(min(max(30, 0.002 * len(size)), len(size)))
    level = np.partition(size, len(size) - count)[-count]
    axis: Floats = np.maximum(sample[size >= level], 0).mean(axis=0)
    length = float(np.linalg.norm(axis))
    return axis / length if length > 0 else np.full_like(axis, len(axis) ** -0.5)


def estimate_background(
    channel: Floats, widest_stroke: float, *, stroke_pixels: int = STROKE_PIXELS
) -> Floats:
    """Estimate the paper without the dark ink on it, by a grey-scale closing.

    A closing fills what is narrower than its neighbourhood and keeps the edges of shadows.

    Parameters
    ----------
    channel : numpy.ndarray of float32, shape (height, width)
    widest_stroke : float
        Side of the neighbourhood, as a share of the picture's shorter side.
    stroke_pixels : int, default 16
        To how many pixels the widest stroke is reduced first: wide strokes need no more of them,
        and narrow ones no larger neighbourhood.

    Returns
    -------
    numpy.ndarray of float32, shape (height, width)
    """
    from scipy import ndimage

    height, width = channel.shape
    step = max(1, round(min(height, width) * widest_stroke / stroke_pixels))
    small = _block_means(channel, step)
    side = max(3, round(widest_stroke * min(small.shape))) | 1
    small = ndimage.grey_closing(small, size=(side, side), mode="nearest")
    return _enlarged(small, (height, width), step)


def _block_means(values: Floats, step: int) -> Floats:
    """Means of blocks of step x step pixels; those at the right and the lower edge are padded."""
    if step == 1:
        return values
    padded = np.pad(values, [(0, -side % step) for side in values.shape], mode="edge")
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    means: Floats = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _enlarged(small: Floats, shape: tuple[int, int], step: int) -> Floats:
    """Means of blocks at the size of the picture again, linearly in between."""
    if step == 1:
        return small
    wide = np.ascontiguousarray(_interpolated(small.T, shape[1], step).T)
    return _interpolated(wide, shape[0], step)


def _interpolated(blocks: Floats, length: int, step: int) -> Floats:
    """Rows (length, ...) that lie linearly between rows that stand for the middles of blocks."""
    positions = np.clip((np.arange(length) + 0.5) / step - 0.5, 0, len(blocks) - 1)
    low = positions.astype(np.intp)
    share = (positions - low).astype(np.float32)[:, None]
    rows: Floats = blocks[low]
    rows += share * (blocks[np.minimum(low + 1, len(blocks) - 1)] - rows)
    return rows

"""How much darker, or lighter, or otherwise coloured, each pixel is than the paper around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Tone = Literal["dark", "light"]

_PLAIN_SHARE = 0.3  # of the pixels that have exactly the colour of the paper
_MUCH_INK = 0.25  # of the pixels
_FAINT = 0.3  # of the strongest contrast
_SAMPLE = 40_000  # pixels that stand for all in what is only statistics
_STROKE_PIXELS = 16  # of the widest stroke, where the paper behind it is looked for


@dataclass(frozen=True)
class Contrast:
    """A picture as contrast with its paper.

    Attributes
    ----------
    values : numpy.ndarray of float32, shape (height, width)
        In grey levels: 0 is paper, positive is ink.
    ink : {"dark", "light"}
        Whether ink is taken to be darker or lighter than paper.
    plain : bool
        Whether the paper is perfectly even, as in a drawing: whatever differs from it is ink.
    """

    values: Floats
    ink: Tone
    plain: bool


def plain_contrasts(pixels: NDArray[np.uint8]) -> list[Contrast]:
    """The contrast with paper that is one colour exactly; none if it is not.

    This is how drawings and MNIST's own pictures are read: no pixel of theirs is lost to a
    threshold. Where there is about as much ink as paper, either colour may be the paper, and
    there are two contrasts; the first takes what is along the border as paper.
    """
    paper = _commonest_colour(pixels)
    if paper is None:
        return []
    difference = pixels.astype(np.float32) - paper
    values = along_main_axis(difference)
    darker = _is_darker(difference, values)
    strongest = float(values.max())
    # Where the colours go both ways (a grey frame around white paper, say) there is no one ink.
    if strongest < 1 or float(-values.min()) > 0.35 * strongest:
        return []
    values = np.maximum(values, 0)
    tones: tuple[Tone, Tone] = ("dark", "light") if darker else ("light", "dark")
    contrasts = [Contrast(values, tones[0], plain=True)]
    full = values >= 0.95 * strongest
    if np.count_nonzero(full) > _MUCH_INK * full.size:
        contrasts.append(Contrast(strongest - values, tones[1], plain=True))
        border = np.concatenate([full[0], full[-1], full[:, 0], full[:, -1]])
        if border.mean() > 0.5:
            contrasts.reverse()
    return [
        contrast for contrast in contrasts if _faint_belongs_to_strong(contrast.values, strongest)
    ]


def _commonest_colour(pixels: NDArray[np.uint8]) -> Floats | None:
    flat = pixels.reshape(-1, 3) if pixels.ndim == 3 else pixels.reshape(-1, 1)
    codes = flat.astype(np.int64) @ (256 ** np.arange(flat.shape[1]))
    if len(codes) > 4096:  # a sample tells, and most pictures are no drawings
        # Spread by the golden ratio: equal steps could fall into a few columns again and again.
        spread = (np.arange(2048) * 0.6180339887498949) % 1
        sample = codes[(spread * len(codes)).astype(np.intp)]
        values, counts = np.unique(sample, return_counts=True)
        if counts.max() < 0.6 * _PLAIN_SHARE * len(sample):
            return None
    else:
        values, counts = np.unique(codes, return_counts=True)
    commonest = values[counts.argmax()]
    if np.count_nonzero(codes == commonest) < _PLAIN_SHARE * len(codes):
        return None
    colour: Floats = flat[int(np.flatnonzero(codes == commonest)[0])].astype(np.float32)
    return colour


def along_main_axis(difference: Floats) -> Floats:
    """Colour differences as one number each, along the direction in which they differ most.

    Grey where ink is darker or lighter than its paper; another direction where it has another hue
    and the same lightness. The direction is that of the strongest differences, so that blue lines
    count less than the black ink on them. Ink is positive.
    """
    if difference.ndim == 2:
        flat = difference.reshape(-1, 1)
    else:
        flat = difference.reshape(-1, difference.shape[2])
    size = np.abs(flat).max(axis=1) if flat.shape[1] > 1 else np.abs(flat[:, 0])
    strong = size >= 0.7 * size.max()
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

    some, strong = values > 0, values > _FAINT * strongest
    if np.count_nonzero(some) > 4 * np.count_nonzero(strong) + 16:
        return False
    components, count = ndimage.label(some, structure=np.ones((3, 3)))
    has_strong = np.zeros(count + 1, bool)
    has_strong[components[strong]] = True
    alone = np.count_nonzero(some & ~has_strong[components])
    return bool(alone <= 0.002 * values.size)


def uneven_contrast(
    pixels: NDArray[np.uint8], ink: Tone, widest_stroke: float, smoothing: float = 0
) -> Contrast:
    """The contrast with paper that is lit unevenly, if ink is darker (or lighter) than it.

    What the paper is like below the ink is what a morphological closing leaves of the picture: it
    fills what is narrower than a stroke can be, and keeps the edges of shadows.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)
    ink : {"dark", "light"}
    widest_stroke : float
        As a share of the picture's shorter side.
    smoothing : float, default 0
        The standard deviation of a Gaussian that takes a camera's noise away, in pixels.
    """
    from scipy import ndimage

    if ink == "light":
        pixels = 255 - pixels
    colours = np.moveaxis(pixels, 2, 0) if pixels.ndim == 3 else pixels[None]
    channels = [np.ascontiguousarray(colour, np.float32) for colour in colours]
    if smoothing:
        # Before the paper is looked for: the brightest of many noisy pixels is brighter than it.
        channels = [
            ndimage.gaussian_filter(channel, smoothing, mode="nearest") for channel in channels
        ]
    papers = [background(channel, widest_stroke) for channel in channels]
    # Ink takes a share of the light that falls on the paper, in a shadow as outside of it; but
    # noise is no smaller in a shadow. The root of the light, below, is between the two.
    shares = [
        1 - channel / np.maximum(paper, 16) for channel, paper in zip(channels, papers, strict=True)
    ]
    step = max(1, round((channels[0].size / _SAMPLE) ** 0.5))
    samples = [share[::step, ::step].ravel() for share in shares]
    sample = np.stack(samples, axis=1).astype(np.float32)
    offsets = np.percentile(sample, 30, axis=0).astype(np.float32)
    axis = _towards_ink(sample - offsets)
    level = float(np.median(np.stack([paper[::step, ::step] for paper in papers])))
    values = sum(
        weight * (share - offset) * np.sqrt(level * np.maximum(paper, 16))
        for weight, share, offset, paper in zip(axis, shares, offsets, papers, strict=True)
    )
    return Contrast(np.asarray(values / np.sqrt(len(axis)), np.float32), ink, plain=False)


def pixel_noise(pixels: NDArray[np.uint8]) -> float:
    """The standard deviation of a camera's noise, from the differences of neighbours."""
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


def background(channel: Floats, widest_stroke: float) -> Floats:
    """The paper's light without the dark ink on it, shape (height, width)."""
    from scipy import ndimage

    height, width = channel.shape
    # Wide strokes need no more pixels, narrow ones no larger neighbourhood.
    step = max(1, round(min(height, width) * widest_stroke / _STROKE_PIXELS))
    small = block_means(channel, step)
    side = max(3, round(widest_stroke * min(small.shape))) | 1
    small = ndimage.grey_closing(small, size=(side, side), mode="nearest")
    return enlarged(small, (height, width), step)


def block_means(values: Floats, step: int) -> Floats:
    """Means of blocks of step x step pixels; those at the right and the lower edge are padded."""
    if step == 1:
        return values
    padded = np.pad(values, [(0, -side % step) for side in values.shape], mode="edge")
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    means: Floats = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def enlarged(small: Floats, shape: tuple[int, int], step: int) -> Floats:
    """Bring means of blocks back to the size of the picture, linearly in between."""
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

"""Crops of photos: 28 or 32 pixels a side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from mnistkit.synthesis.ink import Box
from mnistkit.synthesis.pen_path import PenPath
from mnistkit.synthesis.photos import pen_of, photo, shadowed, usual_scene
from mnistkit.synthesis.randomness import Array, Random, pick


def crop(pen_path: PenPath, rng: Random, **changes: Any) -> tuple[Array, Box]:
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
    pixels, box = photo(pen_path, scene, rng)
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


def rounded_box(corners: Array, width: int, height: int) -> Box:
    """A box in whole pixels, within the picture and never empty."""
    low = np.clip(np.floor(corners[:2] + 0.3), 0, [width - 1, height - 1])
    high = np.clip(np.ceil(corners[2:] - 0.3), low + 1, [width, height])
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def shading(rng: Random) -> dict[str, Any]:
    """Changes to a scene: uneven light, often a shadow, and paper of several colours."""
    changes = {"gradient": rng.uniform(0.05, 0.35), "vignette": rng.uniform(0, 0.4)}
    paper = pick(rng, "white", "white", "cream", "grey", "recycled")
    return (shadowed(rng) if rng.random() < 0.4 else {}) | changes | {"paper": paper}


def dark_crop(pen_path: PenPath, rng: Random, _: int | None) -> tuple[Array, Box]:
    """Dark ink on light paper."""
    return crop(pen_path, rng, **shading(rng))


def light_crop(pen_path: PenPath, rng: Random, _: int | None) -> tuple[Array, Box]:
    """White on dark: inverted, stretched, the paper left as grey noise."""
    cut, box = crop(pen_path, rng, gradient=rng.uniform(0, 0.2), noise=rng.uniform(1, 6))
    inverse = 255 - cut.astype(np.float32)
    floor, ceiling = np.percentile(inverse, [rng.uniform(1, 30), 99])
    stretched = (inverse - floor) / max(ceiling - floor, 8) * rng.uniform(180, 255)
    noisy = stretched + rng.uniform(0, 12) * rng.standard_normal(cut.shape)
    return np.clip(noisy + rng.uniform(0, 40), 0, 255).astype(np.uint8), box


def binary_crop(pen_path: PenPath, rng: Random, _: int | None) -> tuple[Array, Box]:
    """Binarized, black on white or white on black."""
    from skimage.filters import threshold_otsu

    cut, box = crop(pen_path, rng, gradient=rng.uniform(0, 0.12), noise=rng.uniform(0.5, 6))
    middle = (float(cut.mean()) + float(cut.min())) / 2
    dark = cut <= threshold_otsu(cut) if rng.random() < 0.7 else cut < middle
    return np.where(dark == (rng.random() < 0.5), np.uint8(255), np.uint8(0)), box

"""Light, shadows and cameras."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mnistkit.synthesis.randomness import Array, Random, noise_field
from mnistkit.synthesis.transforms import move, rotation, translation


def cast_shadow(shape: tuple[int, int], depth: float, soft: float, rng: Random) -> Array:
    """The shadow of a phone or a hand that comes in from a side; `depth` is what it takes away."""
    side = 256 if soft > 0.02 else 512
    canvas = Image.new("L", (side, side))
    draw = ImageDraw.Draw(canvas)
    turn = rotation(rng.uniform(0, 360))
    centre = translation(side / 2 + rng.normal(0, side / 10), side / 2 + rng.normal(0, side / 10))
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
    light: Array = (1 + slope) * (1 - vignette * (x * x + y * y) / 2)
    return light


def photograph(
    picture: Array, rng: Random, *, blur: float, motion: float, noise: float, quality: int | None
) -> Array:
    """What a camera makes of `picture`: a blur in pixels, noise in grey levels, JPEG."""
    from scipy import ndimage

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

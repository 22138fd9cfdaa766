"""Pictures of what is no digit: letters, clothes, digits that touch, noise, scribbles, paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnistkit.images.geometry import mnist_picture
from mnistkit.packages import require
from mnistkit.synthesis.kinds import PAPER, render_digit
from mnistkit.synthesis.randomness import Random

LETTERS = "AEFHJKMNPRTUVWXYcdefhkmnprtuvwxy&%?#@$+=*"
"""Without those that can be meant as digits, such as O, I, S, Z, B, b, g and q."""


def letter(rng: Random) -> NDArray[np.uint8]:
    """A printed letter of one of the fonts that come with matplotlib, black on white."""
    require("matplotlib", to="print letters")
    import matplotlib as mpl
    from PIL import ImageFont

    fonts = sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
    fonts = [font for font in fonts if "Display" not in font.name]
    size = int(rng.integers(24, 96))
    font = ImageFont.truetype(fonts[int(rng.integers(len(fonts)))], size)
    image = Image.new("L", (2 * size, 2 * size), 255)
    text = LETTERS[int(rng.integers(len(LETTERS)))]
    ImageDraw.Draw(image).text((size // 2, size // 3), text, font=font, fill=0)
    return np.asarray(image.rotate(float(rng.uniform(-12, 12)), fillcolor=255))


def touching_digits(digits: NDArray[np.uint8], rng: Random) -> NDArray[np.uint8]:
    """Two of the digits (n, 28, 28), side by side, that touch, or nearly."""
    pair = [digits[int(rng.integers(len(digits)))] for _ in range(2)]
    left, right = (image[:, image.any(axis=0)] for image in pair)
    overlap = int(rng.integers(0, min(4, left.shape[1], right.shape[1])))
    canvas = np.zeros((32, left.shape[1] + right.shape[1] - overlap), np.uint8)
    down = int(rng.integers(0, 5))
    canvas[2:30, : left.shape[1]] = left
    where = canvas[down : down + 28, -right.shape[1] :]
    np.maximum(where, right, out=where)
    return mnist_picture(canvas)


def noise(rng: Random) -> NDArray[np.uint8]:
    """Nothing but noise, fine or coarse."""
    from scipy import ndimage

    side = int(rng.integers(20, 64))
    grain = ndimage.gaussian_filter(rng.normal(size=(side, side)), rng.uniform(0, 3))
    pixels: NDArray[np.uint8] = np.clip(128 + 60 * grain / grain.std(), 0, 255).astype(np.uint8)
    return pixels


def scribble(rng: Random) -> NDArray[np.uint8]:
    """Strokes here and there, crossed and hatched."""
    side = int(rng.integers(40, 160))
    image = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(image)
    width = max(1, round(side * rng.uniform(0.02, 0.1)))
    if rng.random() < 0.5:  # separate strokes, so that they do not make a digit by chance
        for _ in range(int(rng.integers(3, 9))):
            ends = rng.uniform(0.1, 0.9, 4) * side
            draw.line([float(end) for end in ends], fill=0, width=width)
    else:
        points = rng.uniform(0.1, 0.9, (int(rng.integers(7, 16)), 2)) * side
        draw.line([(float(x), float(y)) for x, y in points], fill=0, width=width)
    return np.asarray(image)


def empty_sheet(rng: Random, max_side: int = 320, margin: float = 0) -> NDArray[np.uint8]:
    """The paper beside a small digit in a photo, without the digit.

    Parameters
    ----------
    rng : numpy.random.Generator
    max_side : int, default 320
        Of the photo, in pixels.
    margin : float, default 0
        What to keep off the digit's blurred edge, as a share of the photo's shorter side.

    Raises
    ------
    MissingPackageError
        If scikit-image is not installed.
    """
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 13:15] = 255
    kind = PAPER[int(rng.integers(len(PAPER)))]
    picture = render_digit(digit, kind, rng, max_side=max_side)
    height, width = picture.pixels.shape[:2]
    off = round(margin * min(height, width))
    left, top = (max(edge - off, 0) for edge in picture.box[:2])
    right, bottom = (edge + off for edge in picture.box[2:])
    largest = max(
        [(0, 0, left, height), (right, 0, width, height), (0, 0, width, top),
         (0, bottom, width, height)],
        key=lambda box: (box[2] - box[0]) * (box[3] - box[1]),
    )  # fmt: skip
    return picture.pixels[largest[1] : largest[3], largest[0] : largest[2]]

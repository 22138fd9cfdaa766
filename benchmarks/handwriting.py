"""The training images of the weights "handwriting": written digits, as the network sees them.

``python benchmarks/handwriting.py --out handwriting.npz`` writes MNIST's training digits on
synthetic paper (`paper`), finds them again by the same preparation that `mnistkit.recognize`
uses, and keeps what it found: digits with their labels, and pieces that are no digit as an
eleventh class. MNIST's own pictures are added as they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

import mnistkit
import paper
from measuring import num_processors
from mnistkit.datasets.geometry import mnist_picture
from mnistkit.images.picture import read_picture
from mnistkit.recognition.preprocess import likely_hypotheses, unlikely_hypotheses
from paper.pen_path import Figure

NO_DIGIT = 10
CLASSES = (*map(str, range(10)), "no digit")
_CHUNK = 200
_SIDE = 240  # pixels; larger ones differ little once they are prepared
_COARSE = 0.25  # how often a digit is taken as coarsely scanned, too
_AS_IT_IS = 0.5  # how often that is one of MNIST's pictures, not one that was drawn again
_UNLIKELY = 0.3  # how often the unlikely hypotheses of a picture are taken, too
# Correlations with the digit: between these it is a part of it, and may be another one.
_SIMILAR, _DIFFERENT = 0.7, 0.35

Example = tuple[NDArray[np.uint8], int, int]
"""Picture, label, and which training image of MNIST it shows, -1 if none."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=20_000, help="written on paper")
    parser.add_argument("--others", type=int, default=8_000, help="of things that are no digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=num_processors())
    chosen = parser.parse_args()
    images, labels, origins = training_images(
        mnistkit.load_dataset("mnist").train,
        chosen.pictures,
        chosen.others,
        seed=chosen.seed,
        processes=chosen.processes,
    )
    np.savez_compressed(chosen.out, images=images, labels=labels, origins=origins)
    print(f"{len(images):,} images; of each class {np.bincount(labels).tolist()}")


def training_images(
    train: mnistkit.Split, pictures: int, others: int, *, seed: int, processes: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """MNIST's images as they are, those found again on paper, and what is no digit.

    Returns images, labels, and of each the number of MNIST's image that it shows, or -1.
    """
    numbers = np.resize(np.random.default_rng(seed).permutation(len(train)), pictures)
    parts = [numbers[start : start + _CHUNK] for start in range(0, pictures, _CHUNK)]
    digits = [(train.images[part], train.labels[part], part) for part in parts]
    counts = [_CHUNK] * (others // _CHUNK)
    examples: list[Example] = []
    with ProcessPoolExecutor(processes) as pool:
        for found in pool.map(written, digits, [(seed, 0, n) for n in range(len(digits))]):
            examples += found
        for found in pool.map(no_digits, counts, [(seed, 1, n) for n in range(len(counts))]):
            examples += found
    images, labels, origins = zip(*examples, strict=True)
    return (
        np.concatenate([train.images, np.stack(images)]),
        np.concatenate([train.labels, labels]).astype(np.int64),
        np.concatenate([np.arange(len(train)), origins]),
    )


def written(
    digits: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]], seed: tuple[int, ...]
) -> list[Example]:
    """What the preparation finds of digits written on paper, and of the paper around them."""
    rng = np.random.default_rng(seed)
    kinds = list(paper.KINDS)
    examples: list[Example] = []
    for digit, label, number in zip(*digits, strict=True):
        if rng.random() < _COARSE:
            ways = likely_hypotheses(coarse(drawn(digit, int(label), rng), rng))
            examples += [
                (found.image, int(label), int(number))
                for way in ways[:1]
                for found in way.candidates
            ]
        kind = kinds[int(rng.integers(len(kinds)))]
        specimen = paper.specimen(digit, kind, rng, max_side=_SIDE, label=int(label))
        found = found_of(specimen, digit, int(label), rng)
        examples += [(image, its_label, int(number)) for image, its_label in found]
    return examples


def found_of(
    specimen: paper.Specimen, digit: NDArray[np.uint8], label: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    reference = clean(specimen.form, digit)
    leftovers, seen = [], set()
    pixels = read_picture(specimen.pixels).pixels
    ways = likely_hypotheses(pixels)
    if rng.random() < _UNLIKELY and not ways[0].contrast.uniform:
        ways += unlikely_hypotheses(pixels)
    for way in ways:
        for found in way.candidates:
            if found.image.tobytes() in seen:
                continue
            seen.add(found.image.tobytes())
            overlap = intersection_over_union(found.box, specimen.box)
            similar = similarity(found.image, reference)
            if overlap > 0.5 and similar > _SIMILAR:
                yield found.image, label
            elif (overlap < 0.3 or similar < _DIFFERENT) and not may_be_one(found.image):
                leftovers.append(found.image)
    # Of a page full of specks one is enough.
    if leftovers:
        yield leftovers[int(rng.integers(len(leftovers)))], NO_DIGIT


def clean(form: Figure, digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What should be found of a digit: its strokes, and nothing else."""
    if form.clogged:
        return mnist_picture(digit)
    image = Image.new("L", (120, 120))
    draw = ImageDraw.Draw(image)
    for stroke in form.strokes:
        draw.line([(60 + 90 * x, 60 + 90 * y) for x, y in stroke], fill=255, width=9)
    return mnist_picture(np.asarray(image))


def drawn(digit: NDArray[np.uint8], label: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A digit as it is, or drawn again, white on black, by another pen and in other habits."""
    if rng.random() < _AS_IT_IS:
        return digit
    pixels = paper.specimen(digit, "white-on-black", rng, max_side=160, label=label).pixels
    return pixels if pixels.ndim == 2 else pixels[..., 0]


def coarse(digit: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A digit as old scanners stored it: few pixels, perhaps stretched, or only bits."""
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height = int(rng.integers(8, 33))
    narrow = ink.shape[1] / ink.shape[0]
    # Some collections stretch every digit to a square, or half of the way.
    width = max(2, round(height * narrow ** rng.choice([1.0, 0.7, 0.4])))
    small = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BOX))
    if rng.random() < 0.5:
        small = np.where(small > rng.integers(60, 160), 255, 0).astype(np.uint8)
    else:
        levels = int(rng.choice([16, 64, 255]))
        small = (np.rint(small / 255 * levels) * (255 / levels)).astype(np.uint8)
    return np.pad(small, int(rng.integers(0, 3)))


def may_be_one(image: NDArray[np.uint8]) -> bool:
    """Whether a piece is a single straight stroke: part of another digit, or as well a 1."""
    rows, columns = np.nonzero(image > 64)
    if len(rows) < 3:
        return True
    spread = np.linalg.eigvalsh(np.cov(rows, columns))
    return bool(spread[0] < 0.06 * spread[1])


def intersection_over_union(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return both / max(areas - both, 1)


def similarity(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Correlation of two pictures, both blurred: slant and pen may differ."""
    a, b = (ndimage.gaussian_filter(x.astype(np.float32), 2).ravel() for x in (image, reference))
    return float(np.corrcoef(a, b)[0, 1])


# What is no digit #################################################################################

LETTERS = "AEFHJKMNPRTUVWXYcdefhkmnprtuvwxy&%?#@$+=*"
"""Without those that can be meant as digits, such as O, I, S, Z, B, b, g and q."""


def no_digits(count: int, seed: tuple[int, ...]) -> list[Example]:
    """Pictures of other things, as the preparation finds them."""
    rng = np.random.default_rng(seed)
    found: list[Example] = []
    for _ in range(count):
        make = MAKERS[int(rng.integers(len(MAKERS)))]
        picture = make(rng)
        ways = likely_hypotheses(picture)
        if make is empty_sheet:
            ways += unlikely_hypotheses(picture)
            pieces = [one.image for way in ways for one in way.candidates]
            pieces = [piece for piece in pieces if not may_be_one(piece)]
            rng.shuffle(pieces)
            found += [(piece, NO_DIGIT, -1) for piece in pieces[:2]]
        else:
            found += [(one.image, NO_DIGIT, -1) for one in ways[0].candidates[:1]]
    return found


def letter(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A printed letter of one of the fonts that come with matplotlib."""
    import matplotlib as mpl
    from PIL import ImageFont

    fonts = sorted((Path(mpl.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))
    fonts = [font for font in fonts if "Display" not in font.name]
    size = int(rng.integers(24, 96))
    font = ImageFont.truetype(fonts[int(rng.integers(len(fonts)))], size)
    image = Image.new("L", (2 * size, 2 * size), 255)
    text = LETTERS[int(rng.integers(len(LETTERS)))]
    ImageDraw.Draw(image).text((size // 2, size // 3), text, font=font, fill=0)
    turned = image.rotate(float(rng.uniform(-12, 12)), fillcolor=255)
    return np.asarray(turned)


@cache
def split_of(name: str) -> mnistkit.Split:
    return mnistkit.load_dataset(name).train


def clothes(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A training picture of Fashion-MNIST."""
    images = split_of("fashion_mnist").images
    return images[int(rng.integers(len(images)))]


def two_digits(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Two digits that touch, or nearly."""
    images = split_of("mnist").images
    pair = [images[int(rng.integers(len(images)))] for _ in range(2)]
    left, right = (image[:, image.any(axis=0)] for image in pair)
    overlap = int(rng.integers(0, min(4, left.shape[1], right.shape[1])))
    canvas = np.zeros((32, left.shape[1] + right.shape[1] - overlap), np.uint8)
    down = int(rng.integers(0, 5))
    canvas[2:30, : left.shape[1]] = left
    where = canvas[down : down + 28, -right.shape[1] :]
    np.maximum(where, right, out=where)
    return mnist_picture(canvas)


def noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Nothing but noise, fine or coarse."""
    side = int(rng.integers(20, 64))
    grain = ndimage.gaussian_filter(rng.normal(size=(side, side)), rng.uniform(0, 3))
    return np.clip(128 + 60 * grain / grain.std(), 0, 255).astype(np.uint8)


def scribble(rng: np.random.Generator) -> NDArray[np.uint8]:
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
        draw.line([tuple(map(float, point)) for point in points], fill=0, width=width)
    return np.asarray(image)


def empty_sheet(
    rng: np.random.Generator, max_side: int = 320, margin: float = 0
) -> NDArray[np.uint8]:
    """The paper beside a small digit, without the digit; `margin` keeps off its blurred edge."""
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 13:15] = 255
    kind = paper.PAPER[int(rng.integers(len(paper.PAPER)))]
    specimen = paper.specimen(digit, kind, rng, max_side=max_side)
    height, width = specimen.pixels.shape[:2]
    off = round(margin * min(height, width))
    left, top = (max(edge - off, 0) for edge in specimen.box[:2])
    right, bottom = (edge + off for edge in specimen.box[2:])
    largest = max(
        [(0, 0, left, height), (right, 0, width, height), (0, 0, width, top),
         (0, bottom, width, height)],
        key=lambda box: (box[2] - box[0]) * (box[3] - box[1]),
    )  # fmt: skip
    return specimen.pixels[largest[1] : largest[3], largest[0] : largest[2]]


MAKERS = (
    letter, letter, clothes, clothes, two_digits, two_digits, noise, scribble, scribble,
    empty_sheet, empty_sheet,
)  # fmt: skip


if __name__ == "__main__":
    main()

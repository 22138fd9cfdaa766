"""How well people's own pictures are read, beside the usual ways, and how fast.

Pictures are MNIST's test digits written on synthetic paper by `mnistkit.synthesis`; nothing was
chosen on them. ``naive`` inverts a bright picture and squeezes it to 28x28. ``tutorial`` does what
careful tutorials do: polarity by the border, Otsu's threshold, the ink's box to 20 pixels, centre
of mass. Both read with the same weights "mnist".
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import mnistkit
from measuring import MemoryRise, Report, arguments, at_least, run_command, say, spread, take_turns
from mnistkit import synthesis
from mnistkit.images.geometry import mnist_picture
from mnistkit.images.picture import read_picture
from mnistkit.recognition.loading import pretrained_network
from mnistkit.recognition.network import Network
from mnistkit.synthesis import non_digits as others

Pixels = NDArray[np.uint8]
FAMILIES = {
    "paper": synthesis.PAPER, "crops": synthesis.CROPS,
    "scans": synthesis.SCANS, "drawings": synthesis.DRAWINGS,
}  # fmt: skip


def main() -> None:
    parser = arguments(__doc__, "recognition")
    parser.add_argument("--count", type=at_least(1), default=50, help="pictures of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-side", type=int, default=800, help="of the pictures, in pixels")
    parser.add_argument("--rounds", type=at_least(1), default=5, help="of what is timed")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=[*PARTS])
    chosen = parser.parse_args()
    settings = {
        "pictures": f"{chosen.count} of each kind, seed {chosen.seed}, test digits of MNIST, "
        f"at most {chosen.max_side} pixels",
        "rounds": f"{chosen.rounds} of what is timed",
    }
    report = Report("recognition", settings)
    for part in chosen.parts:
        PARTS[part](report, chosen)
    report.finish(chosen.out)


# Accuracy #########################################################################################


def accuracy(report: Report, chosen: Any) -> None:
    """The share of pictures of each kind in which exactly the one digit is read."""
    test = mnistkit.load_dataset("mnist").test
    mnist = pretrained_network("cnn", "mnist")
    rows, values = [], {}
    totals: dict[str, list[NDArray[np.bool_]]] = {family: [] for family in FAMILIES}
    for family, kinds in FAMILIES.items():
        for kind in kinds:
            say(kind)
            right = of_kind(kind, test, mnist, chosen)
            totals[family].append(right)
            rows.append([family, kind, *figures(right)])
            values[kind] = right.mean(axis=0).tolist()
    sums = [
        [f"**{family}**", f"{len(kinds)} kinds", *figures(np.concatenate(kinds))]
        for family, kinds in totals.items()
    ]
    report.add(
        "Pictures read correctly, %",
        ("", "", "naive", "tutorial", "mnistkit", "without a warning", "of these wrong"),
        [*sums, *rows],
        values,
    )


def of_kind(kind: str, test: mnistkit.Split, mnist: Network, chosen: Any) -> NDArray[np.bool_]:
    """For each picture: naive, tutorial and ours right; no warning; no warning, but wrong."""
    rng = np.random.default_rng([chosen.seed, synthesis.KINDS.index(kind)])
    numbers = rng.choice(len(test), chosen.count, replace=False)
    labels = test.labels[numbers]
    pictures = [
        synthesis.render_digit(
            test.images[n], kind, rng, max_side=chosen.max_side, label=int(test.labels[n])
        ).pixels
        for n in numbers
    ]
    results = []
    for how in (naive, tutorial):
        prepared = np.stack([how(read_picture(pixels).pixels) for pixels in pictures])
        results.append(mnist.classify(prepared)[0].argmax(axis=1) == labels)
    readings = mnistkit.recognize_many(pictures)
    right = [
        len(reading) == 1 and reading[0].label == label
        for reading, label in zip(readings, labels, strict=True)
    ]
    sure = [
        len(reading) > 0 and not any(digit.warnings for digit in reading) for reading in readings
    ]
    wrong = np.array(sure) & ~np.array(right)
    return np.stack([*results, np.array(right), np.array(sure), wrong], axis=1)


def figures(right: NDArray[np.bool_]) -> list[str]:
    naive_share, tutorial_share, ours, sure, wrong = 100 * right.mean(axis=0)
    of_these = f"{100 * wrong / sure:.1f}" if sure else "-"
    return [
        f"{naive_share:.1f}", f"{tutorial_share:.1f}", f"{ours:.1f}", f"{sure:.1f}", of_these
    ]  # fmt: skip


def grey_of(pixels: Pixels) -> Pixels:
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


def naive(pixels: Pixels) -> Pixels:
    grey = grey_of(pixels)
    grey = 255 - grey if grey.mean() > 127 else grey
    return np.asarray(Image.fromarray(grey).resize((28, 28), Image.Resampling.BILINEAR))


def tutorial(pixels: Pixels) -> Pixels:
    from skimage.filters import threshold_otsu

    grey = grey_of(pixels)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    grey = 255 - grey if np.median(border) > 127 else grey
    return mnist_picture(np.where(grey > threshold_otsu(grey), grey, 0).astype(np.uint8))


# Numbers ##########################################################################################

IN_NUMBERS = {
    "paper": ("white", "tinted-paper", "recycled", "ruled", "squared", "shadow", "uneven-light",
              "pencil", "thin-ball-pen", "marker", "coloured-ink"),
    "drawings": ("black-on-white", "white-on-black", "coloured", "mouse"),
}  # fmt: skip


def numbers(report: Report, chosen: Any) -> None:
    """The share of numbers of three digits that are read without a mistake."""
    test = mnistkit.load_dataset("mnist").test
    rows, values = [], {}
    for family, kinds in IN_NUMBERS.items():
        outcomes = []
        for place, kind in enumerate(kinds):
            say(kind)
            rng = np.random.default_rng([chosen.seed, 2, place])
            digits = rng.integers(len(test), size=(chosen.count, 3))
            pictures = [
                synthesis.render_digit(
                    side_by_side(list(test.images[three]), rng), kind, rng, max_side=chosen.max_side
                ).pixels
                for three in digits
            ]
            for reading, three in zip(mnistkit.recognize_many(pictures), digits, strict=True):
                said = {warning for digit in reading for warning in digit.warnings}
                sure = bool(reading) and said <= {"several digits found"}
                right = reading.text == "".join(map(str, test.labels[three]))
                outcomes.append((right, sure, sure and not right))
        right, sure, wrong = 100 * np.mean(outcomes, axis=0)
        rows.append([family, f"{len(kinds)} kinds", f"{right:.1f}", f"{sure:.1f}",
                     f"{100 * wrong / sure:.1f}"])  # fmt: skip
        values[family] = [float(right), float(sure), float(wrong)]
    header = ("", "", "mnistkit", "without a warning", "of these wrong")
    report.add("Numbers of three digits read correctly, %", header, rows, values)


def side_by_side(digits: list[Pixels], rng: np.random.Generator) -> Pixels:
    """Digits with a little room between them, in the middle of a square."""
    parts: list[Pixels] = []
    for digit in digits:
        columns = np.flatnonzero(digit.any(axis=0))
        room = np.zeros((len(digit), int(rng.integers(3, 7))), np.uint8)
        parts += [digit[:, columns[0] : columns[-1] + 1], room]
    line = np.hstack(parts[:-1])
    height, width = line.shape
    side = max(height, width)
    square = np.zeros((side, side), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = line
    return square


# No digits ########################################################################################


def no_digits(report: Report, chosen: Any) -> None:
    """What is said of pictures that show no digit."""
    rng = np.random.default_rng([chosen.seed, 1])
    clothes = mnistkit.load_dataset("fashion_mnist").test.images
    white = np.full((200, 200, 3), 255, np.uint8)
    sources: dict[str, Callable[[], Pixels]] = {
        "Fashion-MNIST, test": lambda: clothes[int(rng.integers(len(clothes)))],
        "noise": lambda: others.noise(rng),
        "blank paper": lambda: others.empty_sheet(rng, max_side=500, margin=0.05),
        "white": lambda: white,
        "letters of fonts": lambda: others.letter(rng),
        "scribbles": lambda: others.scribble(rng),
    }
    rows, values = [], {}
    for name, make in sources.items():
        readings = mnistkit.recognize_many([make() for _ in range(4 * chosen.count)])
        empty = np.mean([not reading for reading in readings])
        believed = np.mean(
            [bool(reading) and not any(digit.warnings for digit in reading)
             for reading in readings]
        )  # fmt: skip
        rows.append([name, f"{100 * empty:.1f}", f"{100 * (1 - empty - believed):.1f}",
                     f"{100 * believed:.1f}"])  # fmt: skip
        values[name] = {"empty": float(empty), "believed": float(believed)}
    report.add(
        "Pictures of no digit, %",
        ("", "nothing found", "found, with a warning", "taken for a digit"),
        rows,
        values,
    )


# Speed ############################################################################################


def speed(report: Report, chosen: Any) -> None:
    """Cold starts, many small pictures, and one very large one."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "digit.png"
        digit = mnistkit.load_dataset("mnist").test.images[0]
        Image.fromarray(255 - digit).save(small)
        script = shutil.which("mnistkit", path=sysconfig.get_path("scripts"))
        start = [script] if script else [sys.executable, "-m", "mnistkit"]
        commands = {
            "mnistkit predict digit.png": [*start, "predict", str(small)],
            "import tensorflow": [sys.executable, "-c", "import tensorflow"],
        }
        for command in commands.values():
            run_command(command)
        turns = {name: partial(seconds, command) for name, command in commands.items()}
        found = {name: spread(each) for name, each in take_turns(turns, chosen.rounds).items()}
    first = found["mnistkit predict digit.png"].median
    report.add(
        "Seconds from start to end of a process",
        ("", "s", "times `mnistkit predict`"),
        [[f"`{name}`", each.show(".2f"), f"{each.median / first:.1f}"]
         for name, each in found.items()],
        {name: each.to_dict() for name, each in found.items()},
    )  # fmt: skip
    rows = [["1,000 pictures of 28x28", *many(list(sample_of("mnist", 1000)), chosen.rounds)]]
    rows.append(["1,000 scans of 16x16 to 32x32", *many(scans(1000), chosen.rounds)])
    rows.append(["50 photos of at most 800 pixels", *many(photos(50), chosen.rounds)])
    rows.append(["one JPEG of 50 megapixels", *many([large_photo()], chosen.rounds)])
    report.add(
        "Pictures read in one process",
        ("", "pictures a second", "s in all", "memory of the process, MB"),
        rows,
        {},
    )


def seconds(command: list[str], _: int) -> float:
    begin = time.perf_counter()
    run_command(command)
    return time.perf_counter() - begin


def sample_of(name: str, count: int) -> NDArray[np.uint8]:
    return mnistkit.load_dataset(name).test.images[:count]


def scans(count: int) -> list[Pixels]:
    rng = np.random.default_rng(0)
    images = sample_of("mnist", count)
    return [
        synthesis.render_digit(image, synthesis.SCANS[n % (len(synthesis.SCANS) - 1)], rng).pixels
        for n, image in enumerate(images)
    ]


def photos(count: int) -> list[Pixels]:
    rng = np.random.default_rng(0)
    return [
        synthesis.render_digit(
            image, synthesis.PAPER[n % len(synthesis.PAPER)], rng, max_side=800
        ).pixels
        for n, image in enumerate(sample_of("mnist", count))
    ]


def large_photo() -> bytes:
    import io

    rng = np.random.default_rng(0)
    digit = sample_of("mnist", 1)[0]
    pixels = synthesis.render_digit(digit, "ruled", rng, max_side=1200).pixels
    image = Image.fromarray(pixels).resize((8200, 6150))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def many(pictures: list[Any], rounds: int) -> list[str]:
    mnistkit.recognize_many(pictures[:2])  # loads the network
    taken, memory = [], MemoryRise()
    for _ in range(rounds):
        begin = time.perf_counter()
        mnistkit.recognize_many(pictures)
        taken.append(time.perf_counter() - begin)
    found, peak = spread(taken), memory.before + memory.peak()
    return [f"{len(pictures) / found.median:,.0f}", found.show(".2f"), f"{peak:.0f}"]


PARTS: dict[str, Callable[[Report, Any], None]] = {
    "accuracy": accuracy, "numbers": numbers, "no-digits": no_digits, "speed": speed
}  # fmt: skip


if __name__ == "__main__":
    main()

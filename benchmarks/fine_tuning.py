"""What it brings to train the shipped network further on a few pictures of one's own.

The hand is one that leans like nobody's in MNIST, its digits are photographed on paper by
`mnistkit.synthesis`: 20 of each class to train on, from MNIST's training digits, and others from
its test digits. The steps are those of the documentation: a folder of files, `Dataset.from_folder`
with `prepare_digit`, some of MNIST's digits with them, and `Trainer`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

import mnistkit
from measuring import Report, arguments, at_least
from mnistkit.errors import ImageError
from mnistkit.synthesis import KINDS, render_digit


def main() -> None:
    parser = arguments(__doc__, "fine_tuning")
    parser.add_argument("--kind", choices=list(KINDS), default="white")
    parser.add_argument("--lean", type=float, default=45, help="degrees to the right")
    parser.add_argument("--count", type=at_least(1), default=20, help="pictures of each class")
    parser.add_argument("--mnist", type=at_least(0), default=1000, help="of its digits with them")
    parser.add_argument("--tests", type=at_least(1), default=400, help="pictures to test on")
    parser.add_argument("--seeds", type=at_least(1), default=3)
    chosen = parser.parse_args()
    mnistkit.quiet_tensorflow()
    hand = f"leans by {chosen.lean:g} degrees"
    seeds = f"0 to {chosen.seeds - 1}"
    settings = {"hand": hand, "kind": chosen.kind, "digits of MNIST": str(chosen.mnist)}
    report = Report("fine_tuning", {**settings, "seeds": seeds})
    rows = []
    for seed in range(chosen.seeds):
        before, after, kept, seconds = once(chosen, seed)
        rows.append([str(seed), f"{before:.1f}", f"{after:.1f}", f"{kept:.2f}", f"{seconds:.0f}"])
    report.add(
        f"{10 * chosen.count} pictures of one's own",
        ("seed", "before, %", "after, %", "on MNIST's test images after, %", "s"),
        rows,
        {"rows": rows},
    )
    report.finish(chosen.out)


def once(chosen: argparse.Namespace, seed: int) -> tuple[float, float, float, float]:
    data = mnistkit.load_dataset("mnist")
    rng = np.random.default_rng([seed, 7])
    tests = rng.choice(len(data.test), chosen.tests, replace=False)
    pictures = [written(data.test, int(n), chosen, rng) for n in tests]
    labels = data.test.labels[tests]
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder) / "mine", data.train, chosen, rng)
        begin = time.perf_counter()
        mine = mnistkit.Dataset.from_folder(Path(folder) / "mine", prepare=mnistkit.prepare_digit)
        model = mnistkit.create_model("cnn", weights="handwriting")
        recipe = mnistkit.Recipe(
            epochs=10, batch_size=32, learning_rate=0.0005, schedule="constant"
        )
        trainer = mnistkit.Trainer(model, recipe=recipe, seed=seed)
        trainer.fit(together(mine.train, data.train.shuffle(seed)[: chosen.mnist]), verbose=0)
        seconds = time.perf_counter() - begin
    probabilities = trainer.predict(data.test)[:, :10]
    kept = float((probabilities.argmax(axis=1) == data.test.labels).mean())
    before = accuracy(mnistkit.recognize_many(pictures), labels)
    after = accuracy(mnistkit.recognize_many(pictures, model=trainer.model), labels)
    return 100 * before, 100 * after, 100 * kept, seconds


def together(mine: mnistkit.Split, others: mnistkit.Split) -> mnistkit.Split:
    images = np.concatenate([mine.images, others.images])
    digits = np.array(mine.classes, dtype=int)[mine.labels]
    return mnistkit.Split(images, np.concatenate([digits, others.labels]))


def written(
    split: mnistkit.Split, n: int, chosen: argparse.Namespace, rng: np.random.Generator
) -> NDArray[np.uint8]:
    digit = leaning(split.images[n], chosen.lean)
    return render_digit(digit, chosen.kind, rng).pixels


def leaning(image: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """A digit whose upright strokes lean to the right, in a picture that is wide enough."""
    tangent = np.tan(np.deg2rad(degrees))
    height = len(image)
    room = int(np.ceil(abs(tangent) * height / 2))
    wide = np.pad(image, ((0, 0), (room, room)))
    matrix, offset = [[1, 0], [tangent, 1]], [0, -tangent * (height - 1) / 2]
    return ndimage.affine_transform(wide, matrix, offset, order=1)


def write_folder(
    folder: Path, train: mnistkit.Split, chosen: argparse.Namespace, rng: np.random.Generator
) -> None:
    """Files in one folder for each class; what the preparation finds nothing in is left out."""
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
        numbers = rng.choice(np.flatnonzero(train.labels == label), chosen.count, replace=False)
        for n in numbers:
            pixels = written(train, int(n), chosen, rng)
            try:
                mnistkit.prepare_digit(pixels)
            except ImageError:
                continue
            Image.fromarray(pixels).save(folder / str(label) / f"{n}.png")


def accuracy(readings: list[mnistkit.Reading], labels: np.ndarray) -> float:
    right = [
        len(reading) == 1 and reading[0].label == label
        for reading, label in zip(readings, labels, strict=True)
    ]
    return float(np.mean(right))


if __name__ == "__main__":
    main()

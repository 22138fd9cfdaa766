"""What an image costs in small and large data sets, resident, memory-mapped, and streamed.

The data is MNIST, repeated with small shifts. Every training runs in a fresh process; all sizes and
sources take turns. The first epoch, which holds the compiling, is not counted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import mnistkit
from measuring import (
    MemoryRise,
    Report,
    arguments,
    at_least,
    own_memory,
    run_fresh,
    say,
    spread,
    take_turns,
)

SOURCES = ("resident", "memory-mapped", "tf.data")
SHIFTS = [(down, right) for down in (0, 1, -1, 2, -2) for right in (0, 1, -1, 2, -2)]
BATCH_SIZE = 32
IMAGE_BYTES = 28 * 28


def main() -> None:
    parser = arguments(__doc__, "scaling")
    parser.add_argument(
        "--images",
        nargs="+",
        type=at_least(BATCH_SIZE),
        default=[60_000, 250_000, 1_000_000],
        help="the sizes",
    )
    parser.add_argument("--sources", nargs="+", choices=SOURCES, default=SOURCES)
    parser.add_argument("--rounds", type=at_least(1), default=3)
    parser.add_argument("--epochs", type=at_least(2), default=2)
    parser.add_argument("--measure", nargs=2, metavar=("SOURCE", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.measure:
        source, file = chosen.measure
        print(json.dumps(measure(source, Path(file), chosen.epochs)))
        return
    settings = {
        "rounds": f"{chosen.rounds}, each in a fresh process; sizes and sources take turns",
        "network": f"dense128, batch {BATCH_SIZE}, {chosen.epochs} epochs, the first not counted",
        "spread": "median (smallest - largest)",
    }
    report = Report("scaling", settings)
    with tempfile.TemporaryDirectory() as folder:
        files = {count: write_data(Path(folder), count) for count in sorted(chosen.images)}
        cases = {
            f"{source}, {count:,} images": (source, count)
            for source in chosen.sources
            for count in files
        }
        turns = {
            name: partial(run_measure, source, files[count], chosen.epochs)
            for name, (source, count) in cases.items()
        }
        runs = take_turns(turns, chosen.rounds)
    report_costs(report, {cases[name]: measured for name, measured in runs.items()})
    report.finish(chosen.out)


def report_costs(report: Report, runs: dict[tuple[str, int], list[dict[str, Any]]]) -> None:
    rows, results = [], []
    smallest: dict[str, float] = {}
    for (source, count), measured in runs.items():
        cost = spread([run["epoch_seconds"] / count * 1e6 for run in measured])
        own, total = (
            spread([run[kind] for run in measured]).median for kind in ("own_mb", "total_mb")
        )
        ratio = cost.median / smallest.setdefault(source, cost.median)
        engine = measured[0]["engine"]
        memory = (f"{own:.0f}", f"{total:.0f}")
        rows.append([source, engine, f"{count:,}", cost.show(), f"{ratio:.2f}", *memory])
        results.append(
            {
                "source": source,
                "images": count,
                "engine": engine,
                "microseconds_per_image": cost.to_dict(),
                "times_smallest": ratio,
                "own_mb": own,
                "total_mb": total,
            }
        )
    report.add(
        "Cost of an image in one epoch",
        ("source", "engine", "images", "µs an image", "times the smallest size", "memory, MB",
         "with mapped files, MB"),
        rows,
        results,
        notes=[
            (
                "Memory: the highest point of fit, with the data, above the imported frameworks. "
                "Mapped files, data and libraries, are not in the first figure: the system takes "
                "their pages back when something else needs the room."
            ),
        ],
    )  # fmt: skip


def write_data(folder: Path, count: int) -> Path:
    """`count` images in a file, their labels beside it."""
    say(f"writing {count:,} images")
    train = mnistkit.load_dataset("mnist").train
    path = folder / f"{count}.npy"
    images = np.lib.format.open_memmap(path, "w+", dtype=np.uint8, shape=(count, 28, 28))
    for block, begin in enumerate(range(0, count, len(train))):
        end = min(begin + len(train), count)
        shift = SHIFTS[block % len(SHIFTS)]
        images[begin:end] = np.roll(train.images[: end - begin], shift, axis=(1, 2))
    images.flush()
    np.save(labels_of(path), np.resize(train.labels, count))
    return path


def labels_of(path: Path) -> Path:
    return path.with_name(f"labels-{path.name}")


def run_measure(source: str, file: Path, epochs: int, _: int) -> Any:
    return run_fresh("scaling.py", "--epochs", epochs, "--measure", source, file)


# In the fresh process


def measure(source: str, file: Path, epochs: int) -> dict[str, Any]:
    import keras

    keras.ops.zeros(1)  # what the framework takes for itself at its first operation
    begins: list[float] = []

    class EpochClock(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
            begins.append(time.perf_counter())

    recipe = mnistkit.Recipe(
        epochs=epochs, batch_size=BATCH_SIZE, learning_rate=0.001, schedule="constant"
    )
    trainer = mnistkit.Trainer("dense128", recipe=recipe, callbacks=[EpochClock()])
    total, own = MemoryRise(), OwnMemoryWatch()
    with own:
        trainer.fit(open_data(source, file), verbose=0)
    begins.append(time.perf_counter())
    return {
        "engine": trainer.engine,
        "epoch_seconds": (begins[-1] - begins[1]) / (epochs - 1),
        "own_mb": own.rise,
        "total_mb": total.peak(),
    }


def open_data(source: str, file: Path) -> Any:
    if source == "tf.data":
        return stream(file)
    images = np.load(file, mmap_mode="r" if source == "memory-mapped" else None)
    return mnistkit.Split(images, np.load(labels_of(file)))


def stream(file: Path) -> Any:
    """Batches read from the disk, the order shuffled within 10,000 images."""
    import tensorflow as tf

    labels = labels_of(file)
    count = len(np.load(labels, mmap_mode="r"))

    def records(path: Path, size: int) -> Any:
        header_bytes = path.stat().st_size - count * size
        return tf.data.FixedLengthRecordDataset(str(path), size, header_bytes=header_bytes)

    def decode(images: Any, labels: Any) -> Any:
        pixels = tf.reshape(tf.io.decode_raw(images, tf.uint8), (-1, 28, 28))
        return pixels, tf.reshape(tf.io.decode_raw(labels, tf.uint8), (-1,))

    return (
        tf.data.Dataset.zip(records(file, IMAGE_BYTES), records(labels, 1))
        .shuffle(10_000)
        .batch(BATCH_SIZE)
        .map(decode)
        .apply(tf.data.experimental.assert_cardinality(-(-count // BATCH_SIZE)))
        .prefetch(tf.data.AUTOTUNE)
    )


class OwnMemoryWatch:
    """How far memory without mapped files rises, looked at twenty times a second."""

    def __init__(self) -> None:
        self._before = own_memory()
        self._highest = self._before
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def rise(self) -> float:
        return self._highest - self._before

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self._highest = max(self._highest, own_memory())


if __name__ == "__main__":
    main()

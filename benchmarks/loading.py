"""How long loading MNIST takes once it is on the disk, against Keras' own loader.

Both read files that the system has in memory already, and return the same arrays. They take turns
in one process.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import mnistkit
from measuring import Report, arguments, at_least, spread, take_turns

OURS, KERAS = "mnistkit.load_data", "keras.datasets.mnist.load_data"
Load = Callable[[], Any]


def main() -> None:
    parser = arguments(__doc__, "loading")
    parser.add_argument("--rounds", type=at_least(1), default=15, help="how often each loads")
    chosen = parser.parse_args()
    settings = {
        "rounds": f"{chosen.rounds}, after one to warm up; the two take turns in one process",
        "spread": "median (smallest - largest)",
    }
    report = Report("loading", settings)
    with ExitStack() as stack:
        theirs, note = keras_loader(stack)
        loaders: dict[str, Load] = {OURS: partial(mnistkit.load_data, "mnist"), KERAS: theirs}
        refuse_differences(*(load() for load in loaders.values()))
        turns = {name: partial(seconds, load) for name, load in loaders.items()}
        runs = take_turns(turns, chosen.rounds)
    found = {name: spread([1000 * value for value in values]) for name, values in runs.items()}
    ours = found[OURS].median
    report.add(
        "Loading MNIST from the cache",
        ("", "ms", "times ours"),
        [[f"`{name}`", each.show(".1f"), f"{each.median / ours:.1f}"]
         for name, each in found.items()],
        {name: each.to_dict() for name, each in found.items()},
        notes=[note],
    )  # fmt: skip
    report.finish(chosen.out)


def keras_loader(stack: ExitStack) -> tuple[Load, str]:
    """Keras' function where its file is on this machine; else its steps on one like it.

    Nothing is downloaded for this.
    """
    import keras

    from mnistkit.datasets.mnist import KERAS_ARCHIVE
    from mnistkit.datasets.remote_file import verify

    home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    if verify(KERAS_ARCHIVE, home / "datasets" / KERAS_ARCHIVE.name) is None:
        return keras.datasets.mnist.load_data, "Keras' function on its own file."
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    archive = write_archive(folder / "datasets" / KERAS_ARCHIVE.name)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()

    def load() -> Any:  # the body of keras.datasets.mnist.load_data, with another hash and folder
        path = keras.utils.get_file(
            fname=archive.name,
            origin=KERAS_ARCHIVE.urls[0],
            file_hash=digest,
            cache_dir=str(folder),
        )
        with np.load(path, allow_pickle=False) as file:
            x_train, y_train = file["x_train"], file["y_train"]
            x_test, y_test = file["x_test"], file["y_test"]
            return (x_train, y_train), (x_test, y_test)

    return load, (
        "Keras' own file is not on this machine, so these are the steps of its function "
        "(`keras.utils.get_file` with a hash to check, then `np.load`) on an archive of the same "
        f"arrays by `np.savez_compressed`, {archive.stat().st_size:,} bytes; Keras' file has "
        f"{KERAS_ARCHIVE.size:,}."
    )


def write_archive(path: Path) -> Path:
    (x_train, y_train), (x_test, y_test) = mnistkit.load_data("mnist")
    path.parent.mkdir(parents=True)
    np.savez_compressed(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    return path


def refuse_differences(ours: Any, theirs: Any) -> None:
    for our_part, their_part in zip(ours, theirs, strict=True):
        for mine, other in zip(our_part, their_part, strict=True):
            if mine.dtype != other.dtype or not np.array_equal(mine, other):
                raise SystemExit("The two loaders do not return the same arrays.")


def seconds(load: Load, _: int) -> float:
    begin = time.perf_counter()
    arrays = load()
    elapsed = time.perf_counter() - begin
    del arrays  # after the clock: giving memory back is not loading
    return elapsed


if __name__ == "__main__":
    main()

"""The images of a comparison: what is trained on and measured on, kept for other processes."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import Dataset, Split, load_dataset
from mnistkit.errors import ComparisonError, WrongTypeError
from mnistkit.evaluation import corrupt, list_corruptions
from mnistkit.files.archives import read_archive, write_archive
from mnistkit.files.atomic import write_atomically
from mnistkit.files.json_file import parse_json
from mnistkit.messages import shown, with_article
from mnistkit.training.known_writers import known_writers

On = Literal["holdout", "test"]
_HELD_OUT = 1 / 6
_TEXTS = ("dataset", "part", "loaded_as")
CORRUPTED = "MNIST-C-like "  # begins the name of what corrupted images were measured
_LENGTH = 32  # of a digest
_FOLDER = ".data"  # no contender's folder begins with a dot


@dataclass(frozen=True, eq=False)
class Splits:
    """What a comparison trains on, and what it measures on.

    Attributes
    ----------
    train, measured : Split
    also_on : mapping of str to Split
        Test images of other data sets, never trained on.
    held_out_by : {"writer", "class"} or None
        How the measured images were set aside; None for test images.
    kinds : tuple of str
        Corruptions under which the measured images are measured, too.
    """

    train: Split
    measured: Split
    also_on: Mapping[str, Split]
    held_out_by: Literal["writer", "class"] | None
    kinds: tuple[str, ...]

    @functools.cached_property
    def train_digest(self) -> str:
        """The digest of what is trained on."""
        return digest(self.train)

    @functools.cached_property
    def digests(self) -> dict[str, str]:
        """The digests of what is measured, by name; that of the measured images is empty.

        Corrupted images are told by what they are made from: it takes seconds to make them.
        """
        found = {"": digest(self.measured)}
        found |= {name: digest(split) for name, split in self.also_on.items()}
        return found | {
            CORRUPTED + kind: hashlib.sha256(f"{found['']} {kind}".encode()).hexdigest()[:_LENGTH]
            for kind in self.kinds
        }

    def by_digest(self) -> dict[str, Split]:
        """All images by their digests; the corrupted ones are made now."""
        tests = {"": self.measured, **self.also_on}
        tests |= {CORRUPTED + kind: _corrupted(self.measured, kind) for kind in self.kinds}
        return {self.train_digest: self.train} | {
            self.digests[name]: one for name, one in tests.items()
        }


def splits_of(
    data: Dataset | str, on: On, also_on: Sequence[str] | str, *, robustness: bool
) -> Splits:
    """The images that a comparison needs.

    Raises
    ------
    ComparisonError
        If `on` makes no sense, or other test images are not of the same kind.
    WrongTypeError
        If the data is something else.
    """
    if on not in ("holdout", "test"):
        raise ComparisonError(
            f"on={shown(on)}: expected 'holdout', to choose among contenders, or 'test', for the "
            "end."
        )
    if isinstance(data, str):
        data = load_dataset(data)
    if not isinstance(data, Dataset):
        raise WrongTypeError(
            f"compare takes a mnistkit.Dataset or the name of one, not {with_article(data)}. Two "
            "splits become one with Dataset.from_splits, arrays with Dataset.from_arrays."
        )
    names = (also_on,) if isinstance(also_on, str) else tuple(also_on)
    kinds = tuple(list_corruptions()) if robustness else ()
    for kind in kinds[:1]:  # whatever is wrong with the images is found now
        corrupt(data.test.images[:1], kind)
    others = {name: _known(_other_test(name, data)) for name in names}
    if on == "test":
        return Splits(data.train, _known(data.test), others, None, kinds)
    writers = known_writers(data.train)
    by: Literal["writer", "class"] = "class"
    if writers is not None and (writers != writers[0]).any():
        by = "writer"
    rest, held_out = data.train.holdout(_HELD_OUT, by=by, seed=0)
    return Splits(rest, _known(held_out), others, by, kinds)


def _other_test(name: Any, data: Dataset) -> Split:
    if not isinstance(name, str):
        raise ComparisonError(f"also_on has {shown(name)}; expected names of data sets.")
    test = load_dataset(name).test
    for what, theirs, ours in (
        ("the classes", test.classes, data.classes),
        ("images of the shape", test.images.shape[1:], data.train.images.shape[1:]),
    ):
        if theirs != ours:
            raise ComparisonError(
                f"also_on={name!r} has {what} {shown(theirs)}, {data.info.name!r} has "
                f"{shown(ours)}; expected the same."
            )
    return test


def _known(split: Split) -> Split:
    """The same split, its writers read, or given up, once for all."""
    writers = known_writers(split)
    return Split(
        split.images,
        split.labels,
        classes=split.classes,
        writers=writers,
        **{name: getattr(split, name) for name in _TEXTS},
    )


def _corrupted(split: Split, kind: str) -> Split:
    images = corrupt(split.images, kind)
    return split.replace(images=images, part=f"{split.part}, {kind} (MNIST-C-like)".lstrip(", "))


def digest(split: Split) -> str:
    """What tells images with their labels and names from others."""
    found = hashlib.sha256(np.ascontiguousarray(split.images).data)
    found.update(np.ascontiguousarray(split.labels).data)
    found.update(json.dumps(_about(split)).encode())
    return found.hexdigest()[:_LENGTH]


def _about(split: Split) -> dict[str, Any]:
    return {"classes": list(split.classes), **{name: getattr(split, name) for name in _TEXTS}}


def keep(split: Split, folder: Path, name: str) -> None:
    """Write a split into a comparison's folder, under its digest, for other processes; once."""
    path = _path(folder, name)
    if path.exists():
        return
    path.parent.mkdir(exist_ok=True)
    arrays: dict[str, NDArray[Any]] = {
        "images": split.images,
        "labels": split.labels,
        "about": np.frombuffer(json.dumps(_about(split)).encode(), np.uint8),
    }
    if split.writers is not None:
        arrays["writers"] = split.writers
    write_atomically(path, lambda file: write_archive(file, arrays))


def is_kept(folder: Path, name: str) -> bool:
    """Whether there is what `kept` reads."""
    return bool(name) and _path(folder, name).is_file()


@functools.lru_cache(maxsize=32)  # all images of one comparison
def kept(folder: Path, name: str) -> Split:
    """Read a split that `keep` wrote, by its digest."""
    arrays = read_archive(
        _path(folder, name), required=("images", "labels", "about"), optional=("writers",)
    )
    about = parse_json(arrays["about"].tobytes())
    return Split(arrays["images"], arrays["labels"], writers=arrays.get("writers"), **about)


def _path(folder: Path, name: str) -> Path:
    return folder / _FOLDER / f"{name}.npz"

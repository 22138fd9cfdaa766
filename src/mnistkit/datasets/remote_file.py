"""A published file: how to recognise it, where to look for it, and whether a copy is whole."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from mnistkit.datasets import storage
from mnistkit.files.reading import open_regular

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_ALSO_AT = re.compile(r"(keras|torchvision):(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9_.\-/]*")


@dataclass(frozen=True)
class RemoteFile:
    """A file that is published somewhere: how to recognise it, and where to look for it.

    Parameters
    ----------
    dataset : str
        The data set that it belongs to, which is also its folder below `storage.home`.
    name : str
        What it is called there and at a mirror: ``<mirror>/<dataset>/<name>``.
    size : int or None
        Its size in bytes; None if it is not known.
    digest : str
        ``"sha256:<hex>"``, or ``"md5:<hex>"`` where its publishers state no better one.
    urls : tuple of str
        Where it is published, in the order in which to try.
    also_at : tuple of str, optional
        Where other libraries keep the same file on this machine: ``"keras:<path>"`` below
        ``$KERAS_HOME/datasets``, and ``"torchvision:<path>"`` below the folders that its users
        commonly pass as ``root``.
    unpacked_digest : str, optional
        The digest of what is packed in it, of the same kind, if its name ends in ``.gz``. A copy
        that somebody unpacked is then accepted, also without the ``.gz``.

    Raises
    ------
    ValueError
        If a name, the size or the digest is malformed.

    Examples
    --------
    >>> file = RemoteFile(
    ...     dataset="mnist",
    ...     name="t10k-labels-idx1-ubyte.gz",
    ...     size=4542,
    ...     digest="sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ...     urls=("https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",),
    ...     also_at=("torchvision:MNIST/raw/t10k-labels-idx1-ubyte.gz",),
    ... )
    >>> file.path.parts[-2:]
    ('mnist', 't10k-labels-idx1-ubyte.gz')
    """

    dataset: str
    name: str
    size: int | None
    digest: str
    urls: tuple[str, ...]
    also_at: tuple[str, ...] = ()
    unpacked_digest: str = ""

    def __post_init__(self) -> None:
        """Refuse what would only fail, or lead out of the cache folder, when it is needed."""
        for text in (self.dataset, self.name):
            if not _NAME.fullmatch(text):
                raise ValueError(
                    f"{text!r} cannot be the name of a folder or file in the cache; expected "
                    "letters, digits, '_', '-' and '.', and a letter, a digit or '_' first."
                )
        if self.size is not None and self.size < 0:
            raise ValueError(f"The size of {self.name!r} is {self.size}; expected None or bytes.")
        if not _DIGEST.fullmatch(self.digest):
            raise ValueError(
                f"The digest of {self.name!r} is {self.digest!r}; expected 'sha256:' and 64, or "
                "'md5:' and 32 hexadecimal digits in lower case."
            )
        if self.unpacked_digest and not (
            self.name.endswith(".gz")
            and _DIGEST.fullmatch(self.unpacked_digest)
            and self.unpacked_digest.startswith(self.algorithm)
        ):
            raise ValueError(
                f"The unpacked digest of {self.name!r} is {self.unpacked_digest!r}; expected one "
                f"like {self.digest!r}, of a file whose name ends in '.gz'."
            )
        for place in self.also_at:
            if not _ALSO_AT.fullmatch(place):
                raise ValueError(
                    f"{place!r} does not say where {self.name!r} is; expected 'keras:<path>' or "
                    "'torchvision:<path>'."
                )

    @property
    def path(self) -> Path:
        """Where it is kept, whether it is there or not."""
        return storage.home() / self.dataset / self.name

    @property
    def algorithm(self) -> str:
        """``"sha256"`` or ``"md5"``."""
        return self.digest.partition(":")[0]

    def new_hash(self) -> Any:
        """Start the computation of a digest of this kind, as ``hashlib.new`` does."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def problem(self, num_bytes: int, checksum: str) -> str | None:
        """What is wrong with content of this size and digest; None if nothing is."""
        digest = f"{self.algorithm}:{checksum}"
        if digest == self.unpacked_digest:
            return None
        if self.size not in {None, num_bytes}:
            return f"{num_bytes:,} bytes, expected {self.size:,}"
        expected = self.digest.removeprefix(f"{self.algorithm}:")
        return (
            None
            if digest == self.digest
            else f"the {digest.replace(':', ' ')}, expected {expected}"
        )

    def __str__(self) -> str:
        size = "size not known" if self.size is None else f"{self.size:,} bytes"
        return f"`{self.name}` ({size}, {self.digest.replace(':', ' ')})"


def verify(file: RemoteFile, path: Path) -> str | None:
    """Say in a sentence what is wrong with a copy of a file; None if it is whole."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return f"{str(path)!r} is not a file."
        if file.size not in {None, status.st_size} and not file.unpacked_digest:
            problem = file.problem(status.st_size, "")  # which costs nothing
        else:
            with open_regular(path) as stream:
                digest = hashlib.file_digest(cast("Any", stream), file.new_hash)
            problem = file.problem(status.st_size, digest.hexdigest())
    except (FileNotFoundError, NotADirectoryError):
        return f"{str(path)!r} is missing."
    except OSError as error:
        return f"{str(path)!r} cannot be read: {error.strerror or error}."
    return problem and f"{str(path)!r} has {problem}."


def borrowed_copies(file: RemoteFile) -> Iterator[Path]:
    """Where other libraries may already keep a file on this machine; `verify` each.

    torchvision has no folder of its own, so these are tried: ``./data``, ``../data`` (PyTorch's
    examples), ``~/data``, and ``$TORCH_HOME`` with its sub-folders ``data`` and ``datasets``.
    """
    keras = os.environ.get("KERAS_HOME") or "~/.keras"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    torch = os.environ.get("TORCH_HOME") or f"{cache}/torch"
    folders = {
        "keras": (f"{keras}/datasets",),
        "torchvision": ("data", "../data", "~/data", torch, f"{torch}/data", f"{torch}/datasets"),
    }
    for place in file.also_at:
        library, _, below = place.partition(":")
        for folder in folders[library]:
            # If it is not known which folder "~" is, nothing is in it.
            with contextlib.suppress(RuntimeError):
                yield from with_unpacked(file, Path(folder).expanduser() / below)


def with_unpacked(file: RemoteFile, path: Path) -> tuple[Path, ...]:
    """A path of a file, and that of its unpacked content if it can be verified."""
    return (path, path.with_suffix("")) if file.unpacked_digest else (path,)

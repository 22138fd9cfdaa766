"""A published file: how to recognise it, where to look for it, and whether a copy is whole."""

from __future__ import annotations

import hashlib
import re
import stat
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
        Where other libraries keep the same file on this machine: ``"keras:<path>"`` and
        ``"torchvision:<path>"``, see `storage.borrowed_copies`.

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

    def __post_init__(self) -> None:
        """Refuse what would only fail, or lead out of the cache folder, when it is needed."""
        for text in (self.dataset, self.name):
            if not _NAME.fullmatch(text):
                raise ValueError(
                    f"{text!r} cannot be the name of a folder or file in the cache; expected "
                    "letters, digits, '_', '-' and '.', beginning with none of the last two."
                )
        if self.size is not None and self.size < 0:
            raise ValueError(f"The size of {self.name!r} is {self.size}; expected None or bytes.")
        if not _DIGEST.fullmatch(self.digest):
            raise ValueError(
                f"The digest of {self.name!r} is {self.digest!r}; expected 'sha256:' and 64, or "
                "'md5:' and 32 hexadecimal digits in lower case."
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

    @property
    def checksum(self) -> str:
        """The hexadecimal digits of the digest."""
        return self.digest.partition(":")[2]

    def new_hash(self) -> Any:
        """Start the computation of a digest of this kind, as ``hashlib.new`` does."""
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def __str__(self) -> str:
        size = "size not known" if self.size is None else f"{self.size:,} bytes"
        return f"`{self.name}` ({size}, {self.algorithm} {self.checksum})"


def verify(file: RemoteFile, path: Path) -> str | None:
    """Say what is wrong with a copy of a file: its size first, since that costs nothing.

    Parameters
    ----------
    file : RemoteFile
        What it should be.
    path : pathlib.Path
        The copy to look at.

    Returns
    -------
    str or None
        None if the copy is whole, else a sentence.

    Examples
    --------
    >>> import hashlib, pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "three.bin"
    >>> file = RemoteFile(
    ...     "mine", "three.bin", 3, f"sha256:{hashlib.sha256(b'abc').hexdigest()}", urls=()
    ... )
    >>> verify(file, path).endswith("three.bin' is missing.")
    True
    >>> _ = path.write_bytes(b"abcd")
    >>> verify(file, path).endswith("three.bin' has 4 bytes, expected 3.")
    True
    >>> _ = path.write_bytes(b"abc")
    >>> verify(file, path) is None
    True
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return f"{str(path)!r} is not a file."
        if file.size is not None and status.st_size != file.size:
            return f"{str(path)!r} has {status.st_size:,} bytes, expected {file.size:,}."
        with open_regular(path) as stream:
            digest = hashlib.file_digest(cast("Any", stream), file.new_hash)
    except (FileNotFoundError, NotADirectoryError):
        return f"{str(path)!r} is missing."
    except OSError as error:
        return f"{str(path)!r} cannot be read: {error.strerror or error}."
    found = digest.hexdigest()
    if found != file.checksum:
        return f"{str(path)!r} has the {file.algorithm} {found}, expected {file.checksum}."
    return None

"""The IDX format, in which MNIST and its relatives are published.

A big-endian header, two zero bytes, a type code, the number of dimensions and their sizes as
32-bit integers, is followed by the values. The format is described at the foot of the page
of LeCun, Cortes and Burges, "The MNIST database of handwritten digits" (1998).
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import IdxError
from mnistkit.files.reading import open_regular

_TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_CODES = {dtype.newbyteorder("="): code for code, dtype in _TYPES.items()}
_GZIP_MAGIC = b"\x1f\x8b"
# DEFLATE cannot shrink data further than this, so a small file cannot promise a large array.
_LARGEST_COMPRESSION = 1032
_CHUNK = 1 << 20
_MOST_DIMENSIONS = 64  # of NumPy


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read an IDX file, plain or gzipped.

    Parameters
    ----------
    path : str or path-like
        The file. Compression is recognised by content, not by name.

    Returns
    -------
    numpy.ndarray
        In the machine's byte order, with the type and shape that the header states.

    Raises
    ------
    IdxError
        If the file is not an IDX file, is truncated, has bytes left over, or states a size that its
        own length cannot hold (nothing is allocated before that is checked).
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import numpy as np, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "labels.idx.gz"
    >>> write_idx(path, np.array([5, 0, 4], dtype=np.uint8))
    >>> read_idx(path)
    array([5, 0, 4], dtype=uint8)
    """
    path = Path(path)
    with _idx_errors_only(path.name), open_regular(path) as raw:
        is_gzip = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        size = os.fstat(raw.fileno()).st_size
        if not is_gzip:
            return decode_idx(raw, path.name, most_bytes=size)
        with gzip.GzipFile(fileobj=raw) as unpacked:
            return decode_idx(unpacked, path.name, most_bytes=size * _LARGEST_COMPRESSION)


@contextmanager
def _idx_errors_only(name: str) -> Iterator[None]:
    """Turn whatever is wrong with a file into an IdxError; that it is not there stays as it is."""
    try:
        yield
    except (FileNotFoundError, IdxError):
        raise
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise IdxError(
            f"{name!r} is a damaged gzip file ({error}). Fetch or copy it again."
        ) from error
    # A folder in its place, a disk that fails; in an archive, a member that looks encrypted, of
    # another version, or compressed in an unheard-of way.
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise IdxError(
            f"{name!r} cannot be read ({reason[:200]}). Expected an IDX file, plain or gzipped; "
            "fetch or copy it again."
        ) from error


def decode_idx(stream: BinaryIO | gzip.GzipFile, name: str, most_bytes: int) -> NDArray[Any]:
    """Read an IDX array from an open stream, as from a member of a zip archive.

    Parameters
    ----------
    stream : binary file
        Uncompressed IDX.
    name : str
        What to call it in messages.
    most_bytes : int
        How many bytes the stream can hold at most; a header that promises more is refused.

    Raises
    ------
    IdxError
        As `read_idx` does.
    """
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise IdxError(
            f"{name!r} is not an IDX file: it begins with {magic!r}, where two zero bytes, a type "
            f"code ({', '.join(f'0x{code:02x}' for code in _TYPES)}) and the number of dimensions "
            "are expected."
        )
    dtype, dimensions = _TYPES[magic[2]], magic[3]
    if dimensions > _MOST_DIMENSIONS:
        raise IdxError(
            f"{name!r} has {dimensions} dimensions, where NumPy holds {_MOST_DIMENSIONS} at most; "
            "images have 3, labels 1. It is damaged, or not an IDX file."
        )
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise IdxError(f"{name!r} is truncated: it ends inside its header.")
    shape = struct.unpack(f">{dimensions}I", sizes)
    expected = math.prod(shape) * dtype.itemsize
    if expected > most_bytes:
        raise IdxError(
            f"{name!r} is truncated: its header promises {_counted(expected)} bytes of "
            f"shape {_shown(shape)}, more than the file can hold. Fetch or copy it again."
        )
    content = bytearray()  # grows with what is there, not with what the header promises
    while len(content) < expected:
        piece = stream.read(min(expected - len(content), _CHUNK))
        if not piece:
            raise IdxError(
                f"{name!r} is truncated: its header promises {expected:,} bytes of shape "
                f"{_shown(shape)}, there are {len(content):,}. Fetch or copy it again."
            )
        content += piece
    if stream.read(1):
        raise IdxError(
            f"{name!r} has bytes left over after the {expected:,} that its header promises; "
            "it is damaged, or not the file it claims to be."
        )
    try:
        array = np.frombuffer(content, dtype=dtype).reshape(shape)
    except ValueError as error:  # no values, but more dimensions of many than NumPy multiplies
        raise IdxError(
            f"{name!r} has the shape {_shown(shape)}, which NumPy cannot hold ({error})."
        ) from error
    native: NDArray[Any] = array.astype(dtype.newbyteorder("="), copy=False)
    return native


def read_member(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """Read a gzipped IDX file that is a member of a zip archive.

    Raises
    ------
    IdxError
        As `read_idx` does.
    KeyError
        If the archive has no such member.
    """
    most_bytes = archive.getinfo(name).file_size * _LARGEST_COMPRESSION
    with (
        _idx_errors_only(name),
        archive.open(name) as raw,
        gzip.GzipFile(fileobj=raw) as unpacked,
    ):
        return decode_idx(unpacked, name, most_bytes)


def write_idx(path: str | os.PathLike[str], array: NDArray[Any]) -> None:
    """Write an array as an IDX file, gzipped if the name ends in ``.gz``.

    Parameters
    ----------
    path : str or path-like
        The file to write.
    array : numpy.ndarray
        uint8, int8, int16, int32, float32 or float64, with at least one dimension.

    Raises
    ------
    IdxError
        If IDX has no code for the type, or no room for the shape.
    """
    code = _CODES.get(array.dtype.newbyteorder("="))
    is_small = all(length < 1 << 32 for length in array.shape)
    if code is None or not 1 <= array.ndim <= 255 or not is_small:
        raise IdxError(
            f"IDX cannot hold {array.ndim} dimensions of {array.dtype}, {_shown(array.shape)}; it "
            "takes 1 to 255 dimensions, each below 2**32, of uint8, int8, int16, int32, float32 or "
            "float64."
        )
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    content = header + array.astype(_TYPES[code], copy=False).tobytes()
    path = Path(path)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _shown(shape: tuple[int, ...]) -> str:
    """A shape as a message shows it: not all of its dimensions, if there are dozens."""
    return str(shape) if len(shape) <= 8 else f"({', '.join(map(str, shape[:8]))}, ...)"


def _counted(number: int) -> str:
    return f"{number:,}" if number < 10**18 else "more than 10**18"

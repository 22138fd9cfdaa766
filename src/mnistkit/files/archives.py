"""NumPy archives (.npz) that others could have written: verified whole before they are parsed.

NumPy's own reader trusts an array's header, and reads only as many values as it promises. Zip's
checksum is compared at the end of a member, which is then never reached: one flipped bit in a
header gives another shape, another type or shifted values, and no error. Here a member is read to
its end, and so verified, before anything in it is looked at.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import NpzError
from mnistkit.files.reading import open_regular

Arrays = dict[str, NDArray[Any]]

_HEADER_BYTES = 16_384  # of an array; NumPy itself refuses more than 10,000
_MOST_UNPACKED = 8 << 30
# Images of digits shrink to a fifth. Beyond this, an archive is there to fill the memory.
_LARGEST_COMPRESSION = 200
_ALWAYS_FINE = 64 << 20
_PIECE = 1 << 18
_LOCAL_HEADER, _LENGTHS_AT = 30, 26  # of zip: what stands before a member's name, and its length
_HAS_DESCRIPTOR, _LARGEST_DESCRIPTOR = 8, 24  # of zip: checksum and sizes behind a member
_MOST_LISTED = 10
_MOST_SHOWN = 200  # characters of somebody else's message


def read_archive(
    source: str | os.PathLike[str] | bytes,
    *,
    required: Sequence[str],
    optional: Sequence[str] = (),
    name: str | None = None,
    stored_only: bool = False,
) -> Arrays:
    """Read named arrays from a NumPy archive; nothing in it is unpickled.

    Parameters
    ----------
    source : str, path-like or bytes
        A file, or the content of one.
    required : sequence of str
        Arrays that must be there.
    optional : sequence of str, default ()
        Arrays to read as well if they are there: all of them, or none.
    name : str, optional
        What messages call it; by default the file's name.
    stored_only : bool, default False
        Whether to refuse compressed members, as in files that mnistkit wrote itself. Such a file
        cannot hold more than its own size.

    Returns
    -------
    dict of str to numpy.ndarray

    Raises
    ------
    NpzError
        If it is not an archive, is damaged, lacks an array, holds pickled objects, or would
        unpack to far more than its own size.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> content = archive_bytes({"x": np.arange(3)})
    >>> read_archive(content, required=["x"])["x"]
    array([0, 1, 2])
    """

    def choose(members: Mapping[str, zipfile.ZipInfo], shown: str) -> list[str]:
        wanted = [*required]
        if any(one in members for one in optional):
            wanted += optional
        _refuse_missing(members, wanted, shown)
        return wanted

    return _read(source, choose, name=name, stored_only=stored_only)


def read_whole_archive(
    source: str | os.PathLike[str] | bytes, *, name: str | None = None, stored_only: bool = False
) -> Arrays:
    """Read every array of a NumPy archive, in the order in which they were written.

    Parameters
    ----------
    source, name, stored_only
        As `read_archive` takes them.

    Raises
    ------
    NpzError, FileNotFoundError
        As `read_archive` does.

    Examples
    --------
    >>> list(read_whole_archive(archive_bytes({"b": np.arange(3), "a": np.arange(2)})))
    ['b', 'a']
    """

    def choose(members: Mapping[str, zipfile.ZipInfo], _shown: str) -> list[str]:
        return [*members]

    return _read(source, choose, name=name, stored_only=stored_only, arrays_only=True)


def _read(
    source: str | os.PathLike[str] | bytes,
    choose: Callable[[Mapping[str, zipfile.ZipInfo], str], list[str]],
    *,
    name: str | None,
    stored_only: bool,
    arrays_only: bool = False,
) -> Arrays:
    """Read the arrays that a function chooses; whatever is wrong with the file is an NpzError."""
    shown = name or ("the archive" if isinstance(source, bytes) else Path(source).name)
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else open_regular(source)
        with closing(file):
            _refuse_other_kinds(file, shown)
            archive = zipfile.ZipFile(file)
            size = file.seek(0, os.SEEK_END)
            _refuse_wrong_list(archive, file)
            members = _members(archive, shown, arrays_only=arrays_only)
            chosen = choose(members, shown)
            return {
                one: _array(archive, members[one], shown, file_bytes=size, stored_only=stored_only)
                for one in chosen
            }
    except (FileNotFoundError, NpzError):
        raise
    # A flipped bit can make an archive look encrypted, compressed in an unheard-of way, of another
    # version, or of a size that no memory holds; zipfile and NumPy raise a dozen kinds of errors.
    except Exception as error:
        reason = (str(error) or type(error).__name__)[:_MOST_SHOWN]
        raise NpzError(
            f"{shown!r} is a damaged archive, or not an archive ({reason}). Fetch or save it again."
        ) from error


def write_archive(file: BinaryIO, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as an uncompressed archive, with a checksum each."""
    np.savez(file, allow_pickle=False, **arrays)


def archive_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The content of such an archive."""
    content = io.BytesIO()
    write_archive(content, arrays)
    return content.getvalue()


def _refuse_other_kinds(file: BinaryIO, shown: str) -> None:
    """Say what a file is that NumPy saved, but not as an archive."""
    magic = file.read(6)
    file.seek(0)
    if magic == b"\x93NUMPY":
        raise NpzError(f"{shown!r} is a single array, not an archive (.npz) of named ones.")
    if magic[:1] == b"\x80":
        raise _pickled(shown)


def _pickled(shown: str) -> NpzError:
    return NpzError(
        f"{shown!r} holds pickled objects, which could run code, so it is not read. Save plain "
        "arrays of numbers with numpy.savez."
    )


def _members(
    archive: zipfile.ZipFile, shown: str, *, arrays_only: bool
) -> dict[str, zipfile.ZipInfo]:
    """The archive's arrays by name; a name that is there twice is ambiguous."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        if info.filename.endswith(".npy"):
            name = info.filename.removesuffix(".npy")
            if name in members:
                raise NpzError(f"{shown!r} is damaged: it has two arrays named {name[:60]!r}.")
            members[name] = info
        elif arrays_only:
            raise ValueError(f"{info.filename[:60]!r} in it is not an array")
    if not members and archive.infolist():
        raise NpzError(f"{shown!r} is a zip archive, but has no arrays (.npy) in it.")
    return members


def _refuse_missing(
    members: Mapping[str, zipfile.ZipInfo], wanted: Sequence[str], shown: str
) -> None:
    missing = [name for name in wanted if name not in members]
    if missing:
        there = sorted(members)
        listed = f"{there[:_MOST_LISTED]}" + (
            f" and {len(there) - _MOST_LISTED} more" if len(there) > _MOST_LISTED else ""
        )
        raise NpzError(
            f"{shown!r} lacks the arrays {missing}; it has {listed[:_MOST_SHOWN]}, expected "
            f"{[*wanted]}. Save it with numpy.savez(path, {', '.join(f'{n}=...' for n in wanted)})."
        )


def _refuse_wrong_list(archive: zipfile.ZipFile, file: BinaryIO) -> None:
    """Check the list at the archive's end: each member has to begin where the one before it ends.

    One flipped bit makes an entry of that list longer, so that it swallows those that follow; and
    many entries that name the same bytes would be unpacked many times over.
    """
    members = sorted(archive.infolist(), key=lambda info: info.header_offset)
    starts = [*(info.header_offset for info in members[1:]), archive.start_dir]
    for info, next_start in zip(members, starts, strict=bool(members)):
        file.seek(info.header_offset + _LENGTHS_AT)
        end = info.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
        end += info.compress_size
        slack = _LARGEST_DESCRIPTOR if info.flag_bits & _HAS_DESCRIPTOR else 0
        if not end <= next_start <= end + slack:
            raise ValueError(f"its list is not what is in it, from {info.filename[:60]!r} on")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, file_bytes: int) -> NDArray[np.uint8]:
    """A member to its end, where the checksum is compared; never more than its claimed size."""
    if info.compress_type == zipfile.ZIP_STORED and info.file_size > file_bytes:
        raise ValueError("a member is larger than the file")
    content, filled = np.empty(info.file_size, np.uint8), 0
    with archive.open(info) as member:
        # In pieces: small enough for the processor's cache, and since zipfile would unpack
        # everything in one go before it counts.
        while piece := member.read(_PIECE):
            content[filled : filled + len(piece)] = np.frombuffer(piece, np.uint8)
            filled += len(piece)
    return content[:filled]


def _array(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    shown: str,
    *,
    file_bytes: int,
    stored_only: bool,
) -> NDArray[Any]:
    """One array: its size is checked before, its checksum while, its header after it is read."""
    name = info.filename.removesuffix(".npy")
    if info.compress_type != zipfile.ZIP_STORED:
        if stored_only:
            raise NpzError(f"{shown!r} is not as it was written: {name!r} in it is compressed.")
        if info.compress_type != zipfile.ZIP_DEFLATED:  # zipfile unpacks others without a limit
            raise ValueError(f"compression method {info.compress_type} is not NumPy's")
        most = max(info.compress_size * _LARGEST_COMPRESSION, _ALWAYS_FINE)
        if info.file_size > min(most, _MOST_UNPACKED):
            raise NpzError(
                f"{name!r} in {shown!r} would unpack from {info.compress_size:,} to "
                f"{info.file_size:,} bytes, so it is not unpacked. Save it with numpy.savez, which "
                "does not compress."
            )
    elif info.compress_size != info.file_size:
        raise NpzError(f"{shown!r} is damaged: {name!r} in it has two sizes.")
    content = _content(archive, info, file_bytes)
    stream = io.BytesIO(content[:_HEADER_BYTES].tobytes())
    version = np.lib.format.read_magic(stream)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read_header is None:
        raise NpzError(f"{name!r} in {shown!r} is of an unknown version, {version}.")
    shape, is_fortran, dtype = read_header(stream)
    if dtype.hasobject:
        raise _pickled(shown)
    if any(length < 0 for length in shape):  # NumPy would fill it in
        raise ValueError(f"{name!r} in it is of shape {shape}")
    array: NDArray[Any] = (
        content[stream.tell() :].view(dtype).reshape(shape, order="F" if is_fortran else "C")
    )
    return array

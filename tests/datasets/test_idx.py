from __future__ import annotations

import gzip
import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mnistkit.datasets.idx import read_idx, read_member, write_idx
from mnistkit.errors import IdxError

DTYPES = st.sampled_from(["u1", "i1", "i2", "i4", "f4", "f8"])
ARRAYS = hnp.arrays(
    dtype=DTYPES.map(np.dtype), shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0)
)


@given(array=ARRAYS, suffix=st.sampled_from(["idx", "idx.gz"]))
def test_round_trip(tmp_path_factory, array, suffix):
    path = tmp_path_factory.mktemp("idx") / f"array.{suffix}"
    write_idx(path, array)
    again = read_idx(path)
    assert again.dtype == array.dtype
    assert again.dtype.isnative
    np.testing.assert_array_equal(again, array)


@given(content=st.binary(max_size=200))
def test_any_bytes_give_an_array_or_an_idx_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("idx") / "bytes"
    path.write_bytes(content)
    try:
        read_idx(path)
    except IdxError as error:
        assert "bytes" in str(error)  # noqa: PT017  (some of these bytes do give an array)


@given(array=ARRAYS.filter(lambda array: array.size > 0), data=st.data())
def test_every_truncation_is_noticed(tmp_path_factory, array, data):
    path = tmp_path_factory.mktemp("idx") / "cut.idx"
    write_idx(path, array)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(IdxError, match=r"truncated|not an IDX file"):
        read_idx(path)


def file_with(tmp_path, content, name="file.idx"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_wrong_magic_number(tmp_path):
    path = file_with(tmp_path, b"PK\x03\x04 something else")
    with pytest.raises(IdxError, match=r"'file.idx' is not an IDX file: it begins with b'PK"):
        read_idx(path)


def test_trailing_bytes(tmp_path):
    path = file_with(tmp_path, struct.pack(">BBBBI", 0, 0, 8, 1, 3) + b"abcd")
    with pytest.raises(IdxError, match="bytes left over after the 3"):
        read_idx(path)


def test_truncated_gzip(tmp_path):
    path = tmp_path / "labels.gz"
    write_idx(path, np.arange(1000, dtype=np.int32))
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(IdxError, match="damaged gzip file"):
        read_idx(path)


def test_damaged_gzip(tmp_path):
    path = tmp_path / "labels.gz"
    write_idx(path, np.random.default_rng(0).integers(0, 255, 1000, dtype=np.uint8))
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(IdxError, match=r"damaged|truncated|left over"):
        read_idx(path)


@pytest.mark.parametrize("compress", [False, True])
def test_header_that_promises_too_much_allocates_nothing(tmp_path, compress):
    content = struct.pack(">BBBBIII", 0, 0, 8, 3, 60_000, 28, 28) + bytes(100)
    path = file_with(tmp_path, gzip.compress(content) if compress else content)
    tracemalloc.start()
    try:
        with pytest.raises(IdxError, match="promises 47,040,000 bytes"):
            read_idx(path)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_name_does_not_decide_about_compression(tmp_path):
    write_idx(tmp_path / "a.gz", np.arange(3, dtype=np.uint8))
    (tmp_path / "a.gz").rename(tmp_path / "a.idx")
    assert read_idx(tmp_path / "a.idx").tolist() == [0, 1, 2]


def test_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "nothing")


@pytest.mark.parametrize("array", [np.zeros(3, complex), np.zeros(3, "U1"), np.uint8(3)[...]])
def test_what_idx_cannot_hold(tmp_path, array):
    with pytest.raises(IdxError, match="IDX cannot hold"):
        write_idx(tmp_path / "a", array)


def test_member_of_an_archive(tmp_path):
    write_idx(tmp_path / "a.gz", np.arange(5, dtype=np.uint8))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "a.gz", "inner/a.gz")
        archive.writestr("broken.gz", b"\x1f\x8b nonsense")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert read_member(archive, "inner/a.gz").tolist() == [0, 1, 2, 3, 4]
        with pytest.raises(IdxError, match="damaged"):
            read_member(archive, "broken.gz")


def refused(tmp_path, content):
    with pytest.raises(IdxError) as caught:
        read_idx(file_with(tmp_path, content))
    assert len(str(caught.value)) < 600
    return str(caught.value)


@pytest.mark.parametrize("dimensions", [65, 255])
@pytest.mark.parametrize("length", [0, 1, 2**32 - 1])
def test_more_dimensions_than_numpy_holds(tmp_path, dimensions, length):
    content = struct.pack(f">BBBB{dimensions}I", 0, 0, 8, dimensions, *[length] * dimensions)
    message = refused(tmp_path, content + b"1")
    assert f"has {dimensions} dimensions, where NumPy holds 64 at most" in message


def test_as_many_dimensions_as_numpy_holds(tmp_path):
    path = file_with(tmp_path, struct.pack(">BBBB64I", 0, 0, 8, 64, *[1] * 64) + b"1")
    assert read_idx(path).ndim == 64


@pytest.mark.parametrize("dimensions", [2, 3, 8, 64])
def test_products_that_no_machine_word_holds(tmp_path, dimensions):
    shape = [2**32 - 1] * dimensions
    header = struct.pack(f">BBBB{dimensions}I", 0, 0, 14, dimensions, *shape)
    for content in (header, gzip.compress(header)):
        assert "truncated" in refused(tmp_path, content)
    empty = struct.pack(f">BBBB{dimensions + 1}I", 0, 0, 14, dimensions + 1, 0, *shape)
    try:
        assert read_idx(file_with(tmp_path, empty)).size == 0
    except IdxError as error:
        assert "which NumPy cannot hold" in str(error) or "dimensions" in str(error)  # noqa: PT017


@given(
    array=ARRAYS, compress=st.booleans(), data=st.data(),
    how=st.sampled_from(["flip", "cut", "insert", "double"]),
)  # fmt: skip
def test_every_change_of_a_file_is_an_idx_error_or_what_its_bytes_say(
    tmp_path_factory, array, compress, data, how
):
    path = tmp_path_factory.mktemp("idx") / "file"
    write_idx(path, array)
    content = bytearray(gzip.compress(path.read_bytes()) if compress else path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    if how == "flip":
        content[position] ^= 1 << data.draw(st.integers(0, 7))
    elif how == "cut":
        del content[position : position + data.draw(st.integers(1, 5))]
    elif how == "insert":
        content[position:position] = data.draw(st.binary(min_size=1, max_size=5))
    else:
        content = content * 2
    path.write_bytes(content)
    try:
        found = read_idx(path)
    except IdxError as error:
        assert len(str(error)) < 600  # noqa: PT017  (some changes are harmless)
        return
    if compress:
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)
    else:  # nothing checks the values of a plain file
        write_idx(path, found)
        assert path.read_bytes() == content


@given(st.binary(max_size=100))
def test_any_bytes_after_a_gzip_header(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("idx") / "bytes"
    path.write_bytes(b"\x1f\x8b\x08" + content)
    with pytest.raises(IdxError):
        read_idx(path)


def test_a_bomb_behind_an_honest_header_is_not_unpacked(tmp_path):
    content = struct.pack(">BBBBI", 0, 0, 8, 1, 3) + bytes(300_000_000)
    packed = gzip.compress(content, compresslevel=1)
    del content
    tracemalloc.start()
    try:
        assert "bytes left over" in refused(tmp_path, packed)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_what_is_no_file(tmp_path):
    with pytest.raises(IdxError, match=r"cannot be read .*Expected an IDX file"):
        read_idx(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        for path in (tmp_path / "fifo", "/dev/zero"):
            with pytest.raises(IdxError, match="is not a regular file"):
                read_idx(path)


def archive_of(tmp_path, compression=zipfile.ZIP_STORED):
    write_idx(tmp_path / "a.gz", np.arange(50, dtype=np.int16).reshape(5, 10))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        archive.write(tmp_path / "a.gz", "a.gz")
    return content.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_flipped_bit_of_an_archive_is_noticed_or_harmless(tmp_path, compression):
    content = bytearray(archive_of(tmp_path, compression))
    expected = np.arange(50, dtype=np.int16).reshape(5, 10)
    for position in range(len(content)):
        for bit in range(8):
            content[position] ^= 1 << bit
            try:
                archive = zipfile.ZipFile(io.BytesIO(content))
                archive.getinfo("a.gz")
            except (zipfile.BadZipFile, NotImplementedError, KeyError, UnicodeDecodeError):
                pass  # whoever opens the archive sees it
            else:
                try:
                    np.testing.assert_array_equal(read_member(archive, "a.gz"), expected)
                except IdxError as error:
                    assert len(str(error)) < 600  # noqa: PT017
            content[position] ^= 1 << bit


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [(8, 1, "encrypted"), (10, 99, "compression"), (10, 12, "damaged|cannot be read"),
     (10, 14, "damaged|cannot be read"), (24, 1, "damaged|cannot be read|left over")],
)  # fmt: skip
def test_members_that_are_not_what_they_seem(tmp_path, offset, value, message):
    content = bytearray(archive_of(tmp_path))
    content[zipfile.ZipFile(io.BytesIO(content)).start_dir + offset] = value
    if offset < 12:
        content[offset - 2] = value
    with zipfile.ZipFile(io.BytesIO(content)) as archive, pytest.raises(IdxError, match=message):
        read_member(archive, "a.gz")


def test_a_member_that_is_not_there(tmp_path):
    with zipfile.ZipFile(io.BytesIO(archive_of(tmp_path))) as archive, pytest.raises(KeyError):
        read_member(archive, "b.gz")

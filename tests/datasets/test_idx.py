from __future__ import annotations

import gzip
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

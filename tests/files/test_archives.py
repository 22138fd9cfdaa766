"""NumPy archives: whatever happens to one, it is read as it was written, or not at all."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mnistkit.errors import NpzError
from mnistkit.files.archives import archive_bytes, read_archive, read_whole_archive

ARRAYS = {
    "bytes": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "floats": np.array([1.5, -2.0], np.float32),
    "text": np.array(["a", "bc"]),
    "columns": np.asfortranarray(np.arange(4, dtype=">i2").reshape(2, 2)),
}
NAMES = [*ARRAYS]


def assert_same(found):
    assert [*found] == NAMES
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tolist() == array.tolist()


def assert_same_or_refused(content):
    """Both readers; the one that takes every array may not lose one either."""
    for read in (
        lambda: read_archive(content, required=NAMES),
        lambda: read_whole_archive(content),
    ):
        try:
            found = read()
        except NpzError as error:
            assert len(str(error)) < 600  # noqa: PT017  (some of these can be read)
        else:
            assert_same(found)


def test_every_flipped_bit_is_noticed_or_harmless():
    content = archive_bytes(ARRAYS)
    assert_same(read_whole_archive(content))
    flipped = bytearray(content)
    for position in range(len(content)):
        for bit in range(8):
            flipped[position] ^= 1 << bit
            assert_same_or_refused(bytes(flipped))
            flipped[position] = content[position]


def test_every_truncation_is_noticed():
    content = archive_bytes(ARRAYS)
    for length in range(len(content)):
        with pytest.raises(NpzError):
            read_whole_archive(content[:length])


@given(st.binary(max_size=300))
def test_any_bytes_are_an_archive_or_an_npz_error(content):
    try:
        read_whole_archive(content)
    except NpzError as error:
        assert "archive" in str(error) or "pickled" in str(error)  # noqa: PT017


@given(
    st.dictionaries(
        st.text("abcäé :.", min_size=1, max_size=5),
        hnp.arrays(st.sampled_from(["u1", "i8", "f4", "?", "c8"]), hnp.array_shapes(min_side=0)),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_round_trip_keeps_order_and_arrays(arrays):
    found = read_whole_archive(archive_bytes(arrays), stored_only=True)
    assert [*found] == [*arrays]
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def npy(array):
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def header(text, version=b"\1\0"):
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode()


def zipped(members, compression=zipfile.ZIP_STORED):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of two members with one name
        for name, member in members:
            archive.writestr(name, member)
    return content.getvalue()


def deflated_zeros(count):
    """The zeros of a bomb, packed without ever holding them all."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece, packed = bytes(1 << 20), []
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({count},), }}"
    start = header(text.ljust(117) + "\n")
    packed.append(packer.compress(start))
    checksum, left = zlib.crc32(start), count
    while left:
        part = piece[: min(left, len(piece))]
        packed.append(packer.compress(part))
        checksum, left = zlib.crc32(part, checksum), left - len(part)
    return b"".join([*packed, packer.flush()]), checksum, count + len(start)


def zip_of(packed, checksum, claimed, name=b"x.npy"):
    """A zip archive with one deflated member, of whatever size it claims."""
    common = struct.pack(
        "<HHHHHIIIHH", 20, 0, 8, 0, 0x21, checksum, len(packed), claimed, len(name), 0
    )
    local = b"PK\3\4" + common + name + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + common + bytes(14) + name
    assert len(central) == 46 + len(name)
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\5\6" + end


def peak_of(read, message):
    tracemalloc.start()
    try:
        with pytest.raises(NpzError, match=message):
            read()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked():
    bomb = zip_of(*deflated_zeros(300_000_000))
    peak = peak_of(lambda: read_archive(bomb, required=["x"]), "would unpack from .* to 300,000,1")
    assert peak < 10_000_000


@pytest.mark.parametrize("claimed", [3_000_000_000, 0xFFFFFFFE])
def test_a_claimed_size_allocates_nothing(claimed):
    packed, checksum, _ = deflated_zeros(1000)
    lying = zip_of(packed, checksum, claimed)
    assert peak_of(lambda: read_archive(lying, required=["x"]), "would unpack") < 1_000_000


def test_a_bomb_that_claims_to_be_small_is_cut_off():
    packed, checksum, _ = deflated_zeros(200_000_000)
    lying = zip_of(packed, checksum, 1000)
    assert peak_of(lambda: read_archive(lying, required=["x"]), "damaged") < 10_000_000


def test_what_compresses_well_and_is_small_is_read():
    found = read_archive(zip_of(*deflated_zeros(1_000_000)), required=["x"])
    assert found["x"].shape == (1_000_000,)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_not_unpacked(method):
    content = zipped([("x.npy", npy(np.zeros(10_000_000, np.uint8)))], method)
    peak = peak_of(lambda: read_archive(content, required=["x"]), "compression method")
    assert peak < 1_000_000


def test_a_stored_file_is_never_larger_than_itself():
    member = npy(np.zeros(100_000, np.uint8))
    content = bytearray(zipped([(f"{n}.npy", member if n == 0 else b"") for n in range(50)]))
    archive = zipfile.ZipFile(io.BytesIO(content))
    first = archive.getinfo("0.npy")
    position = archive.start_dir
    for _ in range(50):  # every member is the first one again
        struct.pack_into("<III", content, position + 16, first.CRC, len(member), len(member))
        struct.pack_into("<I", content, position + 42, 0)
        position += 46 + struct.unpack_from("<H", content, position + 28)[0]
    peak = peak_of(
        lambda: read_whole_archive(bytes(content), stored_only=True), "list is not what is"
    )
    assert peak < 500_000


def test_a_list_that_lost_a_member_is_noticed():
    """Or optional arrays would seem not to be there."""
    content = bytearray(zipped([("x.npy", npy(np.arange(3))), ("y.npy", npy(np.arange(4)))]))
    start = zipfile.ZipFile(io.BytesIO(content)).start_dir
    content[start + 32] = 46 + len("y.npy")  # the first entry's comment swallows the second
    with pytest.raises(NpzError, match="list is not what is in it, from 'x"):
        read_archive(bytes(content), required=["x"], optional=["y"])


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_other_writers_are_read(tmp_path, compression):
    class Pipe(io.RawIOBase):
        def writable(self):
            return True

        def write(self, piece):
            pieces.append(bytes(piece))
            return len(piece)

    pieces = []
    with zipfile.ZipFile(Pipe(), "w", compression) as archive:  # with sizes behind the members
        archive.writestr("x.npy", npy(np.arange(3)))
        archive.writestr("notes.txt", "two")
    (tmp_path / "a.npz").write_bytes(b"".join(pieces))
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr("y.npy", npy(np.arange(4)))
    found = read_archive(tmp_path / "a.npz", required=["x", "y"])
    assert [len(array) for array in found.values()] == [3, 4]
    with pytest.raises(NpzError, match=r"'notes\.txt' in it is not an array"):
        read_whole_archive(tmp_path / "a.npz")


def test_duplicate_members_are_ambiguous():
    content = zipped([("x.npy", npy(np.arange(3))), ("x.npy", npy(np.arange(4)))])
    with pytest.raises(NpzError, match="two arrays named 'x'"):
        read_archive(content, required=["x"])


@pytest.mark.parametrize(
    "member",
    [
        b"",
        b"\x93NUMPY",
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}") + b"1234",
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}") + b"1234",
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}") + b"1234",
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (2**70,)}") + b"1234",
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
        header("{'descr': '|V0', 'fortran_order': False, 'shape': (3,)}") + b"1234",
        header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}") + b"123",
        header("{'descr': '|u1', 'shape': (3,)}") + b"123",
        header("__import__('os').abort()"),
        header("(" * 9000),
        header("{'descr': '|u1', 'fortran_order': False, 'shape': (3,)}", b"\7\0") + b"123",
    ],
)
def test_lying_headers_are_refused(member):
    with pytest.raises(NpzError, match=r"'x\.npz'|'x' in 'x.npz'"):
        read_archive(zipped([("x.npy", member)]), required=["x"], name="x.npz")


def test_pickled_objects_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    structure = np.zeros(1, [("a", object)])
    structure["a"] = Bomb()
    for array in (np.array([Bomb()], object), structure):
        content = zipped([("x.npy", npy(array))])
        with pytest.raises(NpzError, match="pickled objects, which could run code"):
            read_archive(content, required=["x"])
    assert not (tmp_path / "exploded").exists()


def test_missing_arrays_are_named_and_the_list_is_short():
    content = archive_bytes({f"array{n}": np.arange(1) for n in range(500)})
    with pytest.raises(NpzError, match=r"lacks the arrays \['x'\].*and 490 more") as caught:
        read_archive(content, required=["x"])
    assert len(str(caught.value)) < 600


def test_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_archive(tmp_path / "nothing.npz", required=["x"])


def test_a_folder_is_no_archive(tmp_path):
    with pytest.raises(NpzError, match=r"not a regular file|is a folder|Permission"):
        read_archive(tmp_path, required=["x"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on this system")
def test_a_fifo_or_a_device_is_no_archive(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", "/dev/zero", "/dev/null"):
        with pytest.raises(NpzError, match="not a regular file"):
            read_archive(path, required=["x"])

"""Tables of pixels that are damaged, odd, or made to do harm."""

from __future__ import annotations

import gzip
import os
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit import Dataset
from mnistkit.datasets.csv_table import read_csv
from mnistkit.errors import CsvError

HEADER = "label,pixel0,pixel1,pixel2,pixel3\n"
ROW = "7,1,2,3,4\n"


@pytest.fixture
def table(tmp_path):
    def write(content, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refusal(path):
    with pytest.raises(CsvError) as caught:
        read_csv(path)
    message = str(caught.value)
    assert len(message) < 600
    assert repr(path.name) in message
    return message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROW + "7,1,2,3\n", "Line 2 of 'a.csv' has 4 cells, too few or too many: expected 5"),
        (HEADER + ROW + "7,1,2,3,4,5\n", "Line 3 of 'a.csv' has 6 cells"),
        (HEADER + "7\n", "Line 2 of 'a.csv' has 1 cells"),
        (HEADER + ROW * 3 + "7,1,2,3,", "Line 5 of 'a.csv' has '' in 'pixel3'"),
        (HEADER + "\n\n# by hand\n" + ROW + "7,1,x,3,4\n", "Line 6 of 'a.csv' has 'x' in 'pixel1'"),
        (HEADER.replace(",", ";"), "its cells seem to be separated by ';'"),
        (ROW.replace(",", "\t"), r"its cells seem to be separated by '\t'"),
        (ROW + "7,1,x,3,4\n", "Line 2 of 'a.csv' has 'x' in 'column 3'"),
        ("7,1,2,1.5,4\n", "Line 1 of 'a.csv' has '1.5' in 'column 4'"),
        (HEADER + ROW.replace("7", "seven"), "has 'seven' in 'label'"),
        (HEADER + ROW.replace("2", "9" * 10_000), "has '99999999999999999999"),
        (HEADER + ROW.replace("2", "\0"), r"has '\x00' in 'pixel1'"),
        (HEADER + ROW.replace("2", '"2"'), "has '\"2\"' in 'pixel1'"),
        ("label," + HEADER + "7," + ROW, "has the columns 'label' more than once"),
        ("label,pixel0,pixel0,pixel1,pixel2\n" + ROW, "has the columns 'pixel0' more than once"),
        ("label,pixel0,pixel00,pixel1,pixel2\n" + ROW, "has the columns 'pixel00' more than"),
        ("label,pixel99999999\n1,2\n", "'pixel0', 'pixel1', 'pixel2', 'pixel3', 'pixel4', ... (99"),
        ("label,pixel" + "9" * 9000 + "\n1,2\n", "(1,000,000,000 in all)"),
        ("label,pixel0,pixel²\n1,2,3\n" * 5, "no whole number|has '"),
        ("label" + ",p" * 3_000_000, "has 3,000,001 columns"),
        ("," * 3_000_000, "has 3,000,001 columns"),
        ("x" * 20_000_000, "Line 1 of 'a.csv' has more than 16,000,000 characters"),
        (HEADER + " " * 20_000_000, "Line 2 of 'a.csv' has more than 16,000,000"),
        ("x" * 10_000 + ",y\n", "no column 'label'; its columns are 'xxx"),
        ("a\0b,c\n", r"its columns are 'a\x00b', 'c'"),
        ("\n\n", "is empty"),
        ("\ufeff", "is empty"),
        ("# nothing\n", "is empty"),
        (b"\0" * 1000, "no column 'label'"),
        (HEADER.encode("utf-16"), "is not a table of text"),
        (HEADER.encode() + b"\xff", "is not a table of text"),
        (gzip.compress(HEADER.encode()), "let its name end in '.gz'"),
    ],
)
def test_bad_tables(table, text, message):
    said = refusal(table(text))
    assert any(one in said for one in message.split("|")), said


@pytest.mark.parametrize("column", [0, 2])
@pytest.mark.parametrize(
    "number", ["1e400", "nan", "inf", "99999999999999999999", "-1", "256", "1.5", "0x10", "1_0", ""]
)
def test_numbers_that_are_no_pixel_or_label(table, number, column):
    cells = ["7", "1", "2", "3", "4"]
    cells[column] = number
    for header in (HEADER, ROW):
        message = refusal(table(header + ",".join(cells) + "\n"))
        assert "no whole number from 0 to 255. Correct or remove the line." in message


def test_whole_numbers_however_they_are_written(table):
    images, labels = read_csv(table(HEADER + " 7 ,1.0,+2,3e0,255.\n"))
    assert images.tolist() == [[[1, 2], [3, 255]]]
    assert labels.tolist() == [7]
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


def test_other_columns_may_hold_anything(table):
    images, labels = read_csv(table("name,pixel0,label\nzero,1,0\n-1e400,2,1\n"))
    assert images.ravel().tolist() == [1, 2]
    assert labels.tolist() == [0, 1]


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_byte_order_marks(table, break_, mark):
    for header in ("", HEADER):
        text = mark + (header + ROW + ROW.rstrip()).replace("\n", break_)
        assert read_csv(table(text))[1].tolist() == [7, 7]


@given(st.integers(1, 50), st.integers(1, 5), st.integers(0, 2**32))
def test_tables_survive(tmp_path_factory, count, side, seed):
    generator = np.random.default_rng(seed)
    table = generator.integers(0, 256, (count, 1 + side * side))
    path = tmp_path_factory.mktemp("csv") / "a.csv.gz"
    np.savetxt(path, table, fmt="%d", delimiter=",")
    images, labels = read_csv(path)
    np.testing.assert_array_equal(images.reshape(count, -1), table[:, 1:])
    np.testing.assert_array_equal(labels, table[:, 0])


def test_a_large_table_is_read_in_parts(table):
    line = "3," + ",".join(["128"] * 784) + "\n"
    images, labels = read_csv(table(line * 3000))
    assert images.shape == (3000, 28, 28)
    assert (images == 128).all()
    assert (labels == 3).all()
    assert "Line 3001 of" in refusal(table(line * 3000 + line.replace("128", "x", 1)))


@given(st.binary(max_size=200) | st.text('label,pixel0123456789.-e"#\n\0ä').map(str.encode))
def test_any_bytes_are_a_table_or_a_csv_error(tmp_path_factory, content):
    for name in ("a.csv", "a.csv.gz"):
        path = tmp_path_factory.mktemp("csv") / name
        path.write_bytes(content)
        try:
            read_csv(path)
        except CsvError as error:
            assert len(str(error)) < 600  # noqa: PT017  (some of these are tables)


def test_every_cut_of_a_gzipped_table_is_noticed(table):
    content = gzip.compress((HEADER + ROW * 20).encode())
    for length in range(1, len(content)):
        assert "damaged" in (said := refusal(table(content[:length], "a.csv.gz"))) or (
            "cannot be read" in said
        )
    assert "is empty" in refusal(table(b"", "a.csv.gz"))


def test_every_flipped_bit_of_a_gzipped_table_is_noticed_or_harmless(table):
    content = bytearray(gzip.compress((HEADER + ROW * 3).encode(), mtime=0))
    for position in range(len(content)):
        for bit in range(8):
            content[position] ^= 1 << bit
            try:
                images, labels = read_csv(table(bytes(content), "a.csv.gz"))
            except CsvError:
                pass
            else:
                assert images.tolist() == [[[1, 2], [3, 4]]] * 3
                assert labels.tolist() == [7] * 3
            content[position] ^= 1 << bit


def test_what_is_not_gzipped_although_its_name_says_so(table):
    assert "take the '.gz' off its name" in refusal(table(HEADER + ROW, "a.csv.gz"))


def test_a_bomb_is_not_unpacked(table, monkeypatch):
    monkeypatch.setattr("mnistkit.datasets.csv_table._ALWAYS_FINE", 40_000_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = (" " * 999_999 + "\n").encode()
    content = b"".join([*(packer.compress(piece) for _ in range(60)), packer.flush()])
    path = table(content, "a.csv.gz")
    tracemalloc.start()
    try:
        assert "so it is not read on" in refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_number_in_the_header_allocates_nothing(table):
    path = table("label,pixel99999999\n1,2\n")
    tracemalloc.start()
    try:
        refusal(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        Dataset.from_csv(tmp_path / "nothing.csv")
    assert "cannot be read" in refusal(tmp_path)
    if hasattr(os, "mkfifo"):
        for name in ("fifo.csv", "fifo.csv.gz"):
            os.mkfifo(tmp_path / name)
            assert "not a regular file" in refusal(tmp_path / name)
    (tmp_path / "a.csv").touch()
    assert "cannot be read" in refusal(tmp_path / "a.csv" / "b.csv")

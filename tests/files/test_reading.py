"""Files that others could have laid there, and JSON in them."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit.files.json_file import parse_json, read_json
from mnistkit.files.reading import open_regular, read_bytes

NEEDS_FIFO = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")


def read_at_most_ten(path):
    return read_bytes(path, most_bytes=10)


READERS = [open_regular, read_at_most_ten, read_json]


@pytest.mark.parametrize("read", READERS)
def test_missing_file_is_the_usual_error(tmp_path, read):
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "nothing")


@pytest.mark.parametrize("read", READERS)
def test_a_folder_is_refused(tmp_path, read):
    with pytest.raises(OSError, match=r"not a regular file|is a folder|Permission"):
        read(tmp_path)


@NEEDS_FIFO
@pytest.mark.parametrize("read", READERS)
def test_nothing_waits_for_a_fifo_or_reads_a_device(tmp_path, read):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path in (tmp_path / "fifo", "/dev/zero", tmp_path / "link"):
        with pytest.raises(OSError, match="not a regular file"):
            read(path)


@NEEDS_FIFO
def test_a_refused_file_is_closed_again(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    before = os.dup(0)
    os.close(before)
    for _ in range(20):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / "fifo")
    after = os.dup(0)
    os.close(after)
    assert after == before


def test_size_is_checked_before_reading(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    assert read_at_most_ten(path) == b"0123456789"
    path.write_bytes(b"0123456789a")
    with pytest.raises(OSError, match="it has 11 bytes, expected at most 10"):
        read_at_most_ten(path)
    os.truncate(path, 1 << 40)  # a hole: nothing is on the disk
    with pytest.raises(OSError, match="it has 1,099,511,627,776 bytes"):
        read_at_most_ten(path)
    with pytest.raises(OSError, match="expected at most 16,000,000"):
        read_json(path)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_json_survives(value):
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "nothing", b"\xff\xfe", b"\0", '{"a": 1,}',
        "[" * 1_000_000, '{"a":' * 1_000_000, "[" * 100_000 + "]" * 100_000, "9" * 10_000,
    ],
)  # fmt: skip
def test_whatever_is_no_json_is_a_value_error(tmp_path, text):
    with pytest.raises(ValueError, match=r".") as caught:
        parse_json(text)
    assert len(str(caught.value)) < 300
    (tmp_path / "a.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=r"."):
        read_json(tmp_path / "a.json")


@given(st.binary(max_size=100))
def test_any_bytes_are_json_or_a_value_error(content):
    try:
        parse_json(content)
    except ValueError as error:
        assert str(error)  # noqa: PT017  (some of these bytes are JSON)

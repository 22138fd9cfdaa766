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


def counted(start, count):
    """A header of numbers that does not say which is the label, and a line."""
    return ",".join(map(str, range(start, start + count))) + "\n" + "0," * (count - 1) + "9\n"


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
        (ROW.replace(",", " "), "its cells seem to be separated by blanks"),
        ("7;1,0;2,5;3;4\n", "has ',' and ';', so it is not clear what separates"),
        (HEADER.replace(",", ";") + "7;1,0;2;3;4\n", "Line 2 of 'a.csv' has '1,0' in 'pixel0'"),
        (HEADER.replace(",", ";") + ROW, "Line 2 of 'a.csv' has 1 cells"),
        (ROW + "7,1,x,3,4\n", "Line 2 of 'a.csv' has 'x' in 'column 3'"),
        ("7,1,2,1.5,4\n", "Line 1 of 'a.csv' has '1.5' in 'column 4'"),
        (HEADER + ROW.replace("7", "seven"), "has 'seven' in 'label'"),
        (HEADER + ROW.replace("2", "9" * 10_000), "has '99999999999999999999"),
        (HEADER + ROW.replace("2", "\0"), r"has '\x00' in 'pixel1'"),
        (HEADER + ROW.replace("2", '"2'), "has '\"2' in 'pixel1'"),
        (HEADER + '"7,1",2,3,4\n', "has '\"7' in 'label'"),
        (HEADER + ROW.replace("2", '""'), "has '' in 'pixel1'"),
        (HEADER + ROW.replace("2", '"2""3"'), "in 'pixel1'"),
        ("label,class,pixel0\n7,7,1\n", "'label', 'class', each of which may be the label"),
        ("label,Label,pixel0\n7,7,1\n", "the columns 'Label', 'label' more than once"),
        ("name," + HEADER + "a," + ROW, "has the columns 'name', which are neither"),
        ("x9," + HEADER + "0," + ROW, "has the columns 'x9', which are neither"),
        ("a,b," + HEADER + "0,0," + ROW, "has the columns 'a', 'b', which are neither"),
        ("id,id," + HEADER + "0,0," + ROW, "the columns 'id' more than once"),
        ("label,1x1,1x2,2x1,3x1\n" + ROW, "from 1x1 to 3x1, which do not form a square"),
        ("label,1x1,1x2,1x3,1x4\n" + ROW, "from 1x1 to 1x4, which do not form a square"),
        ("label,3x3,3x4,4x3,4x4\n" + ROW, "from 3x3 to 4x4, which do not form a square"),
        ("label,pixel2,pixel3,pixel4,pixel5\n" + ROW, "lacks the columns 'pixel0', 'pixel1'"),
        ("label,pixel1,pixel2,pixel4,pixel5\n" + ROW, "lacks the columns 'pixel3'"),
        ("label,pixel0,pixel1,pixel2,x3\n" + ROW, "has the columns 'x3', which are neither"),
        ("label\n7\n", "lacks the columns 'pixel0', 'pixel1', ..."),
        (counted(0, 65), "counts from 0 to 64, so it seems to be a header that does not say"),
        (counted(1, 785), "counts from 1 to 785"),
        (HEADER + ROW.replace("2", "٣"), "Line 2 of 'a.csv' has '٣' in 'pixel1'"),
        (HEADER + ROW.replace("2", "1_0"), "Line 2 of 'a.csv' has '1_0' in 'pixel1'"),
        (HEADER.strip() + ",\n" + ROW, "Line 2 of 'a.csv' has 5 cells"),
        (HEADER.strip() + ",\n7,1,2,3,4,5\n", "ends with '7,1,2,3,4,5', but the first line ends"),
        (HEADER + "7,1,2,3,4,\n", "Line 2 of 'a.csv' has 6 cells"),
        ("7,1,2,3,\n" * 2, "3 pixel columns, which do not form a square"),
        ("\ufeff" + "7,1,2,x,4\n", "Line 1 of 'a.csv' has 'x' in 'column 4'"),
        ("label," + HEADER + "7," + ROW, "has the columns 'label' more than once"),
        ("label,pixel0,pixel0,pixel1,pixel2\n" + ROW, "has the columns 'pixel0' more than once"),
        ("label,pixel0,pixel00,pixel1,pixel2\n" + ROW, "has the columns 'pixel00' more than"),
        (
            "label,pixel99999999\n1,2\n",
            "'pixel0', 'pixel1', 'pixel2', 'pixel3', 'pixel4', ... (99,",
        ),
        ("label,pixel" + "9" * 80 + "\n1,2\n", "(1,000,000,000 in all)"),
        ("label,pixel" + "9" * 9000 + "\n1,2\n", "it has 'pixel999"),
        ("label,pixel" + "9" * 9_000_000 + "a\n1,2\n", "it has 'pixel999"),
        ("," * 1_500_000 + "label,pixel0\n", "has the columns '' more than once"),
        ("label" + ",p" * 1_500_000, "'p', 'p', 'p', 'p', 'p', ... (1,500,000 in all)"),
        ("label,pixel0,pixel²\n1,2,3\n" * 5, "has the columns 'pixel²', which are neither"),
        ("label" + ",p" * 3_000_000, "has 3,000,001 columns"),
        ("," * 3_000_000, "has 3,000,001 columns"),
        ("x" * 20_000_000, "Line 1 of 'a.csv' has more than 16,000,000 characters"),
        (HEADER + " " * 20_000_000, "Line 2 of 'a.csv' has more than 16,000,000"),
        ("x" * 10_000 + ",z\n", "no column 'label'; its columns are 'xxx"),
        ("a\0b,c\n", r"its columns are 'a\x00b', 'c'"),
        ("\n\n", "is empty"),
        ("\ufeff", "is empty"),
        ("# nothing\n", "is empty"),
        (b"\0" * 1000, "no column 'label'"),
        (HEADER.encode("utf-16"), "is not a table of text"),
        (HEADER.encode() + b"\xff", "is not a table of text"),
        (gzip.compress(HEADER.encode(), mtime=0), "let its name end in '.gz'"),
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
        assert "not a whole number from 0 to 255. Correct or remove the line." in message


def test_whole_numbers_however_they_are_written(table):
    images, labels = read_csv(table(HEADER + " 7 ,1.0,+2,3e0,255.\n"))
    assert images.tolist() == [[[1, 2], [3, 255]]]
    assert labels.tolist() == [7]
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize("name", ["", "id", "Unnamed: 0", "index"])
def test_numbers_of_rows_are_left_out_and_that_is_logged(table, caplog, name):
    with caplog.at_level("INFO", "mnistkit"):
        images, labels = read_csv(table(f"{name},pixel0,label\n1000,1,0\n-1e400,2,1\n"))
    assert images.ravel().tolist() == [1, 2]
    assert labels.tolist() == [0, 1]
    assert f"{name!r} is neither the label nor a pixel" in caplog.text


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_byte_order_marks(table, break_, mark):
    for header in ("", HEADER):
        text = mark + (header + ROW + ROW.rstrip()).replace("\n", break_)
        assert read_csv(table(text), label="first")[1].tolist() == [7, 7]


PIXELS = ["pixel0", "pixel1", "pixel2", "pixel3"]
DIALECTS = [
    PIXELS,
    ["pixel1", "pixel2", "pixel3", "pixel4"],
    ["x0", "x1", "x2", "x3"],
    ["x1", "x2", "x3", "x4"],
    ["0", "1", "2", "3"],
    ["1", "2", "3", "4"],
    ["1x1", "1x2", "2x1", "2x2"],
    ["0x0", "0x1", "1x0", "1x1"],
    ["pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1"],
    ["pixel000", "pixel001", "pixel002", "pixel003"],
]


@pytest.mark.parametrize("label", ["label", "Label", "class", "target", "digit", "y", "LABEL"])
@pytest.mark.parametrize("pixels", DIALECTS, ids=lambda names: names[0])
def test_names_of_columns(table, label, pixels):
    for text in (f"{label},{','.join(pixels)}\n" + ROW, f"{','.join(pixels)},{label}\n1,2,3,4,7\n"):
        images, labels = read_csv(table(text))
        assert images.tolist() == [[[1, 2], [3, 4]]]
        assert labels.tolist() == [7]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_separators_quotes_and_closed_lines(table, mark, name):
    for header in (HEADER, ""):
        for text in (
            header + ROW,
            "# made by hand\n\n" + header + ROW,
            (header + ROW).replace("\n", ",\n"),
            "".join(f'"{line}"\n'.replace(",", '","') for line in (header + ROW).splitlines()),
        ):
            images, labels = read_csv(table(text.replace(",", mark), name), label="first")
            assert images.tolist() == [[[1, 2], [3, 4]]]
            assert labels.tolist() == [7]


@pytest.mark.parametrize(
    ("lines", "labels"),
    [
        ("0,0,9,9,0 1,0,9,9,0", [0, 1]),
        ("0,9,9,0,0 0,9,9,0,1", [0, 1]),
        ("0,9,9,0,25 0,9,9,0,61", [25, 61]),
        ("5,9,9,9,255 6,9,9,9,255", [5, 6]),
        ("5,9,9,9,255 6,9,9,9,0", [5, 6]),
        ("0.5,1,1,1,5 0,1,1,1,6", [5, 6]),
    ],
)
def test_the_end_that_is_the_label(table, lines, labels):
    assert read_csv(table(lines.replace(" ", "\n")))[1].tolist() == labels


@pytest.mark.parametrize(
    "lines",
    [
        "7,1,2,3,4",
        "7,1,2,3,255",
        "0,1,2,3,0 0,1,2,3,0",
        "0,1,2,3,5 1,1,2,3,6",
        "0,1,2,3,99 0,1,2,3,98",
        "200,1,2,3,99 100,1,2,3,98",
        "0,9,9,9,4 0,9,9,9,4 0,9,9,9,4 0,9,9,9,4 1,9,9,9,4",
        "0,9,9,9,4 0,9,9,9,4 0,9,9,9,4 0,9,9,9,4 1,9,9,9,5",
    ],
)
def test_an_end_that_is_in_doubt_is_refused(table, lines):
    path = table(lines.replace(" ", "\n"))
    assert 'Pass label="first" or label="last", or add a header' in refusal(path)
    rows = np.array([line.split(",") for line in lines.split()], int)
    for label, at in (("first", 0), ("last", -1)):
        images, labels = read_csv(path, label=label)
        assert labels.tolist() == rows[:, at].tolist()
        assert images[0].ravel().tolist() == np.delete(rows[0], at).tolist()


def test_a_label_that_is_named(tmp_path, table):
    path = table("pixel0,who,class,label\n5,0,1,2\n6,1,2,3\n")
    with pytest.raises(CsvError, match="'class', 'label', each of which may be the label"):
        Dataset.from_csv(path)
    with pytest.raises(CsvError, match="the columns 'who', which are neither"):
        Dataset.from_csv(path, label="label")
    path = table("pixel0,class,label\n5,1,2\n6,2,3\n")
    assert Dataset.from_csv(path, path, label="Class").train.labels.tolist() == [1, 2]
    assert Dataset.from_csv(path, path, label="label").train.labels.tolist() == [2, 3]
    path = table("who,pixel0\n5,1\n6,2\n")
    assert read_csv(path, label="who")[1].tolist() == [5, 6]
    assert read_csv(path, label="first")[1].tolist() == [5, 6]
    with pytest.raises(CsvError, match="no column 'whom'; its columns are 'who', 'pixel0'"):
        read_csv(path, label="whom")
    with pytest.raises(CsvError, match="no column 'who', since it has no header"):
        read_csv(table(ROW), label="who")
    with pytest.raises(CsvError, match="label=3 must be"):
        Dataset.from_csv(path, label=3)


def test_a_header_of_numbers_without_a_label(table):
    assert read_csv(table(counted(1, 785)), label="last")[1].tolist() == [9]
    path = table(counted(0, 785))
    assert read_csv(path, label="last")[1].tolist() == [9]
    images, labels = read_csv(path, label="first")
    assert (labels.tolist(), images[0, -1, -1]) == ([0], 9)
    # This may be a picture as well.
    with pytest.raises(CsvError, match="counts from"):
        read_csv(table(counted(0, 65)), label="last")
    images, labels = read_csv(table("0,1,2,3,4\n1,1,2,3,4\n"), label="first")
    assert (len(images), labels.tolist()) == (2, [0, 1])


def test_a_label_whose_name_is_a_number(table):
    assert read_csv(table(counted(0, 785)), label="784")[1].tolist() == [9]
    path = table(",0,1,2,3,4\n0,7,1,2,3,4\n1,8,1,2,3,4\n")
    assert read_csv(path, label="0")[1].tolist() == [7, 8]
    assert "counts from 0 to 4" in refusal(path)
    with pytest.raises(CsvError, match="no column '7', since it has no header"):
        read_csv(table(ROW), label="7")


def ends(label: np.ndarray, pixels: np.ndarray, at: int) -> str:
    """A table of pictures of 3x3 without a header, the label first or last."""
    columns = [label[:, None], pixels] if at == 0 else [pixels, label[:, None]]
    return "\n".join(",".join(map(str, row)) for row in np.hstack(columns).tolist()) + "\n"


LABELS = {
    "up to 99": lambda chance, count: chance.integers(0, 100, count) | 64,
    "above 61 in one line": lambda _, count: np.arange(count) % 10 + 62 * (np.arange(count) == 3),
    "one class": lambda _, count: np.full(count, 7),
    "class 0": lambda _, count: np.zeros(count, int),
    "class 1": lambda _, count: np.ones(count, int),
}
PAPERS = {
    "dark": lambda chance, count: chance.integers(0, 10, (count, 9)),
    "dark, few levels": lambda chance, count: chance.integers(0, 2, (count, 9)) * 3,
    "noise about 61": lambda chance, count: chance.integers(0, 75, (count, 9)),
    "fractions": lambda chance, count: chance.integers(0, 2, (count, 9)) / 2,
    "black": lambda chance, count: np.pad(chance.integers(0, 255, (count, 5)), ((0, 0), (2, 2))),
    "white": lambda chance, count: np.full((count, 9), 255),
}


@pytest.mark.parametrize("at", [0, -1])
@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("count", [12, 40])
def test_no_pixel_is_taken_for_a_label_of_another_kind(table, at, paper, label, count):
    chance = np.random.default_rng(0)
    labels, pixels = LABELS[label](chance, count), PAPERS[paper](chance, count)
    path = table(ends(labels, pixels, at))
    try:
        images, found = read_csv(path)
    except CsvError as error:
        assert 'Pass label="first" or label="last"' in str(error)  # noqa: PT017
    else:
        assert found.tolist() == labels.tolist()
    end = "first" if at == 0 else "last"
    images, found = read_csv(path, label=end)
    assert found.tolist() == labels.tolist()
    assert images.shape == (count, 3, 3)


@pytest.mark.parametrize("at", [0, -1])
@pytest.mark.parametrize("paper", ["black", "white"])
def test_labels_beside_clean_paper_are_found(table, at, paper):
    labels = np.arange(40) % 10
    pixels = PAPERS[paper](np.random.default_rng(0), 40)
    assert read_csv(table(ends(labels, pixels, at)))[1].tolist() == labels.tolist()


def test_a_label_beside_busy_pixels_is_found(table):
    chance = np.random.default_rng(0)
    labels, pixels = np.arange(40) % 24, chance.integers(100, 200, (40, 9))
    assert read_csv(table(ends(labels, pixels, 0)))[1].tolist() == labels.tolist()


def test_numbers_of_rows_are_no_labels(table):
    rows = [f"{number},9,9,9,0\n" for number in range(30)]
    assert "not certain whether the label is the first column" in refusal(table("".join(rows)))
    assert read_csv(table("".join(rows[:10])))[1].tolist() == list(range(10))


def test_messages_are_short_even_if_names_are_long(table):
    name = "n" * 240 + ".csv"
    for text in (
        ",".join("\0" * 50 for _ in range(10)) + "\n",
        ",".join(f"{'p' * 60}{number}" for number in (1, 9, 11, 12, 13)) + ",label\n",
        "label," + ",".join("\0" * 50 for _ in range(10)) + "\n",
        HEADER + ROW.replace("2", "\0" * 1000),
        counted(0, 785),
        "5,1,1,1,5\n" * 2,
    ):
        refusal(table(text, name))


def test_fractions_of_one(table, caplog):
    with caplog.at_level("INFO", "mnistkit"):
        images, labels = read_csv(table(HEADER + "7,0,0.5,1,0.25\n8,1,0,0,1e-3\n"))
    assert images.reshape(2, -1).tolist() == [[0, 128, 255, 64], [255, 0, 0, 0]]
    assert labels.tolist() == [7, 8]
    assert "are fractions of 1; multiplied by 255" in caplog.text
    assert "Line 2 of 'a.csv' has '0.5' in 'pixel1'" in refusal(table(HEADER + "7,0,0.5,2,0\n"))
    assert "Line 3 of 'a.csv' has '0.5' in" in refusal(table(HEADER + ROW + "7,0,0.5,1,0\n"))
    assert "has '0.5' in 'label'" in refusal(table(HEADER + "0.5,0,0.5,1,0\n"))


def test_black_and_white(table, caplog):
    images, labels = read_csv(table(HEADER + "7,0,1,1,0\n1,1,0,0,1\n"))
    assert images.reshape(2, -1).tolist() == [[0, 255, 255, 0], [255, 0, 0, 255]]
    assert labels.tolist() == [7, 1]
    assert "all 0 or 1; taken for black and white" in caplog.text
    images, _ = read_csv(table(HEADER + "7,0,0,0,0\n"))
    assert images.max() == 0


@pytest.mark.parametrize(("largest", "factor"), [(16, 255 / 16), (15, 255 / 16), (17, 1)])
def test_eight_by_eight_in_0_to_16(table, caplog, largest, factor):
    rows = np.random.default_rng(0).integers(0, largest + 1, (40, 65))
    rows[:, [0, -2]], rows[:, -1], rows[0, 1] = 0, np.arange(40) % 10, largest
    text = "\n".join(",".join(map(str, row)) for row in rows)
    with caplog.at_level("INFO", "mnistkit"):
        images, labels = read_csv(table(text))
    assert ("multiplied by 255/16" in caplog.text) == (factor != 1)
    np.testing.assert_array_equal(images.reshape(40, -1), np.rint(rows[:, :-1] * factor))
    assert labels.tolist() == rows[:, -1].tolist()


def test_both_files_are_scaled_alike(table):
    train = table(HEADER + "0,0,1,2,255\n1,0,1,2,255\n", "train.csv")
    test = table(HEADER + "0,0,1,1,0\n1,0,1,1,0\n", "test.csv")
    assert Dataset.from_csv(train, test).test.images.max() == 1
    assert read_csv(test)[0].max() == 255
    alone = table("7,1,0,0,0\n", "alone.csv")
    train = table("0,1,2,3,0\n1,1,2,3,0\n", "train.csv")
    assert Dataset.from_csv(train, alone, classes=list("01234567")).test.labels.tolist() == [7]
    turned = table("0,1,2,3,0\n0,1,2,3,1\n", "turned.csv")
    with pytest.raises(CsvError, match="not certain whether the label is the first column"):
        Dataset.from_csv(train, turned)


def write(table, names, draw):
    """The text of a table in a dialect that is drawn."""
    mark = draw(st.sampled_from([",", ";", "\t", "|"]))
    cell = draw(st.sampled_from(["{}", '"{}"', "{}.0", " {} ", "+{}", '"{}.0"']))
    end = draw(st.sampled_from(["\n", "\r\n", mark + "\n"]))
    name = draw(st.sampled_from(["{}", '"{}"', " {}"])) if names else ""
    lines = [[name.format(one) for one in names]] if names else []
    lines += [[cell.format(value) for value in row] for row in table]
    start = draw(st.sampled_from(["", "\ufeff", "# a comment, of a table\n", "\n"]))
    return start + "".join(mark.join(line) + end for line in lines)


@given(st.data(), st.integers(1, 30), st.integers(1, 4), st.integers(0, 2**32))
def test_tables_survive_in_any_dialect(tmp_path_factory, data, count, side, seed):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, side * side))
    pixels[0, 0] = 200  # so that they are neither black and white nor UCI's
    labels = generator.integers(0, data.draw(st.sampled_from([2, 10, 26, 256])), count)
    base = data.draw(st.sampled_from([0, 1]))
    names = data.draw(
        st.sampled_from(
            [
                [],
                *(
                    [f"{prefix}{base + at}" for at in range(side**2)]
                    for prefix in ("pixel", "x", "")
                ),
                [f"{base + row}x{base + at}" for row in range(side) for at in range(side)],
            ]
        )
    )
    where = data.draw(st.sampled_from(["first", "last"]))
    at = 0 if where == "first" else side * side
    rows = np.insert(pixels, at, labels, axis=1)
    if names:
        names = list(names)
        names.insert(at, data.draw(st.sampled_from(["label", "Label", "class", "target", "y"])))
        order = generator.permutation(len(names))
        names, rows = [names[one] for one in order], rows[:, order]
    text = write(rows, names, data.draw)
    name = data.draw(st.sampled_from(["a.csv", "a.tsv", "a.csv.gz"]))
    path = tmp_path_factory.mktemp("csv") / name
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    read, said = read_csv(path, label="auto" if names else where)
    np.testing.assert_array_equal(read.reshape(count, -1), pixels)
    np.testing.assert_array_equal(said, labels)
    if not names:
        try:
            read, said = read_csv(path)
        except CsvError:
            return
        if (pixels[:, [0, -1]] > 61).any(axis=0).all() and labels.max() <= 61:
            np.testing.assert_array_equal(said, labels)


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

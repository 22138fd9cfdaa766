"""Data of one's own, from arrays and from every format."""

from __future__ import annotations

import contextlib
import gzip
import os
import pickle
import warnings

import numpy as np
import pytest
from PIL import Image

from mnistkit import Dataset, Split
from mnistkit.datasets import DatasetInfo
from mnistkit.datasets.idx import write_idx
from mnistkit.errors import (
    CsvError,
    FormatError,
    IdxError,
    ImageFolderError,
    LabelError,
    NpzError,
    SplitError,
)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)


@pytest.fixture
def labels():
    return np.arange(20, dtype=np.uint8) % 4


def test_from_arrays_with_and_without_a_test_part(images, labels):
    whole = Dataset.from_arrays((images, labels), test=0.25, name="mine")
    assert (len(whole.train), len(whole.test)) == (15, 5)
    assert whole.test.name == "mine test"
    both = Dataset.from_arrays((images, labels), (images[:4], labels[:4]), classes="abcd")
    assert (len(both.train), len(both.test)) == (20, 4)
    assert both.classes == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    "test",
    ["0.1", None, True, [0.1], (1, 2, 3), {"x": 1}, object(), 0, 1, -0.1, float("nan"), 2**70],
)  # fmt: skip
def test_what_is_no_test_part(images, labels, test):
    with pytest.raises(SplitError, match=r"^test=.*(expected: a pair|above 0 and below 1)"):
        Dataset.from_arrays((images, labels), test)


@pytest.mark.parametrize("train", [None, 3, "ab", (1,), (1, 2, 3), np.zeros((2, 3, 3))])
def test_what_is_no_training_part(train):
    with pytest.raises(SplitError, match=r"^train=.*expected: a pair \(images, labels\)\.$"):
        Dataset.from_arrays(train)


def test_splits_are_pairs_of_arrays(images, labels):
    split = Split(images, labels)
    assert len(Dataset.from_arrays(split, split).test) == 20


@pytest.mark.parametrize("labels_", [[-5] * 20, [10**12] * 20, [-(10**12)] * 20])
def test_labels_far_outside_allocate_nothing(images, labels_):
    with pytest.raises(LabelError, match="The labels go from"):
        Dataset.from_arrays((images, labels_))


def test_classes_cover_both_parts(images, labels):
    data = Dataset.from_arrays((images, labels), (images[:1], [7]))
    assert len(data.classes) == 8


def test_parts_that_do_not_match(images, labels):
    with pytest.raises(SplitError, match="they must be the same"):
        Dataset.from_arrays((images, labels), (images[:, :14], labels))
    train, test = Split(images, labels), Split(images, labels, classes="abcde")
    with pytest.raises(SplitError, match="classes"):
        Dataset(train, test, DatasetInfo("own"))


def test_from_idx(tmp_path, images, labels):
    write_idx(tmp_path / "x.gz", images)
    write_idx(tmp_path / "y", labels)
    data = Dataset.from_idx(tmp_path / "x.gz", tmp_path / "y")
    assert len(data.train) + len(data.test) == 20
    data = Dataset.from_idx(*[tmp_path / name for name in ("x.gz", "y", "x.gz", "y")])
    np.testing.assert_array_equal(data.test.images, images)
    with pytest.raises(SplitError, match="both test_images and test_labels"):
        Dataset.from_idx(tmp_path / "x.gz", tmp_path / "y", tmp_path / "x.gz")
    with pytest.raises(LabelError):
        Dataset.from_idx(tmp_path / "x.gz", tmp_path / "x.gz")


def test_from_npz(tmp_path, images, labels):
    path = tmp_path / "own.npz"
    np.savez_compressed(path, x_train=images, y_train=labels, x_test=images[:5], y_test=labels[:5])
    data = Dataset.from_npz(path)
    assert data.info.name == "own"
    np.testing.assert_array_equal(data.train.images, images)
    assert len(data.test) == 5


def test_from_npz_with_a_missing_array(tmp_path, images):
    np.savez(tmp_path / "own.npz", x_train=images, y=3)
    with pytest.raises(
        NpzError, match=r"lacks the arrays \['y_train'\]; it has \['x_train', 'y'\]"
    ):
        Dataset.from_npz(tmp_path / "own.npz")


def test_from_npz_never_unpickles(tmp_path, images):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    objects = np.array([Bomb()], dtype=object)
    np.savez(tmp_path / "own.npz", x_train=images, y_train=objects)
    with pytest.raises(NpzError, match="pickled objects, which could run code"):
        Dataset.from_npz(tmp_path / "own.npz")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(NpzError, match="pickled objects"):
        Dataset.from_npz(tmp_path / "pickle.npz")
    assert not (tmp_path / "exploded").exists()


def test_from_damaged_npz(tmp_path, images, labels):
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=labels)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(NpzError, match=r"damaged archive.*CRC"):
        Dataset.from_npz(path)
    path.write_bytes(content[:-100])
    with pytest.raises(NpzError, match="damaged archive"):
        Dataset.from_npz(path)
    np.save(tmp_path / "single.npy", images)
    with pytest.raises(NpzError, match="a single array, not an archive"):
        Dataset.from_npz(tmp_path / "single.npy")


def kaggle(images, labels, header=None):
    count = images[0].size
    header = header or ["label", *(f"pixel{n}" for n in range(count))]
    rows = [",".join(header)]
    rows += [
        ",".join(map(str, [label, *image.ravel()]))
        for image, label in zip(images, labels, strict=True)
    ]
    return "\n".join(rows) + "\n"


def test_from_csv(tmp_path, images, labels):
    (tmp_path / "train.csv").write_text(kaggle(images, labels))
    (tmp_path / "test.csv.gz").write_bytes(gzip.compress(kaggle(images[:5], labels[:5]).encode()))
    data = Dataset.from_csv(tmp_path / "train.csv", tmp_path / "test.csv.gz")
    np.testing.assert_array_equal(data.train.images, images)
    np.testing.assert_array_equal(data.test.labels, labels[:5])


def test_from_csv_without_a_header(tmp_path, images, labels):
    (tmp_path / "train.csv").write_text(kaggle(images, labels).partition("\n")[2])
    data = Dataset.from_csv(tmp_path / "train.csv")
    assert len(data.train) + len(data.test) == 20
    assert data.train.images.shape[1:] == (28, 28)


def test_from_csv_finds_columns_by_name(tmp_path):
    (tmp_path / "a.csv").write_text("pixel3,pixel0,label,pixel2,pixel1\n4,1,0,3,2\n4,1,1,3,2\n")
    data = Dataset.from_csv(tmp_path / "a.csv", tmp_path / "a.csv")
    assert data.train.images[0].tolist() == [[1, 2], [3, 4]]
    assert data.train.labels.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("pixel0\n0\n", "no column 'label'"),
        ("label,pixel0,pixel1,pixel3\n0,1,2,3\n", "lacks the columns 'pixel2'"),
        ("label,a,b,c,d\n0,1,2,3,4\n", "lacks the columns 'pixel0'"),
        ("label,pixel0,pixel1\n0,1,2\n", "2 pixel columns, which do not form a square"),
        ("label,pixel0\n0,x\n", "not a whole number"),
        ("label,pixel0\n0,1\n0\n", "too few or too many"),
        (
            "label,pixel0\n0,256\n",
            "has .256. in .pixel0., which is not a whole number from 0 to 255",
        ),
        ("label,pixel0\n", "no lines of pixels"),
        ("0,1,2\n", "not form a square"),
    ],
)
def test_bad_csv(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(CsvError, match=message):
        Dataset.from_csv(tmp_path / "a.csv")


def test_csv_that_is_no_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(CsvError, match="not a table of text"):
        Dataset.from_csv(tmp_path / "a.csv")


def draw(path, picture, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)


@pytest.fixture
def seven():
    picture = np.zeros((60, 60), np.uint8)
    picture[10:16, 15:45] = 255
    picture[10:50, 38:45] = 255
    return picture


def test_from_folder(tmp_path, seven):
    for n in range(5):
        draw(tmp_path / "7" / f"{n}.png", seven)
        draw(tmp_path / "10" / f"{n}.png", seven.T)
        (tmp_path / "7" / "notes.txt").write_text("not a picture")
    data = Dataset.from_folder(tmp_path)
    assert data.classes == tuple(map(str, range(11)))
    assert data.train.images.shape == (8, 28, 28)
    assert len(data.test) == 2


@pytest.mark.parametrize("kind", ["dark on light", "transparent", "colour", "rotated", "jpeg"])
def test_every_kind_of_picture_gives_the_same_digit(tmp_path, seven, kind):
    draw(tmp_path / "7" / "0.png", seven)
    other = tmp_path / "7" / "1.png"
    if kind == "dark on light":
        draw(other, 255 - seven)
    elif kind == "transparent":
        ink = np.zeros((60, 60, 4), np.uint8)
        ink[..., 3] = seven
        draw(other, ink)
    elif kind == "colour":
        draw(other, np.stack([255 - seven, 255 - seven, np.full_like(seven, 255)], axis=-1))
    elif kind == "rotated":
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown a quarter turned
        draw(other.with_suffix(".jpg"), np.rot90(seven).copy(), exif=exif, quality=95)
    else:
        draw(other.with_suffix(".jpg"), seven, quality=95)
    data = Dataset.from_folder(tmp_path, test=0.5)
    one, two = data.train.images[0].astype(int), data.test.images[0].astype(int)
    assert np.abs(one - two).mean() < 8


def test_pictures_of_28x28_are_taken_as_they_are(tmp_path, images):
    for n, image in enumerate(images):
        draw(tmp_path / "train" / str(n % 2) / f"{n:02}.png", image)
        draw(tmp_path / "test" / str(n % 2) / f"{n:02}.png", image)
    data = Dataset.from_folder(tmp_path, ink="light")
    np.testing.assert_array_equal(data.train.images[:10], images[::2])
    assert len(data.test) == 20


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "There are no class folders"),
        (lambda path: (path / "a").mkdir(), "There are no pictures"),
        (lambda path: path.joinpath("a.png").touch(), "There are no class folders"),
    ],
)
def test_folder_with_nothing_in_it(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(ImageFolderError, match=message):
        Dataset.from_folder(tmp_path)


def test_folder_that_is_none(tmp_path):
    with pytest.raises(ImageFolderError, match="is not a folder"):
        Dataset.from_folder(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n truncated"])
def test_picture_that_cannot_be_read(tmp_path, content):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "bad.png").write_bytes(content)
    with pytest.raises(ImageFolderError, match=r"bad.png' cannot be read"):
        Dataset.from_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs on this system")
def test_nothing_waits_for_a_fifo_among_pictures(tmp_path):
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a" / "fifo.png")
    with pytest.raises(ImageFolderError, match=r"no regular file \('a.fifo.png'\)"):
        Dataset.from_folder(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "gif", "tif", "bmp", "webp", "jpg"])
def test_damaged_pictures_are_folder_errors(tmp_path, seven, suffix):
    path = tmp_path / "a" / f"0.{suffix}"
    draw(path, seven)
    content, generator = path.read_bytes(), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        for position in generator.integers(0, min(len(content), 200), 3):
            damaged[position] = generator.integers(0, 256)
        path.write_bytes(damaged[: generator.integers(1, len(content) + 1)])
        with warnings.catch_warnings(), contextlib.suppress(ImageFolderError, SplitError):
            warnings.simplefilter("ignore")  # of Pillow, that a file is truncated
            Dataset.from_folder(tmp_path)


def test_unknown_ink(tmp_path):
    with pytest.raises(ImageFolderError, match="ink='green' is not known"):
        Dataset.from_folder(tmp_path, ink="green")


def test_format_errors_are_value_errors():
    assert issubclass(FormatError, ValueError)
    assert issubclass(IdxError, FormatError)

"""Pictures in folders: which are read, how, and what is said of everything else."""

from __future__ import annotations

import json
import logging
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mnistkit import Dataset
from mnistkit.datasets.class_folders import find_pictures
from mnistkit.errors import ImageFolderError
from mnistkit.images.picture import read_picture

BAR = np.full((40, 36), 235, np.uint8)
BAR[5:35, 16:21] = 60  # a grey pen on paper
WIDE = BAR.astype(np.uint16) * 257


def save(path: Path, array: np.ndarray = BAR, **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


def fill(root: Path, *folders: str, count: int = 2, array: np.ndarray = BAR) -> Path:
    for folder in folders:
        for number in range(count):
            save(root / folder / f"{number}.png", array)
    return root


def all_labels(data: Dataset) -> list[int]:
    return sorted([*data.train.labels.tolist(), *data.test.labels.tolist()])


@pytest.fixture
def warned(caplog):
    """What was logged, as one text; it must be one warning."""

    def text() -> str:
        assert len(caplog.records) <= 1
        assert all(record.levelno == logging.WARNING for record in caplog.records)
        return "".join(record.getMessage() for record in caplog.records)

    return text


# --- how a picture is read -------------------------------------------------------------------


def grey_picture(two_valued: bool):
    shape = st.tuples(st.integers(6, 40), st.integers(6, 40)) | st.just((28, 28))
    return st.tuples(shape, st.integers(0, 2**32 - 1)).map(
        lambda drawn: noisy_digit(*drawn, two_valued=two_valued)
    )


def noisy_digit(shape: tuple[int, int], seed: int, *, two_valued: bool) -> np.ndarray:
    """Paper of one grey and ink of many, dark or light."""
    chance = np.random.default_rng(seed)
    picture = np.full(shape, chance.integers(180, 256), np.uint8)
    picture[2:-2, 2:-2] = chance.integers(0, 256, (shape[0] - 4, shape[1] - 4))
    if two_valued:
        picture = np.where(picture > 127, 255, 0).astype(np.uint8)
    return picture if chance.random() < 0.5 else 255 - picture


def variants(grey: np.ndarray, kind: str) -> Image.Image:
    image = Image.fromarray(grey)
    if kind == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if kind == "I":
        return Image.fromarray(grey.astype(np.int32) * 257)
    if kind == "F 0-1":
        return Image.fromarray((grey / 255).astype(np.float32))
    if kind == "F 0-255":
        return Image.fromarray(grey.astype(np.float32))
    return image.convert(kind)


PLAIN = [("L", "png"), ("L", "tif"), ("L", "bmp"), ("L", "gif"), ("L", "webp"), ("L", "pgm"),
         ("RGB", "png"), ("RGB", "tif"), ("RGB", "bmp"), ("RGB", "webp"), ("RGB", "ppm"),
         ("RGB", "dib"), ("RGBA", "png"), ("RGBA", "tif"), ("RGBA", "webp"), ("LA", "png"),
         ("LA", "tif"), ("P", "png"), ("P", "tif"), ("P", "bmp"), ("P", "gif"), ("I;16", "png"),
         ("I;16", "tif"), ("I", "tif"), ("F 0-1", "tif"), ("F 0-255", "tif"),
         ("CMYK", "tif")]  # fmt: skip
TWO_VALUED = [("1", "png"), ("1", "tif"), ("1", "bmp"), ("1", "gif"), ("1", "pbm")]


def assert_same_however_saved(grey: np.ndarray, kind: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save(Path(folder, "train", "0", "plain.png"), grey)
        path = Path(folder, "test", "0", f"other.{suffix}")
        path.parent.mkdir(parents=True)
        variants(grey, kind).save(path, **({"lossless": True} if suffix == "webp" else {}))
        data = Dataset.from_folder(folder)
        pixels = read_picture(path).pixels
    plain, other = data.train.images.astype(int), data.test.images.astype(int)
    assert np.abs(plain - other).max() <= 1
    assert np.abs(pixels.astype(int) - grey).max() <= 1


@pytest.mark.parametrize(("kind", "suffix"), PLAIN)
@settings(max_examples=15)
@given(grey=grey_picture(two_valued=False))
def test_depth_mode_and_format_change_nothing(kind, suffix, grey):
    assert_same_however_saved(grey, kind, suffix)


@pytest.mark.parametrize(("kind", "suffix"), PLAIN + TWO_VALUED)
@settings(max_examples=8)
@given(grey=grey_picture(two_valued=True))
def test_nor_for_two_valued_pictures(kind, suffix, grey):
    # An array of which all values are 0 or 1 would be one of 0..1; ink and paper are 0 and 255.
    assert_same_however_saved(grey, kind, suffix)


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("size", [(40, 36), (28, 28)])
def test_ink_on_transparency_is_seen(tmp_path, light, size):
    amount = np.zeros(size, np.uint8)
    amount[5:22, 12:17] = 255
    ink = np.full((*size, 2), 255 if light else 0, np.uint8)
    ink[..., 1] = amount
    save(tmp_path / "train" / "3" / "a.png", ink)
    save(tmp_path / "test" / "3" / "a.png", amount)
    data = Dataset.from_folder(tmp_path)
    np.testing.assert_array_equal(data.train.images, data.test.images)
    assert data.train.images.max() == 255


def test_formats_that_start_other_programs_are_not_opened(tmp_path):
    fill(tmp_path, "0")
    Image.fromarray(BAR).save(tmp_path / "0" / "z.png", "EPS")
    with pytest.raises(ImageFolderError, match=r"z\.png' cannot be read: it is not a picture"):
        Dataset.from_folder(tmp_path)


def tiff(*entries: tuple[int, int, int, int]) -> bytes:
    """A directory of (tag, type, count, value) and nothing else."""
    fields = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + fields + bytes(8)


def huge_png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header))


DAMAGED = {
    "empty.png": b"",
    "huge.png": huge_png(100_000, 100_000),
    "size.tif": tiff((256, 5, 1, 8), (257, 3, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
                     (273, 4, 1, 8), (278, 3, 1, 4), (279, 4, 1, 16)),
    "none.tif": tiff((256, 3, 1, 0), (257, 3, 1, 0)),
    "short.tif": b"II*\0\xff\xff\xff\xff",
    "short.bmp": b"BM" + bytes(20),
    "short.gif": b"GIF89a\1\0",
    "tile.gif": b"GIF89a\4\0\4\0\0\0\0,\3\0\3\0\4\0\4\0\0\2\0;",
    "short.ppm": b"P6 9",
    "short.webp": b"RIFF\0\0\0\0WEBPVP8 ",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # Pillow's, of TIFF tags
@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_are_named(tmp_path, name):
    fill(tmp_path, "0", "1")
    (tmp_path / "1" / name).write_bytes(DAMAGED[name])
    with pytest.raises(ImageFolderError, match=rf"The picture '.*{name}' cannot be read"):
        Dataset.from_folder(tmp_path)


def assert_damaged_pictures_are_refused(count: int, folder: Path) -> None:
    script = Path(__file__).with_name("read_damaged_pictures.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script, str(count), folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["others"] == []
    assert report["read"] + report["refused"] == count
    assert report["refused"] > count / 4
    assert report["slowest"] < 10
    assert report["bytes"] < 1e9


@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module on Windows")
def test_damaged_pictures_are_read_or_refused(tmp_path):
    assert_damaged_pictures_are_refused(150, tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no resource module on Windows")
def test_many_damaged_pictures_are_read_or_refused(tmp_path):
    assert_damaged_pictures_are_refused(2000, tmp_path)


# --- pictures without ink --------------------------------------------------------------------


@pytest.mark.parametrize("size", [(40, 36), (28, 28)])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_blank_sheets_are_told_and_kept(tmp_path, warned, size, depth):
    fill(tmp_path, "0", "1")
    paper = np.full(size, 235, depth) * depth(1 if depth is np.uint8 else 257)
    save(tmp_path / "1" / "blank.png", paper)
    data = Dataset.from_folder(tmp_path)
    assert all_labels(data) == [0, 0, 1, 1, 1]
    assert "1 of the 5 pictures" in warned()
    assert "show no ink ('1/blank.png')" in warned()
    assert "stay in the data" in warned()


def test_of_many_blank_sheets_a_few_are_named(tmp_path, warned):
    fill(tmp_path, "0", count=9, array=np.full((30, 30), 255, np.uint8))
    Dataset.from_folder(tmp_path)
    assert "9 of the 9" in warned()
    assert "('0/0.png', '0/1.png', '0/2.png', ...)" in warned()


# --- which classes there are -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("folders", "classes", "labels"),
    [
        (["7"], 10, [7, 7]),
        (["0", "2"], 10, [0, 0, 2, 2]),
        (["00", "01", "12"], 13, [0, 0, 1, 1, 12, 12]),
    ],
)
def test_numbers_are_class_numbers(tmp_path, folders, classes, labels):
    data = Dataset.from_folder(fill(tmp_path, *folders), test=0.5)
    assert data.classes == tuple(map(str, range(classes)))
    assert all_labels(data) == labels


@pytest.mark.parametrize("folders", [["cat", "dog"], ["7", "seven"], ["1066", "1815"]])
def test_names_are_classes_in_their_order(tmp_path, folders, warned):
    data = Dataset.from_folder(fill(tmp_path, *folders))
    assert data.classes == tuple(folders)
    assert all_labels(data) == [0, 0, 1, 1]
    assert warned() == ""


LITTER = ["__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information",
          "__pycache__", ".git", ".ipynb_checkpoints", ".Trash-1000", ".thumbnails"]  # fmt: skip


@pytest.mark.parametrize("name", LITTER)
def test_folders_that_systems_leave_are_no_classes(tmp_path, name, warned):
    fill(tmp_path, "cat", "dog", "cat/" + name, f"{name}/cat", name, f"cat/{name}/deeper")
    data = Dataset.from_folder(tmp_path)
    assert data.classes == ("cat", "dog")
    assert all_labels(data) == [0, 0, 1, 1]
    assert warned() == ""


@pytest.mark.parametrize(
    "name", ["._0.png", ".DS_Store", "Thumbs.db", "desktop.ini", "Icon\r", "~$0.png", ".gitkeep"]
)
def test_files_that_systems_leave_are_no_pictures(tmp_path, name, warned):
    fill(tmp_path, "0", "1")
    for folder in (tmp_path, tmp_path / "0"):
        (folder / name).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    assert all_labels(Dataset.from_folder(tmp_path)) == [0, 0, 1, 1]
    assert warned() == ""


def test_what_was_not_used_is_told_in_one_warning(tmp_path, warned):
    root = fill(tmp_path / "my-digits", "0", "1", ".old")
    for name in ("notes.txt", "0/notes.txt", "1/scan.heic", "0/.hidden.png", "letters/a.pdf"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")
    (root / "New folder").mkdir()
    (root / "1" / "x.png").mkdir()
    save(root / "stray.png")
    data = Dataset.from_folder(root)
    assert data.classes == tuple(map(str, range(10)))
    text = warned()
    assert text.startswith("Not used of 'my-digits': ")
    for part in (
        "4 files that are not pictures of a known kind ('notes.txt', '0/notes.txt', ",
        "2 empty folders ('1/x.png', 'New folder')",
        "2 hidden files and folders ('.old', '0/.hidden.png')",
        "1 picture outside of the class folders ('stray.png')",
        "1 folder without a picture ('letters')",
    ):
        assert part in text


FOLDER = st.sampled_from(["train", "Training", "test", "val", "valid", "0", "7", "cat", "a"])
TREE = st.sets(
    st.lists(FOLDER, max_size=4).flatmap(
        lambda folders: st.sampled_from(["x.png", "y.JFIF", "notes.txt"]).map(
            lambda name: "/".join([*folders, name])
        )
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(TREE)
def test_every_picture_is_used_or_told(names):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        try:
            found = find_pictures(root)
        except ImageFolderError as error:
            assert "Give the folder that the class folders are in" in str(error)  # noqa: PT017
            return
    used = [path for part in found.parts.values() for paths in part.values() for path in paths]
    told = [path for paths in found.unused.values() for path in paths]
    assert len(set(used)) == len(used)
    assert len(set(told)) == len(told)
    assert set(used).isdisjoint(told)
    pictures = {root / name for name in names if not name.endswith("txt")}
    assert pictures <= {*used, *told}
    assert set(used) <= pictures


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_what_is_no_file_is_not_opened(tmp_path, warned):
    fill(tmp_path, "0", "1")
    os.mkfifo(tmp_path / "0" / "pipe.png")
    (tmp_path / "0" / "nowhere.png").symlink_to("nothing.png")
    (tmp_path / "1" / "itself.png").symlink_to("itself.png")
    (tmp_path / "0" / "up").symlink_to(tmp_path)
    assert all_labels(Dataset.from_folder(tmp_path)) == [0, 0, 1, 1]
    assert "3 names that lead to no regular file ('0/nowhere.png', '0/pipe.png'" in warned()
    assert "1 link to another folder ('0/up')" in warned()


def test_class_folders_can_be_links(tmp_path, warned):
    fill(tmp_path / "real", "cat", "dog")
    (tmp_path / "linked").mkdir()
    for name in ("cat", "dog"):
        (tmp_path / "linked" / name).symlink_to(tmp_path / "real" / name)
    assert all_labels(Dataset.from_folder(tmp_path / "linked")) == [0, 0, 1, 1]
    assert warned() == ""


KINDS = [("jfif", "JPEG"), ("jpe", "JPEG"), ("JPG", "JPEG"), ("pgm", "PPM"), ("ppm", "PPM"),
         ("PNM", "PPM"), ("pbm", "PPM"), ("tiff", "TIFF"), ("DIB", "DIB"), ("dib", "BMP"),
         ("apng", "PNG"), ("mpo", "MPO")]  # fmt: skip


@pytest.mark.parametrize(("suffix", "kind"), KINDS)
def test_other_ends_of_names(tmp_path, suffix, kind, warned):
    fill(tmp_path, "0")
    (tmp_path / "1").mkdir()
    image = Image.fromarray(BAR).convert("1" if suffix == "pbm" else "RGB")
    for number in range(2):
        image.save(tmp_path / "1" / f"{number}.{suffix}", kind)
    assert all_labels(Dataset.from_folder(tmp_path)) == [0, 0, 1, 1]
    assert warned() == ""


def test_deeper_folders_belong_to_their_class(tmp_path, warned):
    data = Dataset.from_folder(fill(tmp_path, "0", "1", "0/more", "0/more/and/more", "1/x.png"))
    assert all_labels(data) == [0] * 6 + [1] * 4
    assert warned() == ""


# --- parts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["val", "valid", "validation", "dev", "Valid"])
def test_without_a_test_folder_the_validation_part_takes_its_place(tmp_path, name, warned):
    root = fill(fill(tmp_path / "digits", "train/0", "train/1"), f"{name}/0", f"{name}/1", count=3)
    data = Dataset.from_folder(root)
    assert (len(data.train), len(data.test)) == (4, 6)
    assert f"'{name}' of 'digits' is used as the test part" in warned()


def test_beside_a_test_folder_the_validation_part_is_told(tmp_path, warned):
    root = fill(tmp_path, "train/0", "train/1", "test/1", "valid/0", "valid/0/more")
    data = Dataset.from_folder(root)
    assert (len(data.train), len(data.test)) == (4, 2)
    assert "4 pictures in 'valid', which Dataset.from_folder(" in warned()
    assert str(root / "valid") in warned()


@pytest.mark.parametrize("train", ["training", "Train", "TRAINING"])
@pytest.mark.parametrize("test", ["testing", "Test"])
def test_other_names_of_the_parts(tmp_path, train, test, warned):
    data = Dataset.from_folder(fill(tmp_path, f"{train}/0", f"{train}/1", f"{test}/1"))
    assert (len(data.train), len(data.test)) == (4, 2)
    assert warned() == ""


@pytest.mark.parametrize(("name", "told"), [("test", ""), ("val", "used as the test part")])
def test_a_test_part_beside_the_classes(tmp_path, name, told, warned):
    data = Dataset.from_folder(fill(tmp_path, "0", "1", f"{name}/0", f"{name}/1"))
    assert (len(data.train), len(data.test)) == (4, 4)
    assert told in warned()


def test_pictures_without_classes_beside_digits(tmp_path, warned):
    data = Dataset.from_folder(fill(tmp_path, "0", "1", "test"))
    assert len(data.classes) == 10
    assert all_labels(data) == [0, 0, 1, 1]
    assert "2 pictures outside of the class folders ('test/0.png', 'test/1.png')" in warned()


def test_classes_can_be_called_as_parts_are(tmp_path, warned):
    data = Dataset.from_folder(fill(tmp_path, "bus", "train", "test"))
    assert data.classes == ("bus", "test", "train")
    assert warned() == ""


def test_folders_beside_train_are_told(tmp_path, warned):
    fill(tmp_path, "train/0", "train/1", "old/0", count=3)
    save(tmp_path / "test" / "unlabelled.png")  # as competitions give them
    assert all_labels(Dataset.from_folder(tmp_path)) == [0, 0, 0, 1, 1, 1]
    assert "3 pictures beside 'train' ('old/0/0.png'" in warned()
    assert "1 picture outside of the class folders ('test/unlabelled.png')" in warned()


@pytest.mark.parametrize(
    "folders",
    [["digits/0", "digits/1"], ["ann/0", "bob/1"], ["all/train/0"], ["test/cat", "val/cat"]],
)
def test_folders_of_class_folders_are_no_classes(tmp_path, folders):
    with pytest.raises(ImageFolderError, match=r"have no pictures but folders.*from_folder\("):
        Dataset.from_folder(fill(tmp_path, *folders))


def test_an_error_says_what_there_was(tmp_path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "scan.heic").write_bytes(b"x")
    with pytest.raises(ImageFolderError, match=r"There are no pictures.*scan\.heic"):
        Dataset.from_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_may_not_be_read(tmp_path):
    fill(tmp_path, "0", "1")
    (tmp_path / "1").chmod(0)
    try:
        with pytest.raises(ImageFolderError, match="cannot be read"):
            Dataset.from_folder(tmp_path)
    finally:
        (tmp_path / "1").chmod(0o700)


def test_many_folders_in_each_other(tmp_path):
    deep = fill(tmp_path, "0", "1") / "0"
    for _ in range(300):
        deep /= "a"
    deep.mkdir(parents=True)
    save(deep / "x.png")
    assert all_labels(Dataset.from_folder(tmp_path)) == [0, 0, 0, 1, 1]

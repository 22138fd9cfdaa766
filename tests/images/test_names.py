"""Which names are pictures: the same in data sets and for the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from mnistkit.cli.predict import _expanded
from mnistkit.images.names import PICTURE_SUFFIXES, is_litter, is_picture_name


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_upper_and_lower_case(suffix):
    assert is_picture_name(f"7{suffix}")
    assert is_picture_name(f"7{suffix.upper()}")
    assert not is_picture_name(suffix)  # a hidden file without an end


@pytest.mark.parametrize("name", ["0", "cat", "test", "x.png", "cache", "git", "icon", "Trash"])
def test_names_of_classes_are_no_litter(name):
    assert not is_litter(name)


def test_predict_takes_the_pictures_of_a_folder_and_nothing_else(tmp_path):
    for name in ("7.jfif", "8.PGM", "._7.jfif", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    Image.new("L", (9, 9)).save(tmp_path / "9.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "nowhere.png").symlink_to("nothing")  # is reported when it is read
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
    found = [Path(path).name for path in _expanded([str(tmp_path)])]
    assert found == ["7.jfif", "8.PGM", "9.png", "nowhere.png"]

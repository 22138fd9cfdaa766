from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnistkit
from mnistkit.errors import ImageError, WrongTypeError
from mnistkit.recognition import explain
from mnistkit.recognition.pictures import is_one_picture, name_of

ONE = (
    "takes one picture: the name of a file, its bytes, an open file, a PIL image, or an array, not "
)
SET = "a set. A set has no order: give a list of pictures to mnistkit.recognize_many."
DICT = "a dict. Give its pictures: mnistkit.recognize_many(list(pictures.values()))."
FOR_ONE = "For one picture use mnistkit.recognize, or give [picture]."
FOR_SEVERAL = "Several pictures are for mnistkit.recognize_many."
CHANNELS = (
    "If the channels come first, give numpy.moveaxis(array, 0, -1); several pictures are for "
    "mnistkit.recognize_many."
)
SEVERAL = (
    "recognize_many takes several pictures: a list, a tuple or an iterator of them, or an array "
    "(n, height, width), not "
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a.png", True),
        (Path("a.png"), True),
        (b"\x89PNG", True),
        (bytearray(b"\x89PNG"), True),
        (io.BytesIO(), True),
        (Image.new("L", (2, 2)), True),
        (np.zeros((9, 9)), True),
        (np.zeros((9, 9, 1)), True),
        (np.zeros((9, 9, 3)), True),
        (np.zeros((9, 9, 4)), True),
        ([[0, 1], [1, 0]], True),
        (((0.0, 1.0),), True),
        (np.zeros((3, 9, 9)), False),
        (np.zeros((5, 9, 9, 3)), False),
        (np.zeros(9), False),
        (["a.png"], False),
        ([np.zeros((9, 9))], False),
        ([[["a"]]], False),
        ([], False),
        ([[]], False),
        (None, False),
        (7, False),
        ({"a": "a.png"}, False),
    ],
)
def test_one_picture_is_told_from_several(given, expected):
    assert is_one_picture(given) == expected


def test_files_have_names():
    assert name_of("a.png") == "a.png"
    assert name_of(Path("b") / "c.png") == str(Path("b") / "c.png")
    assert name_of(b"a.png") == name_of(np.zeros((2, 2))) == ""


@pytest.mark.parametrize("read", [mnistkit.recognize, mnistkit.prepare_digit, explain])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "None."),
        (7, "7."),
        (object(), "an object."),
        (["a.png", "b.png"], f"a list. {FOR_SEVERAL}"),
        (iter(["a.png"]), f"a list_iterator. {FOR_SEVERAL}"),
        ({"a.png"}, SET),
        ({"a": "a.png"}, DICT),
    ],
)
def test_what_is_not_one_picture_is_refused(read, given, said):
    with pytest.raises(WrongTypeError) as caught:
        read(given)
    assert str(caught.value) == f"{read.__name__} {ONE}{said}"


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((5, 28, 28), FOR_SEVERAL),
        ((28,), FOR_SEVERAL),
        ((3, 28, 28), CHANNELS),
    ],
)
def test_an_array_of_several_pictures_is_refused_as_one(shape, advice):
    with pytest.raises(ImageError) as caught:
        mnistkit.recognize(np.zeros(shape, np.uint8))
    assert str(caught.value).endswith(
        f"or an array; an array of shape {shape} is none, or several. {advice}"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "None."),
        (7, "7."),
        ("a.png", f"a str. {FOR_ONE}"),
        (np.zeros((9, 9)), f"an ndarray. {FOR_ONE}"),
        ({"a.png"}, SET),
        ({"a": "a.png"}, DICT),
    ],
)
def test_what_is_not_several_pictures_is_refused(given, said):
    with pytest.raises(WrongTypeError) as caught:
        mnistkit.recognize_many(given)
    assert str(caught.value) == SEVERAL + said

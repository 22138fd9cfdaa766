from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image, ImageDraw

import mnistkit
from mnistkit import plot_recognition
from mnistkit.errors import PictureError


def sheet(*strokes, size=(200, 200)):
    image = Image.new("RGB", size, (244, 240, 230))
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, fill=(30, 30, 60), width=8, joint="curve")
    return np.asarray(image)


SEVEN = [(60, 40), (140, 40), (95, 160)]
THREE = [[(30, 30), (28, 170)], [(90, 30), (88, 170)], [(150, 30), (148, 170)]]


def words(figure):
    texts = [*figure.texts, *(text for ax in figure.axes for text in ax.texts)]
    titles = [ax.get_title(loc=where) for ax in figure.axes for where in ("left", "center")]
    return " ".join([*(text.get_text() for text in texts), *titles])


def test_one_digit_and_what_the_model_saw():
    picture = sheet(SEVEN)
    figure = plot_recognition(picture)
    digit = mnistkit.recognize(picture)[0]
    shown = [image.get_array() for ax in figure.axes for image in ax.get_images()]
    assert any(array.shape == (200, 200, 3) for array in shown)
    assert any(array.shape == (28, 28) and np.array_equal(array, digit.image) for array in shown)
    assert "Read as 7" in words(figure)


def test_several_digits():
    text = words(plot_recognition(sheet(*THREE)))
    assert "111" in text
    assert "several digits found" in text


def test_no_digit_says_why():
    assert "empty" in words(plot_recognition(sheet()))


@pytest.mark.parametrize("size", [(28, 28), (60, 400), (400, 60), (900, 700)])
def test_any_size(size):
    width, height = size
    stroke = [(width * 0.5, height * 0.2), (width * 0.5, height * 0.8)]
    figure = plot_recognition(sheet(stroke, size=size))
    figure.canvas.draw()


def test_a_figure_that_is_there_already():
    figure = plt.figure(figsize=(9, 7))
    assert plot_recognition(sheet(SEVEN), figure=figure) is figure


def test_what_is_no_picture():
    with pytest.raises(PictureError):
        plot_recognition(b"no picture")

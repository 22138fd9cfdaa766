from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image, ImageDraw

from mnistkit import Reading, plot_recognition, recognize
from mnistkit.errors import ImageError, PictureError, WrongTypeError
from mnistkit.recognition import explain


def sheet(*strokes, size=(200, 200)):
    image = Image.new("RGB", size, (244, 240, 230))
    for stroke in strokes:
        ImageDraw.Draw(image).line(stroke, fill=(30, 30, 60), width=8, joint="curve")
    return np.asarray(image)


SEVEN = [(60, 40), (140, 40), (95, 160)]
THREE = [[(30, 30), (28, 170)], [(90, 30), (88, 170)], [(150, 30), (148, 170)]]


def words(figure):
    return " ".join(text.get_text().replace("\n", " ") for text in figure.findobj(Text))


def test_one_digit_and_what_the_model_saw():
    picture = sheet(SEVEN)
    figure = plot_recognition(picture)
    digit = recognize(picture)[0]
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
    assert plt.get_fignums() == [figure.number]


def test_a_part_of_a_figure():
    _, right = plt.figure(figsize=(12, 5)).subfigures(1, 2)
    assert plot_recognition(sheet(SEVEN), figure=right) is right
    for ax in right.axes:
        assert right.bbox.x0 <= ax.bbox.x0 < ax.bbox.x1 <= right.bbox.x1


def test_an_explanation_is_not_read_again(monkeypatch):
    explanation = explain(sheet(SEVEN))
    monkeypatch.setattr("mnistkit.plots.recognition.explain", None)
    assert plot_recognition(explanation).get_suptitle() == "Read as 7"


def test_boxes_are_where_the_digits_are():
    reading = recognize(sheet(*THREE))
    axes = plot_recognition(sheet(*THREE)).axes[0]
    drawn = [(p.get_x(), p.get_y(), *np.add(p.get_xy(), (p.get_width(), p.get_height())))
             for p in axes.patches if isinstance(p, Rectangle)]  # fmt: skip
    assert drawn == [digit.box for digit in reading]
    assert [text.get_text()[0] for text in axes.texts] == ["1", "1", "1"]


def test_steps_say_what_they_are():
    dark, light = sheet(SEVEN), 255 - sheet(SEVEN)
    assert "dark ink" in words(plot_recognition(dark))
    assert "light ink" in words(plot_recognition(light))
    assert "nothing stands out" in words(plot_recognition(sheet()))


def test_rule_lines_that_were_removed_are_mentioned():
    explanation = explain(sheet(SEVEN))
    hypothesis = replace(explanation.hypothesis, rule_lines_removed=True)
    ruled = replace(explanation, hypothesis=hypothesis)
    assert "rule lines were removed" in words(plot_recognition(ruled))
    assert "rule lines were removed" not in words(plot_recognition(explanation))


def test_doubt_is_marked_by_more_than_colour():
    explanation = explain(sheet(SEVEN))
    doubtful = Reading([replace(explanation.reading[0], warnings=("not sure: it may be 1",))])
    figures = [
        plot_recognition(explanation),
        plot_recognition(replace(explanation, reading=doubtful)),
    ]
    sure, unsure = (figure.axes[0].patches[0].get_linewidth() for figure in figures)
    assert unsure > 1.5 * sure
    assert ["7?" in words(figure) for figure in figures] == [False, True]
    assert "not sure: it may be 1" in words(figures[1])


def test_what_looks_like_no_digit_is_dashed():
    explanation = explain(sheet(*THREE))
    fewer = Reading(explanation.reading[:2])
    figure = plot_recognition(replace(explanation, reading=fewer))
    assert "dashed: looks like no digit" in words(figure)
    styles = [patch.get_linestyle() for patch in figure.axes[0].patches]
    assert len(set(map(str, styles))) == 2


def test_only_the_first_six_are_explained():
    strokes = [[(30 + 45 * n, 30), (28 + 45 * n, 120)] for n in range(9)]
    figure = plot_recognition(sheet(*strokes, size=(430, 150)))
    assert figure.get_suptitle() == "Read as 111111111"
    assert "the first 6 of 9" in words(figure)
    assert len(figure.axes[0].texts) == 9
    assert len(figure.axes) == 3 + 2 * 6


def test_a_bar_for_each_label():
    digit = recognize(sheet(SEVEN))[0]
    bars = plot_recognition(sheet(SEVEN)).axes[-1]
    assert [bar.get_width() for bar in bars.patches] == digit.probabilities.tolist()
    weights = [label.get_fontweight() for label in bars.get_yticklabels()]
    assert [number for number, weight in enumerate(weights) if weight == "bold"] == [7]


@pytest.mark.parametrize("count", [1, 2, 3, 6, 12])
def test_nothing_is_written_over_anything_else(count):
    strokes = [[(20 + 26 * n, 8), (18 + 26 * n, 60)] for n in range(count)]
    figure = plot_recognition(sheet(*strokes, size=(40 + 26 * count, 68)))
    figure.canvas.draw()
    texts = [*figure.texts, *figure.axes[0].texts]
    boxes = [text.get_window_extent() for text in texts]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)


def test_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(plt, "show", None)
    plot_recognition(sheet(SEVEN))


def test_what_is_no_picture():
    with pytest.raises(PictureError):
        plot_recognition(b"no picture")


def test_an_array_of_several_pictures():
    with pytest.raises(ImageError) as caught:
        plot_recognition(np.zeros((5, 28, 28), np.uint8))
    assert str(caught.value) == (
        "plot_recognition takes one picture: the name of a file, its bytes, an open file, a PIL "
        "image, or an array, or an Explanation; an array of shape (5, 28, 28) is none, or several. "
        "Several pictures are for mnistkit.recognize_many."
    )


@pytest.mark.parametrize(
    ("given", "named"),
    [(None, "not None"), (7, "not 7"), (["a.png"], "not a list"), ({"a": 1}, "not a dict")],
)
def test_what_is_neither_a_picture_nor_an_explanation(given, named):
    with pytest.raises(WrongTypeError, match=f"or an Explanation, {named}[.]"):
        plot_recognition(given)


def test_a_reading_is_no_explanation():
    with pytest.raises(WrongTypeError, match=r"or an Explanation, not a Reading\."):
        plot_recognition(recognize(sheet(SEVEN)))

from __future__ import annotations

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError
from mnistkit.plots import plot_digits


def drawn_levels(ax: Axes) -> list[int]:
    """The grey level of each image, in the order of drawing; the tests draw images of one level."""
    return [int(np.unique(image.get_array())[0]) for image in ax.images]


def captions(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.fixture
def images() -> np.ndarray:
    """Thirty images; the one at position i has the level i everywhere."""
    return np.repeat(np.arange(30, dtype=np.uint8), 16).reshape(30, 4, 4)


def test_the_first_25_are_drawn(images: np.ndarray) -> None:
    ax = plot_digits(images)
    assert isinstance(ax, Axes)
    assert drawn_levels(ax) == list(range(25))
    assert captions(ax) == []
    assert ax.get_title() == ""


def test_fewer_are_all_drawn(images: np.ndarray) -> None:
    assert len(plot_digits(images[:3]).images) == 3
    assert len(plot_digits(images, count=100).images) == 30


def test_a_seed_chooses_at_random_and_repeatably(images: np.ndarray) -> None:
    first = drawn_levels(plot_digits(images, count=10, seed=1))
    assert drawn_levels(plot_digits(images, count=10, seed=1)) == first
    assert drawn_levels(plot_digits(images, count=10, seed=2)) != first
    assert len(set(first)) == 10


def test_labels_are_written_below_their_images(images: np.ndarray) -> None:
    ax = plot_digits(images, np.arange(30) % 3, classes=["a", "b", "c"], count=10, seed=3)
    assert captions(ax) == ["abc"[level % 3] for level in drawn_levels(ax)]
    for image, text in zip(ax.images, ax.texts, strict=True):
        left, right, bottom, _ = image.get_extent()
        x, y = text.get_position()
        assert left < x < right
        assert y > bottom, "below: the y axis points down"


def test_labels_without_names_are_numbers(images: np.ndarray) -> None:
    assert captions(plot_digits(images, np.arange(30), count=3)) == ["0", "1", "2"]


def test_a_split_brings_labels_classes_and_name(images: np.ndarray) -> None:
    split = Split(
        images, np.arange(30) % 2, classes=["even", "odd"], dataset="numbers", part="test"
    )
    ax = plot_digits(split, count=2)
    assert captions(ax) == ["even", "odd"]
    assert ax.get_title() == "numbers test"


def test_other_labels_may_be_written_below_a_split(images: np.ndarray) -> None:
    split = Split(images, np.zeros(30, dtype=int), classes=["even", "odd"])
    assert captions(plot_digits(split, np.ones(30, dtype=int), count=1)) == ["odd"]


def test_dollar_signs_are_no_formulas(images: np.ndarray) -> None:
    split = Split(images, np.zeros(30, dtype=int), classes=["$1_{$"], dataset="$\\bad{$")
    ax = plot_digits(split)
    ax.figure.canvas.draw()
    assert captions(ax)[0] == "$1_{$"


@pytest.mark.parametrize(
    ("count", "columns", "expected"), [(25, None, 5), (10, None, 4), (10, 5, 5), (3, 100, 3)]
)
def test_columns(images: np.ndarray, count: int, columns: int | None, expected: int) -> None:
    ax = plot_digits(images, count=count, columns=columns)
    assert len({image.get_extent()[0] for image in ax.images}) == expected
    extents = [image.get_extent() for image in ax.images]
    reading_order = sorted(extents, key=lambda extent: (extent[3], extent[0]))
    assert extents == reading_order


def test_ink_is_dark_on_light_paper() -> None:
    image = plot_digits(np.array([[[0, 255]]], dtype=np.uint8)).images[0]
    paper, ink = image.to_rgba(image.get_array())[0, :, :3]
    assert paper.tolist() == [1, 1, 1]
    assert ink.tolist() == [0, 0, 0]


def test_floats_and_integers_look_the_same(images: np.ndarray) -> None:
    ax = plot_digits(images.astype(np.float64) / 255)
    assert drawn_levels(ax) == list(range(25))


def test_a_faint_image_is_not_made_stronger() -> None:
    assert plot_digits(np.full((1, 4, 4), 10, dtype=np.uint8)).images[0].get_clim() == (0, 255)


def test_coloured_images_keep_their_colours() -> None:
    red = np.zeros((1, 4, 4, 3), dtype=np.uint8)
    red[..., 0] = 255
    drawn = plot_digits(red).images[0].get_array()
    assert drawn is not None
    assert drawn[0, 0].tolist() == [255, 0, 0]


def test_one_channel_is_grey(images: np.ndarray) -> None:
    assert drawn_levels(plot_digits(images[..., None])) == list(range(25))


def test_wide_images_keep_their_shape() -> None:
    ax = plot_digits(np.zeros((4, 10, 20), dtype=np.uint8))
    left, right, bottom, top = ax.images[0].get_extent()
    assert (right - left) / (bottom - top) == pytest.approx(2)
    assert ax.get_aspect() == 1


def test_a_given_ax_is_used_and_no_figure_is_made(images: np.ndarray) -> None:
    figure, axes = plt.subplots(1, 2)
    assert plot_digits(images, ax=axes[1]) is axes[1]
    assert plt.get_fignums() == [figure.number]
    assert len(axes[0].images) == 0


def test_an_ax_in_a_subfigure_can_be_used(images: np.ndarray) -> None:
    part = plt.figure(layout="constrained").subfigures(1, 2)[0]
    ax = part.subplots()
    plot_digits(images, np.arange(30), ax=ax)
    assert len(ax.images) == 25


@pytest.mark.parametrize("size", [1.5, 5, 15])
def test_captions_do_not_overlap(images: np.ndarray, size: float) -> None:
    figure, ax = plt.subplots(figsize=(size, size), dpi=150)
    names = ["T-shirt/top", "Ankle boot", "a rather long name"]
    plot_digits(images, np.arange(30) % 3, classes=names, ax=ax)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for position, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[position + 1 :])
        assert not any(box.overlaps(image.get_window_extent()) for image in ax.images)


def test_everything_lies_on_the_new_figure(images: np.ndarray) -> None:
    split = Split(
        images, np.arange(30) % 2, classes=["short", "a rather long name"], dataset="some name"
    )
    ax = plot_digits(split, columns=1, count=3)
    figure = ax.figure
    figure.canvas.draw()
    for artist in [*ax.texts, *ax.images, ax.title]:
        box = artist.get_window_extent()
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


def test_nothing_is_shown(images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[object] = []
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: shown.append(args))
    plot_digits(images)
    assert shown == []


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((0, 28, 28)), "There are no images"),
        (np.zeros((28, 28)), r"single picture add the first axis: images\[None\]"),
        (np.full((1, 4, 4), 200.0), "from 200 to 200, outside 0 to 1.*divide by 255 once"),
        (np.full((1, 4, 4), 256), "from 256 to 256, outside 0 to 255"),
        (np.full((1, 4, 4), np.nan), "NaN"),
        (
            np.zeros((1, 4, 4, 2)),
            r"shape \(1, 4, 4, 2\) cannot be drawn; expected \(n, height, width\)",
        ),
    ],
)
def test_bad_images_are_refused_and_leave_no_figure(images: np.ndarray, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        plot_digits(images)
    assert plt.get_fignums() == []


def test_bad_labels_are_refused(images: np.ndarray) -> None:
    with pytest.raises(LabelError, match=r"30 images, but the labels have the shape \(2,\)"):
        plot_digits(images, [0, 1])
    with pytest.raises(LabelError, match="go from 0 to 29; expected 0 to 1 for the 2 classes"):
        plot_digits(images, np.arange(30), classes=["a", "b"])


@pytest.mark.parametrize("name", ["count", "columns"])
def test_numbers_must_be_positive(images: np.ndarray, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}=0 must be 1 or more"):
        plot_digits(images, **{name: 0})
    assert plt.get_fignums() == []


def test_importing_the_plots_imports_nothing_heavy() -> None:
    code = (
        "import sys, mnistkit.plots, mnistkit.evaluation\n"
        "heavy = {'matplotlib', 'sklearn', 'scipy', 'tensorflow', 'keras', 'PIL'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

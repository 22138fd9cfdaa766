"""plot_recognition: how somebody's own picture was read, step by step."""

from __future__ import annotations

import os
import textwrap
from itertools import combinations
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from mnistkit.packages import require
from mnistkit.plots.palette import BLUE, VERMILION
from mnistkit.recognition import Explanation, explain
from mnistkit.recognition.pictures import check_one
from mnistkit.recognition.reading import percent
from mnistkit.recognition.warnings import SEVERAL_DIGITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from mnistkit.recognition import Digit, Reading
    from mnistkit.recognition.pictures import PictureSource

    _Given = TypeVar("_Given", Figure, SubFigure)

_WIDTH = 9.0  # inches of a figure of its own; text is scaled to the size of another one
_WIDE = 1.9  # times as wide as high: such a picture gets the whole width,
_MANY = 8  # and one with more digits does too
_MOST_DIGITS = 6  # that are explained

# What is doubtful has a question mark and a thicker frame besides, so that no colour is needed.
_SURE, _DOUBTFUL = BLUE, VERMILION
_GREY = "0.35"


@overload
def plot_recognition(
    picture: PictureSource | Explanation,
    *,
    model: str | os.PathLike[str] | keras.Model = ...,
    figure: None = None,
) -> Figure: ...


@overload
def plot_recognition(
    picture: PictureSource | Explanation,
    *,
    model: str | os.PathLike[str] | keras.Model = ...,
    figure: _Given,
) -> _Given: ...


def plot_recognition(
    picture: PictureSource | Explanation,
    *,
    model: str | os.PathLike[str] | keras.Model = "cnn",
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw how a picture was read: where the digits are, what was taken for ink, and why.

    Three steps come first: the picture itself with a box around every digit, its contrast with
    the paper, and the ink. Below them stand the digits as the model saw them, the first six at
    most, with the probabilities of all ten labels. Doubtful ones have a question mark and a thick
    frame; the dashed boxes hold ink that looks like no digit.

    Parameters
    ----------
    picture : str, path-like, bytes, binary file, PIL.Image.Image, array_like or Explanation
        One picture, as for `recognize`; or what ``mnistkit.recognition.explain`` made of it.
    model : str, path-like or keras.Model, default "cnn"
        As for `recognize`; an Explanation has been made by a model already.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; a new figure by default. If it has no layout engine, it is given
        matplotlib's constrained layout.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        What was drawn on. Text and frames fit the size that it has now.

    Raises
    ------
    PictureError, ImageError, WrongTypeError, UnknownNameError, ModelError, WeightsError
        As for `recognize`.

    See Also
    --------
    recognize : what was read, without the drawing.

    Examples
    --------
    >>> import mnistkit, numpy as np
    >>> picture = np.full((100, 80), 250, dtype=np.uint8)
    >>> picture[20:80, 38:42] = 30
    >>> figure = mnistkit.plot_recognition(picture)
    >>> figure.get_suptitle()
    'Read as 1'
    >>> figure.savefig("why.png", dpi=200)  # doctest: +SKIP
    """
    require("matplotlib", to="draw a plot")
    import matplotlib.pyplot as plt

    if not isinstance(picture, Explanation):
        check_one(picture, "plot_recognition", also="an Explanation")
        picture = explain(picture, model=model)
    reading, digits = picture.reading, picture.reading.digits[:_MOST_DIGITS]
    steps, step_heights = _steps(picture)
    columns = {1: 1, 2: 2, 4: 2}.get(len(digits), 3)
    side = {1: 2.0, 2: 1.7, 3: 1.25}[columns]
    rows = -(-len(digits) // columns)
    notes = _notes(reading)
    heights = [0.2 + 0.15 * len(notes) + sum(step_heights), 0.3 + rows * (side + 0.6)]
    heights = heights[: 2 if digits else 1]
    if figure is None:
        figure = plt.figure(figsize=(_WIDTH, sum(heights)), layout="constrained")
    whole = figure.figure
    if whole.get_layout_engine() is None:
        whole.set_layout_engine("constrained")
    inches = figure.bbox.width / whole.dpi, figure.bbox.height / whole.dpi
    scale = min(inches[0] / _WIDTH, inches[1] / sum(heights))
    left: dict[str, Any] = {"x": 0.01, "ha": "left"}
    figure.suptitle(_title(reading), fontsize=12 * scale, parse_math=False, **left)
    parts: Any = figure.subfigures(2, 1, height_ratios=heights) if digits else [figure]
    axes = parts[0].subplot_mosaic(steps, height_ratios=step_heights)
    parts[0].supxlabel("\n".join(notes), fontsize=8 * scale, **left)
    _draw_steps(axes, picture, scale)
    if digits:
        heading = "4  What the model saw, and how probable it finds each digit"
        heading += f" (the first {len(digits)} of {len(reading)})" * (len(reading) > len(digits))
        parts[1].suptitle(heading, fontsize=9 * scale, fontweight="bold", **left)
        widths = [side, _WIDTH / columns - side]
        panels = parts[1].subplots(rows, 2 * columns, squeeze=False, width_ratios=widths * columns)
        panels = panels.reshape(-1, 2)
        for digit, (image, bars) in zip(digits, panels, strict=False):
            _draw_digit(image, bars, digit, scale, widths[1])
        for ax in panels[len(digits) :].ravel():
            ax.remove()
    _label_boxes(axes["picture"], reading, scale)
    return figure


# Layout and words #################################################################################


def _steps(explanation: Explanation) -> tuple[list[list[str]], list[float]]:
    """The mosaic of the three steps, and the height of its rows in inches."""
    rows, columns = explanation.picture.pixels.shape[:2]
    aspect = columns / rows
    if aspect <= _WIDE and len(explanation.reading) <= _MANY:
        return [["picture", "contrast", "ink"]], [min(2.8 / aspect, 3.6) + 0.6]
    heights = [min(8.6 / aspect, 5) + 0.6, min(4.2 / aspect, 2.5) + 0.6]
    return [["picture", "picture"], ["contrast", "ink"]], heights


def _title(reading: Reading) -> str:
    name = PurePath(reading.source).name
    name = name if len(name) <= 50 else f"{name[:30]}...{name[-15:]}"
    text = reading.text if len(reading) <= 30 else f"{reading.text[:30]}..."
    read = f"read as {text}" if reading else "no digit found"
    return f"{name}: {read}" if name else read.capitalize()


def _notes(reading: Reading) -> list[str]:
    """What there is to say of the whole picture, as lines."""
    several = [SEVERAL_DIGITS] if SEVERAL_DIGITS in reading.all_warnings else []
    notes = [f"Note: {note}" for note in (*reading.warnings, *several)]
    return [line for note in notes for line in textwrap.wrap(note, 130)]


def _doubts(digit: Digit) -> str:
    return "; ".join(warning for warning in digit.warnings if warning != SEVERAL_DIGITS)


def _marked(digit: Digit) -> str:
    return f"{digit.label}{'?' if _doubts(digit) else ''}"


def _color(digit: Digit, *, sure: str = _SURE) -> str:
    return _DOUBTFUL if _doubts(digit) else sure


# The three steps ##################################################################################


def _draw_steps(axes: dict[str, Axes], explanation: Explanation, scale: float) -> None:
    picture, hypothesis = explanation.picture, explanation.hypothesis
    foreground, contrast = hypothesis.foreground, hypothesis.contrast
    height, width = picture.pixels.shape[:2]
    read = {digit.box for digit in explanation.reading}
    boxes = [tuple(edge * picture.reduction for edge in one.box) for one in hypothesis.candidates]
    unread = [box for box in boxes if box not in read]
    detail = f"{width:,} x {height:,} pixels"
    detail += f", reduced to 1/{picture.reduction}" if picture.reduction > 1 else ""
    detail += "; dashed: looks like no digit" if unread else ""
    extent = (0, width * picture.reduction, height * picture.reduction, 0)
    _show(axes["picture"], picture.pixels, 255, scale, "1  Picture", detail, extent, cmap="gray")
    for box in unread:
        _draw_frame(axes["picture"], box, "0.3", 1.0 * scale, (0, (2, 2)))
    for digit in explanation.reading:
        line = 2.6 if _doubts(digit) else 1.6
        _draw_frame(axes["picture"], digit.box, _color(digit), line * scale)

    strength, detail = 64.0, "nothing stands out"  # paper is drawn as faint as it is
    if foreground is not None:
        strength = foreground.strength
        detail = f"{contrast.polarity} ink, {strength:.0f} grey levels"
    detail += "; rule lines were removed" if hypothesis.rule_lines_removed else ""
    title = "2  Contrast with the paper"
    _show(axes["contrast"], contrast.values, strength, scale, title, detail)

    mask = np.zeros(contrast.values.shape, bool) if foreground is None else foreground.mask
    detail = f"{mask.mean():.1%} of the pixels" if mask.any() else "none"
    _show(axes["ink"], mask.astype(np.float32), 1, scale, "3  Ink", detail)


def _draw_frame(
    ax: Axes, box: Sequence[int], color: str, width: float, linestyle: Any = "-"
) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    left, top, right, bottom = box
    frame = Rectangle(
        (left, top), right - left, bottom - top, fill=False, edgecolor=color, linewidth=width,
        linestyle=linestyle, clip_on=False,
        # On dark paper a white border keeps it visible.
        path_effects=[withStroke(linewidth=2 * width, foreground="white")],
    )  # fmt: skip
    ax.add_patch(frame)


def _label_boxes(ax: Axes, reading: Reading, scale: float) -> None:
    """Write at every box what it was read as, as large as the neighbours leave room for."""
    labels = []
    for digit in reading:
        left, top, right, _ = digit.box
        frame = {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": _color(digit),
                 "linewidth": 0.8 * scale}  # fmt: skip
        labels.append(ax.annotate(
            _marked(digit), ((left + right) / 2, top), (0, 4 * scale), textcoords="offset points",
            ha="center", va="bottom", fontweight="bold", linespacing=1.0, bbox=frame,
        ))  # fmt: skip
    whole = ax.figure.figure
    if (engine := whole.get_layout_engine()) is not None:
        engine.execute(whole)
    ax.apply_aspect()
    for between, sizes in ((" ", (9, 8, 7)), ("\n", (8, 7)), (None, (9, 8, 7, 6, 5))):
        for size in sizes:
            for label, digit in zip(labels, reading, strict=True):
                probability = "" if between is None else between + percent(digit.probability)
                label.set(text=_marked(digit) + probability, fontsize=size * scale)
            places = [label.get_window_extent().padded(2 * scale) for label in labels]
            if not any(one.overlaps(other) for one, other in combinations(places, 2)):
                return


# The digits #######################################################################################


def _draw_digit(image: Axes, bars: Axes, digit: Digit, scale: float, inches: float) -> None:
    """Draw what the model saw, and on `bars`, so many inches wide, how probable it finds what."""
    title = f"{_marked(digit)}   {percent(digit.probability)}"
    detail = f"a digit at all: {digit.score:.0%}" if digit.score < 0.995 else ""
    _show(image, digit.image, 255, scale, title, detail)
    color = _color(digit, sure="black")
    image.set_title(title, loc="left", fontsize=11 * scale, fontweight="bold", color=color)

    colors, edges = ["0.8"] * 10, ["0.5"] * 10
    colors[digit.label] = edges[digit.label] = _SURE
    drawn = bars.barh(range(10), digit.probabilities, 0.75, color=colors, edgecolor=edges,
                      linewidth=0.6 * scale)  # fmt: skip
    texts = [percent(share) if share >= 0.0005 else "" for share in digit.probabilities.tolist()]
    bars.bar_label(drawn, texts, padding=3 * scale, fontsize=7 * scale)
    bars.set(xlim=(0, 1.25), ylim=(9.6, -0.6))
    bars.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
    bars.set_yticks(range(10), map(str, range(10)))
    bars.get_yticklabels()[digit.label].set_fontweight("bold")
    bars.tick_params(length=0, pad=3 * scale, labelsize=7 * scale)
    bars.spines[["top", "right", "bottom"]].set_visible(False)
    bars.spines["left"].set(color=_GREY, linewidth=0.6 * scale)
    doubts = "\n".join(textwrap.wrap(_doubts(digit), int(inches / 0.065)))
    bars.set_title(doubts, loc="left", fontsize=8 * scale)


def _show(
    ax: Axes, values: NDArray[Any], most: float, scale: float, title: str, detail: str,
    extent: tuple[float, float, float, float] | None = None, *, cmap: str = "gray_r",
) -> None:  # fmt: skip
    """Draw an image with a title above and a detail below it; `most` is the end of the scale."""
    # By default matplotlib averages where it reduces, so that thin strokes stay.
    ax.imshow(values, cmap=cmap, vmin=0, vmax=most, extent=extent)
    ax.set(xticks=[], yticks=[], anchor="NW")
    ax.spines[:].set(color="0.75", linewidth=0.6)
    ax.set_title(title, loc="left", fontsize=9 * scale, fontweight="bold")
    lines = "\n".join(textwrap.wrap(detail, 48))
    ax.set_xlabel(lines, loc="left", fontsize=7.5 * scale, color=_GREY, labelpad=3 * scale)

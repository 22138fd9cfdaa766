"""plot_recognition: how somebody's own picture was read, step by step."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np

from mnistkit.plots.fit import widest
from mnistkit.recognition import Explanation, explain
from mnistkit.recognition.digit import percent

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from mnistkit.recognition import Digit, Reading

    _Given = TypeVar("_Given", Figure, SubFigure)

# All lengths are in inches, for a figure of its own; one of another size scales them all.
_WIDTH = 9.0
_MARGIN = 0.2
_GAP = 0.25
_INNER = _WIDTH - 2 * _MARGIN
_THIRD = (_INNER - 2 * _GAP) / 3
_TITLE = 0.5
_HEADING = 0.4  # two lines above a picture
_LABEL = 0.3  # what a label takes above its box
_TALLEST = 3.6
_WIDE = 1.9  # times as wide as high: such a picture gets the whole width,
_MANY = 8  # and one with more digits does too
_LINE = 0.16
_MOST_CELLS = 6

# Blue and vermilion of the Okabe-Ito palette. What is doubtful has a question mark and a thicker
# frame besides, so that no colour is needed.
_SURE, _DOUBTFUL = "#0072B2", "#D55E00"
_GREY = "0.35"

_HARMLESS = "several digits found"  # is said once, and makes no digit doubtful


@overload
def plot_recognition(
    picture: Any, *, model: str | os.PathLike[str] | keras.Model = ..., figure: None = None
) -> Figure: ...


@overload
def plot_recognition(
    picture: Any, *, model: str | os.PathLike[str] | keras.Model = ..., figure: _Given
) -> _Given: ...


def plot_recognition(
    picture: Any,
    *,
    model: str | os.PathLike[str] | keras.Model = "cnn",
    figure: Figure | SubFigure | None = None,
) -> Figure | SubFigure:
    """Draw how a picture was read: where the digits are, what was taken for ink, and why.

    Three steps of preparing the picture come first: the picture itself with a box around every
    digit, its contrast with the paper, and the ink. Below them stand the digits as the model saw
    them, the first six at most, with the probabilities of all ten labels. Doubtful ones have a
    question mark and a thick frame; the dashed boxes hold ink that looks like no digit.

    Parameters
    ----------
    picture : str, path-like, bytes, binary file, PIL.Image.Image, array_like or Explanation
        One picture, as for `recognize`; or what ``mnistkit.recognition.explain`` made of it.
    model : str, path-like or keras.Model, default "cnn"
        As for `recognize`; an Explanation has been made by a model already.
    figure : matplotlib.figure.Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.figure.Figure or SubFigure
        What was drawn on. Text and frames fit the size that it has now.

    Raises
    ------
    PictureError, ImageError, UnknownNameError, ModelError, WeightsError
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
    explained = picture if isinstance(picture, Explanation) else explain(picture, model=model)
    reading = explained.reading
    panels, below_panels = _panels(explained)
    notes = _notes(reading)
    cells, lines, below_cells = _cells(reading[:_MOST_CELLS])
    below_notes = below_panels + len(notes) * _LINE + 0.15
    canvas = _Canvas.on(figure, below_notes + below_cells)
    _draw_title(canvas, reading)
    _draw_picture(canvas, explained, panels[0])
    _draw_contrast(canvas, explained, panels[1])
    _draw_ink(canvas, explained, panels[2])
    canvas.write(_MARGIN, below_panels, "\n".join(notes))
    if reading:
        canvas.write(_MARGIN, below_notes, _cells_heading(len(reading)), size=9, weight="bold")
    for digit, cell in zip(reading, cells, strict=False):
        _draw_cell(canvas, digit, cell.moved_down(below_notes), lines)
    return canvas.figure


# Layout ###########################################################################################


@dataclass(frozen=True)
class _Box:
    """A rectangle in inches, from the left and from the top."""

    left: float
    top: float
    width: float
    height: float

    def moved_down(self, distance: float) -> _Box:
        return _Box(self.left, self.top + distance, self.width, self.height)

    def overlaps(self, other: _Box) -> bool:
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


@dataclass(frozen=True)
class _Canvas:
    """A figure whose lengths are inches, however large it is."""

    figure: Figure | SubFigure
    scale: float
    left: float
    top: float

    @classmethod
    def on(cls, figure: Figure | SubFigure | None, height: float) -> _Canvas:
        """Fit into a figure, in its middle; or make one of the right size."""
        if figure is None:
            import matplotlib.pyplot as plt

            figure = plt.figure(figsize=(_WIDTH, height))
        dpi = figure.figure.dpi
        given = figure.bbox.width / dpi, figure.bbox.height / dpi
        scale = min(given[0] / _WIDTH, given[1] / height)
        return cls(figure, scale, (given[0] - scale * _WIDTH) / 2, (given[1] - scale * height) / 2)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is on the figure, from 0 to 1 and from the bottom."""
        box, dpi = self.figure.bbox, self.figure.figure.dpi
        right, down = self.left + x * self.scale, self.top + y * self.scale
        return right * dpi / box.width, 1 - down * dpi / box.height

    def axes(self, box: _Box) -> Axes:
        left, bottom = self.place(box.left, box.top + box.height)
        right, top = self.place(box.left + box.width, box.top)
        return self.figure.add_axes((left, bottom, right - left, top - bottom))

    def write(self, x: float, y: float, text: str, *, size: float = 8, **style: Any) -> None:
        """Write below and to the right of a point."""
        if text:
            self.figure.text(
                *self.place(x, y),
                text,
                fontsize=size * self.scale,
                va="top",
                parse_math=False,
                **style,
            )


def _panels(explained: Explanation) -> tuple[tuple[_Box, _Box, _Box], float]:
    """Where the three steps are, without their headings, and how far down they go."""
    rows, columns = explained.picture.pixels.shape[:2]
    aspect = columns / rows
    side_by_side = aspect <= _WIDE and len(explained.reading) <= _MANY
    width = min(_THIRD if side_by_side else _INNER, (_TALLEST if side_by_side else 5.0) * aspect)
    height = width / aspect
    top = _TITLE + _HEADING + _room_for_labels(explained, height)
    first = _Box(_MARGIN, top, width, height)
    if side_by_side:
        second, third = (
            _Box(_MARGIN + column * (_THIRD + _GAP), top, width, height) for column in (1, 2)
        )
    else:
        top += height + 0.15 + _HEADING
        width = min((_INNER - _GAP) / 2, width / 2)
        second = _Box(_MARGIN, top, width, width / aspect)
        third = _Box(_MARGIN + width + _GAP, top, width, width / aspect)
    return (first, second, third), second.top + second.height + 0.12


def _room_for_labels(explained: Explanation, height: float) -> float:
    """How far the label of the highest digit goes beyond the picture."""
    rows: int = explained.picture.pixels.shape[0] * explained.picture.reduction
    highest: int = min((digit.box[1] for digit in explained.reading), default=rows)
    return max(0.0, _LABEL - height * highest / rows)


_CELL_TITLE, _CELL_FOOT = 0.25, 0.42


def _cells(digits: Sequence[Digit]) -> tuple[list[_Box], int, float]:
    """Where the digits are, below their heading; the lines of their warnings; and how far down."""
    if not digits:
        return [], 0, 0.0
    columns = {1: 1, 2: 2, 4: 2}.get(len(digits), 3)
    width = (_INNER - (columns - 1) * _GAP) / columns
    side = {1: 2.0, 2: 1.7, 3: 1.25}[columns]
    lines = max(len(_wrapped(_doubts(digit), width)) for digit in digits)
    height = _CELL_TITLE + lines * _LINE + side + _CELL_FOOT
    cells = []
    for number in range(len(digits)):
        row, column = divmod(number, columns)
        cells.append(_Box(_MARGIN + column * (width + _GAP), 0.3 + row * height, width, side))
    return cells, lines, 0.3 + -(-len(digits) // columns) * height


# Words ############################################################################################


def _wrapped(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(12, int(width / 0.065)))  # a letter's width at 8 points


def _notes(reading: Reading) -> list[str]:
    """What there is to say of the whole picture, as lines."""
    several = any(_HARMLESS in digit.warnings for digit in reading)
    notes = (*reading.warnings, *((_HARMLESS,) if several else ()))
    return [line for note in notes for line in _wrapped(f"Note: {note}", _INNER)]


def _doubts(digit: Digit) -> str:
    return "; ".join(warning for warning in digit.warnings if warning != _HARMLESS)


def _cells_heading(count: int) -> str:
    what = "What the model saw, and how probable it finds each digit"
    return f"4  {what}" + (f" (the first {_MOST_CELLS} of {count})" if count > _MOST_CELLS else "")


def _draw_title(canvas: _Canvas, reading: Reading) -> None:
    name = PurePath(reading.source).name
    if len(name) > 50:
        name = f"{name[:30]}...{name[-15:]}"
    text = reading.text if len(reading) <= 30 else f"{reading.text[:30]}..."
    read = f"read as {text}" if reading else "no digit found"
    title = f"{name}: {read}" if name else read.capitalize()
    place = canvas.place(_MARGIN, 0.13)
    canvas.figure.suptitle(
        title,
        x=place[0],
        y=place[1],
        ha="left",
        va="top",
        fontsize=12 * canvas.scale,
        parse_math=False,
    )


def _heading(canvas: _Canvas, box: _Box, title: str, detail: str, *, above: float) -> None:
    """Write above a picture, with some room in between."""
    top = box.top - _HEADING - above
    canvas.write(box.left, top, title, size=9, weight="bold")
    canvas.write(box.left, top + 0.17, detail, size=7.5, color=_GREY)


# The three steps ##################################################################################


def _draw_picture(canvas: _Canvas, explained: Explanation, box: _Box) -> None:
    pixels, reduction = explained.picture.pixels, explained.picture.reduction
    height, width = pixels.shape[:2]
    unread = _unread(explained)
    detail = f"{width:,} x {height:,} pixels"
    detail += f", reduced to 1/{reduction}" if reduction > 1 else ""
    detail += "; dashed: looks like no digit" if unread else ""
    above = _room_for_labels(explained, box.height)
    _heading(canvas, box, "1  Picture", detail, above=above)
    ax = canvas.axes(box)
    _draw_image(ax, pixels, "gray", 255, (width * reduction, height * reduction))
    for edges in unread:
        _draw_frame(ax, edges, canvas.scale, color="0.3", linestyle=(0, (2, 2)))
    for digit in explained.reading:
        color, line = (_DOUBTFUL, 2.6) if _doubts(digit) else (_SURE, 1.6)
        _draw_frame(ax, digit.box, canvas.scale, color=color, width=line)
    _draw_labels(ax, explained.reading, box, canvas.scale)


def _unread(explained: Explanation) -> list[tuple[int, ...]]:
    """The boxes of what was found, and then not taken for a digit."""
    reduction = explained.picture.reduction
    read = {digit.box for digit in explained.reading}
    boxes = (
        tuple(edge * reduction for edge in found.box) for found in explained.interpretation.found
    )
    return [box for box in boxes if box not in read]


def _draw_contrast(canvas: _Canvas, explained: Explanation, box: _Box) -> None:
    seen = explained.interpretation
    if seen.ink is None:
        strength, detail = 64.0, "nothing stands out"  # paper is drawn as faint as it is
    else:
        strength = seen.ink.strength
        detail = f"{seen.contrast.ink} ink, {strength:.0f} grey levels"
    detail += "; lines were taken away" if seen.lined else ""
    above = _room_beside(explained, box)
    _heading(canvas, box, "2  Contrast with the paper", detail, above=above)
    _draw_image(canvas.axes(box), seen.contrast.values, "gray_r", strength)


def _draw_ink(canvas: _Canvas, explained: Explanation, box: _Box) -> None:
    seen = explained.interpretation
    mask = np.zeros(seen.contrast.values.shape, bool) if seen.ink is None else seen.ink.mask
    detail = f"{mask.mean():.1%} of the pixels" if mask.any() else "none"
    _heading(canvas, box, "3  Ink", detail, above=_room_beside(explained, box))
    _draw_image(canvas.axes(box), mask.astype(np.float32), "gray_r", 1)


def _room_beside(explained: Explanation, box: _Box) -> float:
    """The same as above the first step, if the others stand beside it."""
    first = _panels(explained)[0][0]
    return _room_for_labels(explained, first.height) if first.top == box.top else 0.0


def _draw_image(
    ax: Axes, values: NDArray[Any], cmap: str, top: float, size: tuple[int, int] = (1, 1)
) -> None:
    # By default matplotlib averages where it reduces, so that thin strokes stay.
    extent = (0, size[0], size[1], 0)
    ax.imshow(values, cmap=cmap, vmin=0, vmax=top, extent=extent, aspect="auto")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(color="0.75", linewidth=0.6)


def _draw_frame(
    ax: Axes,
    box: tuple[int, ...],
    scale: float,
    *,
    color: str,
    width: float = 1.0,
    linestyle: Any = "-",
) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    left, top, right, bottom = box
    ax.add_patch(
        Rectangle(
            (left, top),
            right - left,
            bottom - top,
            fill=False,
            edgecolor=color,
            linewidth=width * scale,
            linestyle=linestyle,
            # On dark paper a white border keeps it visible.
            path_effects=[withStroke(linewidth=(width + 1.6) * scale, foreground="white")],
            clip_on=False,
        )
    )


def _draw_labels(ax: Axes, reading: Reading, panel: _Box, scale: float) -> None:
    """Write at every box what it was read as, as large as the neighbours leave room for."""
    inches = panel.width / ax.get_xlim()[1]  # to a pixel
    boxes = [
        _Box(left * inches, top * inches, (right - left) * inches, (bottom - top) * inches)
        for left, top, right, bottom in (digit.box for digit in reading)
    ]
    texts, size, places = _labels(reading, boxes, panel)
    for digit, text, place in zip(reading, texts, places, strict=True):
        ax.text(
            (place.left + place.width / 2) / inches,
            (place.top + place.height / 2) / inches,
            text,
            ha="center",
            va="center",
            fontsize=size * scale,
            fontweight="bold",
            linespacing=1.0,
            bbox={
                "boxstyle": "square,pad=0.15",
                "facecolor": "white",
                "edgecolor": _DOUBTFUL if _doubts(digit) else _SURE,
                "linewidth": 0.8 * scale,
            },
        )


def _labels(
    reading: Reading, boxes: Sequence[_Box], panel: _Box
) -> tuple[list[str], float, list[_Box]]:
    """What to write, with the probability if there is room for it; its size in points; where."""
    texts: list[str] = []
    size, places = 0.0, list[_Box]()
    for between, sizes in ((" ", (9, 8, 7)), ("\n", (8, 7)), (None, (9, 8, 7, 6, 5))):
        texts = [_label(digit, between) for digit in reading]
        width = {text: widest(text.splitlines(), bold=True) for text in set(texts)}
        for size in sizes:
            widths = [width[text] * size / 72 + 0.07 for text in texts]
            height = (1.2 * size * (2 if between == "\n" else 1) + 3) / 72
            places = _places(boxes, widths, height, panel)
            if not any(a.overlaps(b) for a, b in combinations(places, 2)):
                return texts, size, places
    return texts, size, places


def _places(
    boxes: Sequence[_Box], widths: Sequence[float], height: float, panel: _Box
) -> list[_Box]:
    """Above every box; below where the label would hide another digit, and does not there."""
    places = []
    for box, width in zip(boxes, widths, strict=True):
        left = min(max(box.left + (box.width - width) / 2, 0), max(panel.width - width, 0))
        above = _Box(left, box.top - height - 0.03, width, height)
        below = _Box(left, box.top + box.height + 0.03, width, height)
        others = [other for other in boxes if other is not box]
        hides = any(above.overlaps(other) for other in others)
        free = below.top + height < panel.height and not any(map(below.overlaps, others))
        places.append(below if hides and free else above)
    return places


def _label(digit: Digit, between: str | None) -> str:
    label = f"{digit.label}{'?' if _doubts(digit) else ''}"
    return label if between is None else f"{label}{between}{percent(digit.probability)}"


# The digits #######################################################################################


def _draw_cell(canvas: _Canvas, digit: Digit, cell: _Box, lines: int) -> None:
    """Draw one digit: its label and warnings, the model's picture, and the probabilities."""
    doubts = _doubts(digit)
    title = f"{digit.label}{'?' if doubts else ''}   {percent(digit.probability)}"
    color = _DOUBTFUL if doubts else "black"
    canvas.write(cell.left, cell.top, title, size=11, weight="bold", color=color)
    words = "\n".join(_wrapped(doubts, cell.width))
    canvas.write(cell.left, cell.top + _CELL_TITLE, words)
    side, top = cell.height, cell.top + _CELL_TITLE + lines * _LINE
    _draw_image_of_model(canvas, digit, _Box(cell.left, top, side, side))
    # A single digit's bars begin where the second step does.
    bars = side + 0.3 if cell.width < _INNER else _THIRD + _GAP
    box = _Box(cell.left + bars, top, cell.width - bars - 0.1, side)
    _draw_probabilities(canvas, digit, box)


def _draw_image_of_model(canvas: _Canvas, digit: Digit, box: _Box) -> None:
    ax = canvas.axes(box)
    ax.imshow(digit.image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest", aspect="auto")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(color="0.75", linewidth=0.6)
    if digit.score < 0.995:
        text = f"a digit at all: {digit.score:.0%}"
        canvas.write(box.left, box.top + box.height + 0.05, text, size=7, color=_GREY)


def _draw_probabilities(canvas: _Canvas, digit: Digit, box: _Box) -> None:
    ax, scale = canvas.axes(box), canvas.scale
    labels = range(len(digit.probabilities))
    chosen = [label == digit.label for label in labels]
    ax.barh(
        labels,
        digit.probabilities,
        height=0.75,
        color=[_SURE if one else "0.8" for one in chosen],
        edgecolor=[_SURE if one else "0.5" for one in chosen],
        linewidth=0.6 * scale,
    )
    size = min(8, 72 * box.height / len(labels) * 0.8) * scale
    for label, share in enumerate(digit.probabilities.tolist()):
        if share >= 0.0005:
            inside = share > 0.6
            ax.text(
                share + (-0.02 if inside else 0.02),
                label,
                percent(share),
                ha="right" if inside else "left",
                va="center_baseline",
                fontsize=0.9 * size,
                color="white" if inside else "black",
                fontweight="bold" if chosen[label] else "normal",
            )
    ax.set(xlim=(0, 1), ylim=(len(labels) - 0.4, -0.6), yticks=labels, xticks=[0, 0.5, 1])
    ax.set_xticklabels(["0%", "50%", "100%"], fontsize=0.9 * size)
    ax.set_yticklabels(map(str, labels), fontsize=size)
    ax.get_yticklabels()[digit.label].set_fontweight("bold")
    ax.tick_params(length=0, pad=3 * scale)
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.spines["left"].set(color=_GREY, linewidth=0.6 * scale)

"""plot_recognition: how somebody's own picture was read, step by step."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from mnistkit.plots.fit import widest
from mnistkit.recognition import Explanation, explain

if TYPE_CHECKING:
    import keras
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from numpy.typing import NDArray

    from mnistkit.recognition import Digit, Reading
    from mnistkit.recognition.preparation import Interpretation

# All lengths are in inches, for a figure of its own; one of another size scales them all.
_WIDTH = 9.0
_MARGIN = 0.2
_GAP = 0.25
_INNER = _WIDTH - 2 * _MARGIN
_THIRD = (_INNER - 2 * _GAP) / 3
_TITLE = 0.42
_HEADING = 0.4  # two lines above a picture
_LABELS = 0.3  # and what the highest box may need for its label
_TALLEST = 3.6
_WIDE = 1.9  # times as wide as high: such a picture gets the whole width
_LINE = 0.16
_MOST_CELLS = 6

# Blue and vermilion of the Okabe-Ito palette. What is doubtful has a question mark and a thicker
# frame besides, so that no colour is needed.
_SURE, _DOUBTFUL = "#0072B2", "#D55E00"
_GREY = "0.35"


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
    height, width = explained.picture.pixels.shape[:2]
    panels, below_panels = _panels(width / height)
    common, notes = _notes(reading)
    lines = max((len(_wrapped_notes(digit, common, len(reading))) for digit in reading), default=0)
    cells, below_cells = _cells(min(len(reading), _MOST_CELLS), lines)
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
        _draw_cell(canvas, digit, cell.moved_down(below_notes), common, lines)
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


def _panels(aspect: float) -> tuple[tuple[_Box, _Box, _Box], float]:
    """Where the three steps are, without their headings, and how far down they go."""
    top = _TITLE + _HEADING + _LABELS
    if aspect <= _WIDE:  # side by side
        height = min(_THIRD / aspect, _TALLEST)
        width = height * aspect
        first, second, third = (
            _Box(_MARGIN + column * (_THIRD + _GAP), top, width, height) for column in range(3)
        )
        return (first, second, third), top + height + 0.12
    width = min(_INNER, _TALLEST * aspect)
    first = _Box(_MARGIN, top, width, width / aspect)
    half = (_INNER - _GAP) / 2
    top += first.height + _HEADING + 0.15
    second = _Box(_MARGIN, top, half, half / aspect)
    third = _Box(_MARGIN + half + _GAP, top, half, half / aspect)
    return (first, second, third), top + second.height + 0.12


def _cells(count: int, lines: int) -> tuple[list[_Box], float]:
    """Where the digits are, below their heading, and how far down they go."""
    if not count:
        return [], 0.0
    columns = {1: 1, 2: 2, 4: 2}.get(count, 3)
    width = (_INNER - (columns - 1) * _GAP) / columns
    side = {1: 2.0, 2: 1.7, 3: 1.25}[columns]
    height = _CELL_TITLE + lines * _LINE + side + _CELL_FOOT
    cells = []
    for number in range(count):
        row, column = divmod(number, columns)
        cells.append(_Box(_MARGIN + column * (width + _GAP), 0.3 + row * height, width, side))
    return cells, 0.3 + -(-count // columns) * height


_CELL_TITLE, _CELL_FOOT = 0.25, 0.42


def _wrapped(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(12, int(width / 0.065)))  # a letter's width at 8 points


# Words ############################################################################################


def _notes(reading: Reading) -> tuple[set[str], list[str]]:
    """The warnings that all digits share, and these with those of the whole picture, as lines."""
    common = set.intersection(*(set(digit.warnings) for digit in reading)) if reading else set()
    if len(reading) == 1:  # its warnings are written beside it
        common = set()
    shared = [warning for digit in reading[:1] for warning in digit.warnings if warning in common]
    text = [f"Note: {warning}" for warning in (*reading.warnings, *shared)]
    return common, [line for note in text for line in _wrapped(note, _INNER)]


def _own_warnings(digit: Digit, common: Iterable[str]) -> list[str]:
    return [warning for warning in digit.warnings if warning not in common]


def _wrapped_notes(digit: Digit, common: Iterable[str], count: int) -> list[str]:
    cells, _ = _cells(min(count, _MOST_CELLS), 0)
    return _wrapped("; ".join(_own_warnings(digit, common)), cells[0].width)


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
    place = canvas.place(_MARGIN, 0.15)
    canvas.figure.suptitle(
        title,
        x=place[0],
        y=place[1],
        ha="left",
        va="top",
        fontsize=12 * canvas.scale,
        parse_math=False,
    )


def _heading(canvas: _Canvas, box: _Box, title: str, detail: str, *, above: float = 0) -> None:
    top = box.top - _HEADING - above
    canvas.write(box.left, top, title, size=9, weight="bold")
    canvas.write(box.left, top + 0.17, detail, size=7.5, color=_GREY)


# The three steps ##################################################################################


def _draw_picture(canvas: _Canvas, explained: Explanation, box: _Box) -> None:
    height, width = explained.picture.pixels.shape[:2]
    reduction = explained.picture.reduction
    reduced = f", reduced to 1/{reduction}" if reduction > 1 else ""
    unread = _unread(explained)
    dashed = "; dashed: looks like no digit" if unread else ""
    size = f"{width:,} x {height:,} pixels{reduced}{dashed}"
    _heading(canvas, box, "1  Picture", size, above=_LABELS)
    ax = canvas.axes(box)
    extent = (0, width * reduction, height * reduction, 0)
    _draw_image(ax, explained.picture.pixels, "gray", 255, extent)
    for left, top, right, bottom in unread:
        _draw_frame(
            ax, (left, top, right, bottom), canvas.scale, color="0.3", linestyle=(0, (2, 2))
        )
    common, _ = _notes(explained.reading)
    doubtful = [bool(_own_warnings(digit, common)) for digit in explained.reading]
    for digit, doubt in zip(explained.reading, doubtful, strict=True):
        color, width_of_line = (_DOUBTFUL, 2.6) if doubt else (_SURE, 1.6)
        _draw_frame(ax, digit.box, canvas.scale, color=color, width=width_of_line)
    _draw_labels(ax, explained.reading, doubtful, box.width / extent[1], canvas.scale)


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
    # Nothing but paper is drawn as faint as it is.
    strength = seen.ink.strength if seen.ink else max(float(seen.contrast.values.max()), 64.0)
    detail = f"{seen.contrast.ink} ink"
    if seen.ink:
        detail += f", {strength:.0f} grey levels"
    if seen.lined:
        detail += "; lines were taken away"
    _heading(canvas, box, "2  Contrast with the paper", detail)
    extent = (0, box.width, box.height, 0)
    _draw_image(canvas.axes(box), seen.contrast.values, "gray_r", strength, extent)


def _draw_ink(canvas: _Canvas, explained: Explanation, box: _Box) -> None:
    mask = _ink_mask(explained.interpretation)
    share = float(mask.mean())
    _heading(canvas, box, "3  Ink", f"{share:.1%} of the pixels" if share else "none")
    extent = (0, box.width, box.height, 0)
    _draw_image(canvas.axes(box), mask, "gray_r", 1, extent)


def _ink_mask(seen: Interpretation) -> NDArray[Any]:
    return (seen.contrast.values if seen.ink is None else seen.ink.mask).astype("float32") * (
        seen.ink is not None
    )


def _draw_image(
    ax: Axes, values: NDArray[Any], cmap: str, top: float, extent: tuple[float, ...]
) -> None:
    left, right, bottom, upper = extent
    # By default matplotlib averages where it reduces, so that thin strokes stay.
    ax.imshow(
        values, cmap=cmap, vmin=0, vmax=top, extent=(left, right, bottom, upper), aspect="auto"
    )
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


def _draw_labels(
    ax: Axes, reading: Reading, doubtful: Sequence[bool], inches: float, scale: float
) -> None:
    """Write above every box what it was read as, as large as the neighbours leave room for.

    Parameters
    ----------
    inches : float
        How long a pixel is.
    """
    texts, size, places = _labels(reading, doubtful, inches)
    for text, (centre, foot), doubt in zip(texts, places, doubtful, strict=True):
        ax.text(
            centre / inches,
            foot / inches,
            text,
            ha="center",
            va="bottom",
            fontsize=size * scale,
            fontweight="bold",
            linespacing=1.0,
            bbox={
                "boxstyle": "square,pad=0.15",
                "facecolor": "white",
                "edgecolor": _DOUBTFUL if doubt else _SURE,
                "linewidth": 0.8 * scale,
            },
        )


def _labels(
    reading: Reading, doubtful: Sequence[bool], inches: float
) -> tuple[list[str], float, list[tuple[float, float]]]:
    """Texts, their size in points, and the middle of their lower edges in inches."""
    texts: list[str] = []
    size = 0.0
    places = [
        (inches * (digit.box[0] + digit.box[2]) / 2, inches * digit.box[1] - 0.06)
        for digit in reading
    ]
    for between, size in (*product((" ", "\n"), (9, 8, 7)), *product((None,), (9, 8, 7, 6, 5))):
        texts = [
            f"{digit.label}{'?' if doubt else ''}"
            + ("" if between is None else f"{between}{digit.probability:.1%}")
            for digit, doubt in zip(reading, doubtful, strict=True)
        ]
        widths = [widest(text.splitlines(), bold=True) * size / 72 + 0.07 for text in texts]
        height = (1.2 * size * (2 if between == "\n" else 1) + 3) / 72
        if not _any_overlap(places, widths, height):
            break
    return texts, size, places


def _any_overlap(
    places: Sequence[tuple[float, float]], widths: Sequence[float], height: float
) -> bool:
    return any(
        abs(a[0] - b[0]) < (width_a + width_b) / 2 and abs(a[1] - b[1]) < height
        for (a, width_a), (b, width_b) in combinations(zip(places, widths, strict=True), 2)
    )


# The digits #######################################################################################


def _draw_cell(
    canvas: _Canvas, digit: Digit, cell: _Box, common: Iterable[str], lines: int
) -> None:
    """Draw one digit: its label and warnings, the model's picture, and the probabilities."""
    side = cell.height
    own = _own_warnings(digit, common)
    color = _DOUBTFUL if own else "black"
    mark = "?" if own else ""
    canvas.write(
        cell.left,
        cell.top,
        f"{digit.label}{mark}   {digit.probability:.1%}",
        size=11,
        weight="bold",
        color=color,
    )
    canvas.write(cell.left, cell.top + _CELL_TITLE, "\n".join(_wrapped("; ".join(own), cell.width)))
    top = cell.top + _CELL_TITLE + lines * _LINE
    _draw_image_of_model(canvas, digit, _Box(cell.left, top, side, side))
    bars = side + 0.3
    _draw_probabilities(
        canvas, digit, _Box(cell.left + bars, top, min(cell.width - bars - 0.1, 4.5), side)
    )


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
                f"{share:.1%}",
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

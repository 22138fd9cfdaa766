"""How much room there is on an Axes, and how much of it a text will take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes


def size_in_inches(ax: Axes) -> tuple[float, float]:
    """Width and height that an Axes has been given on its figure."""
    figure = ax.figure.figure  # the whole one, where the Axes belongs to a part of a figure
    # A layout engine would set the size only when the figure is drawn.
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    box = ax.get_window_extent()
    return box.width / figure.dpi, box.height / figure.dpi


def widest(lines: Iterable[str], *, bold: bool = False) -> float:
    """Width of the widest line, in multiples of the font size."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    font = FontProperties(weight="bold" if bold else "normal")
    # A dollar sign would start a formula; a figure is as wide.
    measured = {line.strip().replace("$", "8") for line in lines} - {""}
    paths = (TextPath((0, 0), line, size=1, prop=font) for line in measured)
    return max((float(path.get_extents().width) for path in paths), default=0.0)

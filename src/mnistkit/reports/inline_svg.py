"""A matplotlib figure as SVG within a page, in the page's own colours and letters."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mnistkit.plots.palette import COLOURS

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.axes import Axes

# The letters stay letters, so that they are as sharp as the page's and can be searched for.
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.5,
    "legend.fontsize": 9.5,
    "axes.edgecolor": "#808080",
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "grid.alpha": 1.0,
}
_TAG, _BETWEEN_TAGS = re.compile(r"<[^>]*>"), re.compile(r">\s+<")
_FONT = re.compile(r"font: [^;\"]*?([\d.]+px) [^;\"]*")  # as matplotlib wrote it before 3.11
_FAMILY = re.compile(r"font-family: [^;\"]*;? ?")
_COLOUR = re.compile("#[0-9a-f]{6}")
_WIDTH = re.compile(r'viewBox="0 0 ([\d.]+) ')
_LARGEST = 1.6  # pixels for a point: a little larger than on paper
_NAMES = ("blue", "vermilion", "green", "purple", "orange", "sky")
_OF_THE_PAGE = {
    **{colour.lower(): f"var(--{name})" for colour, name in zip(COLOURS, _NAMES, strict=True)},
    "#ffffff": "var(--card)",
    "#000000": "currentColor",
    "#262626": "currentColor",
    "#b0b0b0": "var(--line)",  # grids
}


def inline_svg(
    draw: Callable[[Axes], object], size: tuple[float, float], *, name: str, alt: str
) -> Markup:
    """Draw on a new Axes, and return it as an SVG element.

    Parameters
    ----------
    draw : function
    size : tuple of float
        Width and height in inches; on the page a font size is what it is on paper.
    name : str
        Begins all identifiers in it, which must be unique on a page.
    alt : str
        What it says, for those who cannot see it.
    """
    from markupsafe import Markup
    from matplotlib import style
    from matplotlib.figure import Figure

    file = io.StringIO()
    with style.context(["default", {**_SETTINGS, "svg.hashsalt": name}]):
        figure = Figure(figsize=size, layout="constrained")
        ax = figure.add_subplot()
        draw(ax)
        ax.set_title("")  # the page has a caption
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    width = float(_WIDTH.findall(text)[0])
    _, _, content = text.partition(">")
    content = _TAG.sub(lambda tag: _of_the_page(tag[0], name), content)
    content = _BETWEEN_TAGS.sub("><", content)
    head = _TAG.findall(text)[0]
    box = re.findall(r'viewBox="[^"]*"', head)[0]
    return Markup(  # noqa: S704  (matplotlib has escaped what it was given, and alt is escaped here)
        f'<svg class="plot" {box} style="max-width:{width * _LARGEST:.0f}px" role="img" '
        f'aria-label="{html.escape(alt)}">{content.strip()}'
    )


def _of_the_page(tag: str, name: str) -> str:
    """A tag with the page's colours, without a font, and with identifiers of its own."""
    tag = _COLOUR.sub(lambda colour: _OF_THE_PAGE.get(colour[0], _grey(colour[0])), tag)
    tag = _FAMILY.sub("", _FONT.sub(r"font-size: \1", tag))
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = tag.replace('href="#', f'href="#{name}-').replace("url(#", f"url(#{name}-")
    return re.sub(r"(\d+\.\d{2})\d+", r"\1", tag)  # hundredths of a point are enough


def _grey(colour: str) -> str:
    return "var(--muted)" if colour[1:3] == colour[3:5] == colour[5:7] else colour

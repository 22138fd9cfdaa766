from __future__ import annotations

import re

from mnistkit.plots.palette import BLUE
from mnistkit.reports.inline_svg import inline_svg


def draw(ax) -> None:
    ax.plot([0, 1], [0, 1], "o-", color=BLUE, label='<i>#000000</i> id="x" font: 3px a')
    ax.legend()
    ax.set_title("not on the page")


def test_a_plot_takes_the_colours_and_letters_of_the_page() -> None:
    svg = inline_svg(draw, (3, 2), name="first", alt='one "line" <up>')
    assert svg.startswith('<svg class="plot" viewBox=')
    assert 'aria-label="one &quot;line&quot; &lt;up&gt;"' in svg
    assert "var(--blue)" in svg
    assert "currentColor" in svg
    assert "font-family" not in svg
    assert "not on the page" not in svg
    assert '&lt;i&gt;#000000&lt;/i&gt; id="x" font: 3px a' in svg.replace("&quot;", '"')
    assert not re.findall(r"<[^>]*#[0-9a-f]{6}", svg)


def test_its_identifiers_are_its_own_and_it_is_the_same_every_time() -> None:
    first, second = (inline_svg(draw, (3, 2), name=name, alt="") for name in ("first", "second"))
    ids = [set(re.findall(r'<[^>]*\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for reference in re.findall(r'(?:href="#|url\(#)([^")]+)', first):
        assert reference in ids[0]
    assert first == inline_svg(draw, (3, 2), name="first", alt="")


def test_the_readers_own_settings_of_matplotlib_have_no_effect() -> None:
    import matplotlib as mpl

    usual = inline_svg(draw, (3, 2), name="first", alt="")
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "svg.fonttype": "path"}):
        assert inline_svg(draw, (3, 2), name="first", alt="") == usual

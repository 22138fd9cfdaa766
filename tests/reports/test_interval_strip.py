from __future__ import annotations

from mnistkit.reports.interval_strip import strips, with_names


def test_strips_are_on_one_scale(compared) -> None:
    (one,) = strips(compared.accuracies.differences)
    assert one.zero == 160
    assert 6 <= one.low <= one.middle <= one.high <= 314
    assert 314 in (one.high, 320 - one.low)
    difference = compared.accuracies.differences[0]
    assert one.different == difference.different
    assert (one.low > one.zero) == (difference.interval[0] > 0)


def test_names_are_bold_and_all_else_is_text() -> None:
    sentence = "`a` is better than `a`b` by <1>"
    assert with_names(sentence, ("a", "a`b")) == ("<b>a</b> is better than <b>a`b</b> by &lt;1&gt;")
    assert with_names("<1> `a`", ()) == "&lt;1&gt; `a`"

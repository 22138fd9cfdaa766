"""The scores of the classes as a table: as text, and for a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

from mnistkit.evaluation.class_score import ClassScore

_COLUMNS = ("Precision", "Recall", "F1", "Images")


def text_table(scores: Sequence[ClassScore]) -> str:
    """A line of text for each class."""
    width = max(len("class"), *(len(score.name) for score in scores))
    lines = [f"{'class':<{width}}  precision   recall       F1   images"]
    lines += [
        f"{score.name:<{width}}  {score.precision:>9.2%}  {score.recall:>7.2%}  "
        f"{score.f1:>7.2%}  {score.support:>7,}"
        for score in scores
    ]
    return "\n".join(lines)


def html_table(scores: Sequence[ClassScore], caption: str) -> str:
    """A table in HTML with a row for each class."""
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Class", *_COLUMNS))
    rows = "".join(
        f'<tr><th scope="row">{html.escape(score.name)}</th><td>{score.precision:.2%}</td>'
        f"<td>{score.recall:.2%}</td><td>{score.f1:.2%}</td><td>{score.support:,}</td></tr>"
        for score in scores
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )

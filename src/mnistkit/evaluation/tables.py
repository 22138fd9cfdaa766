"""Results as tables: as text, and for a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from mnistkit.evaluation.class_score import ClassScore

_COLUMNS = ("class", "precision", "recall", "F1", "images")


def text_table(scores: Sequence[ClassScore]) -> str:
    """A line of text for each class."""
    width = max(len("class"), *(len(score.name) for score in scores))
    return "\n".join(
        f"{name:<{width}}  {precision:>9}  {recall:>7}  {f1:>7}  {images:>7}"
        for name, precision, recall, f1, images in (_COLUMNS, *_cells(scores))
    )


def class_table(scores: Sequence[ClassScore], caption: str) -> str:
    """A table in HTML with a row for each class."""
    return html_table(_COLUMNS, _cells(scores), caption)


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table in HTML; the first cell of each row is its heading."""
    head = "".join(f'<th scope="col">{html.escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{html.escape(first)}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in others)
        + "</tr>"
        for first, *others in rows
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(scores: Sequence[ClassScore]) -> list[tuple[str, ...]]:
    return [
        (
            score.name,
            f"{score.precision:.2%}",
            f"{score.recall:.2%}",
            f"{score.f1:.2%}",
            f"{score.support:,}",
        )
        for score in scores
    ]

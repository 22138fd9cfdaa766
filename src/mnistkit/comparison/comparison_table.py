"""A comparison's table: a row for each contender, as text, Markdown, CSV and HTML."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mnistkit.comparison.accuracy_comparison import AccuracyComparison
from mnistkit.comparison.contender_result import ContenderResult
from mnistkit.comparison.cost import Cost
from mnistkit.comparison.mean_accuracy import MeanAccuracy
from mnistkit.errors import UnknownNameError
from mnistkit.evaluation.tables import html_table
from mnistkit.messages import shown

_UNKNOWN = "-"
INTERVAL = "accuracy_interval"  # in CSV two columns, accuracy_low and accuracy_high


@dataclass(frozen=True)
class Row:
    """One contender's row.

    Attributes
    ----------
    result : ContenderResult
    mean : MeanAccuracy or None
        None if it failed.
    """

    result: ContenderResult
    mean: MeanAccuracy | None


@dataclass(frozen=True)
class Column:
    """A column: its titles for people and for programs, its value, and how people see it."""

    title: str
    name: str
    value: Callable[[Row], Any]
    show: Callable[[Any], str] = str
    is_text: bool = False

    def cell(self, row: Row) -> str:
        """The cell as a person sees it."""
        value = self.value(row)
        return _UNKNOWN if value is None else self.show(value)


def rows_of(results: Sequence[ContenderResult], accuracies: AccuracyComparison | None) -> list[Row]:
    """The rows of a table."""
    means = () if accuracies is None else accuracies.contenders
    by_title = {mean.name: mean for mean in means}
    return [Row(one, by_title.get(one.title)) for one in results]


def columns(also_on: Sequence[str], *, robustness: bool) -> list[Column]:
    """The columns of a table."""
    corrupted = Column(
        "MNIST-C-like", "accuracy_mnist_c_like", lambda row: row.result.robustness, _percent
    )
    return [
        Column("contender", "contender", lambda row: row.result.title, is_text=True),
        Column("seeds", "seeds", lambda row: len(row.result.evaluations)),
        Column("accuracy", "accuracy", lambda row: row.result.accuracy, _percent),
        Column("± of a seed", "accuracy_deviation", _deviation, _points),
        Column("95% interval", INTERVAL, lambda row: row.mean and row.mean.interval, _range),
        Column("loss", "loss", lambda row: row.result.loss, "{:.4f}".format),
        Column("cal. error", "calibration_error", _calibration_error, _percent),
        *(Column(name, f"accuracy_on_{name}", _accuracy_on(name), _percent) for name in also_on),
        *([corrupted] if robustness else []),
        *(Column(title, name, _cost(name), show) for title, name, show in _costs()),
    ]


def chosen_columns(every: Sequence[Column], names: Sequence[str] | None) -> list[Column]:
    """The columns of these names, in their order; all by default.

    Raises
    ------
    UnknownNameError
        If there is no column of a name.
    """
    if names is None:
        return list(every)
    by_name = {column.name: column for column in every}
    for name in names:
        if name not in by_name:
            raise UnknownNameError(
                f"There is no column {shown(name)}; there are {', '.join(map(repr, by_name))}."
            )
    return [by_name[name] for name in names]


def cost_cells(cost: Cost) -> tuple[tuple[str, str], ...]:
    """What is known of a cost: titles, and values as people see them."""
    return tuple(
        (title, show(getattr(cost, name)))
        for title, name, show in _costs()
        if getattr(cost, name) is not None
    )


def as_text(rows: Sequence[Row], table: Sequence[Column]) -> str:
    """Aligned columns."""
    cells = [[column.title for column in table], *_cells(rows, table)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if column.is_text else f"{cell:>{width}}"
            for cell, width, column in zip(line, widths, table, strict=True)
        ).rstrip()
        for line in cells
    )


def as_markdown(rows: Sequence[Row], table: Sequence[Column]) -> str:
    """A table in Markdown."""
    lines = [[column.title for column in table]]
    lines.append(["---" if column.is_text else "---:" for column in table])
    lines += [[cell.replace("|", "\\|") for cell in row] for row in _cells(rows, table)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_html(rows: Sequence[Row], table: Sequence[Column], caption: str) -> str:
    """A table in HTML."""
    return html_table([column.title for column in table], _cells(rows, table), caption)


def as_csv(rows: Sequence[Row], table: Sequence[Column]) -> str:
    """Plain numbers for programs; the interval's two ends are columns of their own."""
    text = io.StringIO()
    names = [column.name for column in table]
    at = names.index(INTERVAL)
    names[at : at + 1] = ["accuracy_low", "accuracy_high"]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "errors"])
    for row in rows:
        values = [column.value(row) for column in table]
        values[at : at + 1] = values[at] or (None, None)
        errors = "; ".join(f"seed {seed}: {one}" for seed, one in row.result.errors.items())
        writer.writerow([*("" if value is None else value for value in values), errors])
    return text.getvalue()


def _cells(rows: Sequence[Row], table: Sequence[Column]) -> list[list[str]]:
    return [[column.cell(row) for column in table] for row in rows]


def _deviation(row: Row) -> float | None:
    return row.result.accuracy_deviation


def _costs() -> list[tuple[str, str, Callable[[Any], str]]]:
    """The columns of the cost: titles for people and for programs, and how people see values."""
    return [
        ("parameters", "parameters", _count),
        ("mult-adds", "multiply_adds", _count),
        ("weights MB", "weight_bytes", _megabytes),
        ("training s", "fit_seconds", _digits),
        ("ms a picture", "one_image_ms", _digits),
        ("pictures/s", "images_per_second", "{:,.0f}".format),
    ]


def _calibration_error(row: Row) -> float | None:
    return row.result.calibration_error


def _accuracy_on(name: str) -> Callable[[Row], float | None]:
    return lambda row: row.result.accuracy_on(name)


def _cost(name: str) -> Callable[[Row], Any]:
    return lambda row: row.result.cost and getattr(row.result.cost, name)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def _points(share: float) -> str:
    return f"{100 * share:.2f}"


def _range(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * low:.2f} to {100 * high:.2f}"


def _count(number: int) -> str:
    return f"{number:,}"


def _megabytes(number: int) -> str:
    return f"{number / 1e6:.2f}"


def _digits(number: float) -> str:
    """Two digits at least, and no decimals that mean nothing."""
    return f"{number:.2f}" if number < 10 else f"{number:,.0f}"

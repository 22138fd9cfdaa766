"""Accuracy under corruptions as a table of the page, with a picture of each."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from mnistkit.datasets import Split
from mnistkit.evaluation import Evaluation, corrupt
from mnistkit.reports.pictures import as_data_uri


@dataclass(frozen=True)
class RobustnessRow:
    """One kind of corruption: its name, a picture, and the accuracy of each model."""

    kind: str
    source: str
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class RobustnessTable:
    """Accuracy under corruptions, the worst first.

    Attributes
    ----------
    titles : tuple of str
        The models.
    rows : tuple of RobustnessRow
    means : tuple of float
        Of each model over the kinds.
    """

    titles: tuple[str, ...]
    rows: tuple[RobustnessRow, ...]
    means: tuple[float, ...]


def robustness_table(
    corrupted: Mapping[str, Mapping[str, Evaluation]], split: Split
) -> RobustnessTable | None:
    """The table; None if nothing was measured.

    Parameters
    ----------
    corrupted : mapping of str to (mapping of str to Evaluation)
        For each kind, the evaluations of the models by title.
    split : Split
        The images without corruption; the first one is the example.
    """
    return table_of(
        {
            kind: {title: one.accuracy for title, one in results.items()}
            for kind, results in corrupted.items()
        },
        split,
    )


def table_of(accuracies: Mapping[str, Mapping[str, float]], split: Split) -> RobustnessTable | None:
    """The same from accuracies."""
    if not accuracies:
        return None
    titles = tuple(next(iter(accuracies.values())))
    rows = [
        RobustnessRow(
            kind.replace("_", " "),
            as_data_uri(corrupt(split.images[:1], kind)[0]),
            tuple(found[title] for title in titles),
        )
        for kind, found in accuracies.items()
    ]
    means = tuple(
        statistics.fmean(column) for column in zip(*(row.accuracies for row in rows), strict=True)
    )
    return RobustnessTable(
        titles, tuple(sorted(rows, key=lambda row: statistics.fmean(row.accuracies))), means
    )

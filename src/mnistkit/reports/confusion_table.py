"""A confusion matrix as a table of the page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnistkit.evaluation import Evaluation

_MOST_CLASSES = 30
_SHORT = 3  # characters


@dataclass(frozen=True)
class Cell:
    """A cell: how many images, whether they are right, and how dark it is, from 0 to 100."""

    count: int
    is_right: bool
    strength: int


@dataclass(frozen=True)
class ConfusionTable:
    """A confusion matrix; rows are what the images are, columns what they were taken for.

    Attributes
    ----------
    classes : tuple of str
        Those that are shown, of rows and columns alike.
    rows : tuple of (tuple of Cell)
    num_left_out : int
        How many classes with the fewest mistakes are not shown, since there are too many.
    """

    classes: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    num_left_out: int

    @property
    def has_long_names(self) -> bool:
        """Whether names stand better upright above the columns."""
        return max(map(len, self.classes)) > _SHORT


def confusion_table(result: Evaluation) -> ConfusionTable:
    """The confusion matrix of the classes that occur, those with the most mistakes if need be."""
    counts = result.confusion_matrix
    of, taken_for = counts.sum(axis=1), counts.sum(axis=0)
    occurring = np.flatnonzero(of + taken_for)
    mistakes = of + taken_for - 2 * counts.diagonal()
    most = occurring[np.argsort(-mistakes[occurring], kind="stable")][:_MOST_CLASSES]
    shown = np.sort(most)
    matrix = counts[np.ix_(shown, shown)]
    worst = max(int((matrix - np.diag(matrix.diagonal())).max(initial=0)), 1)
    return ConfusionTable(
        classes=tuple(result.classes[one] for one in shown),
        rows=tuple(
            tuple(
                Cell(count, row == column, 0 if row == column else round(100 * count / worst))
                for column, count in enumerate(line)
            )
            for row, line in enumerate(matrix.tolist())
        ),
        num_left_out=len(occurring) - len(shown),
    )

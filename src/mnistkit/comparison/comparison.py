"""Comparison: contenders trained from several seeds, measured on the same images."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

from mnistkit.comparison import comparison_table as tables
from mnistkit.comparison.accuracy_comparison import AccuracyComparison
from mnistkit.comparison.contender_result import ContenderResult
from mnistkit.errors import ComparisonError, UnknownNameError
from mnistkit.evaluation import Evaluation
from mnistkit.messages import shown


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Contenders trained from several seeds, and what each is worth on the same images.

    Made by `mnistkit.compare`. ``print`` it for the table and the verdict.

    Attributes
    ----------
    contenders : tuple of ContenderResult
        In the order in which they were given; ``comparison["cnn"]`` is the one of that title.
    accuracies : AccuracyComparison or None
        The statistics of all contenders that did not fail: intervals, and the difference of each
        pair. None if all failed.
    on : {"holdout", "test"}
        What was measured on: images set aside from the training images, or the test images.
    held_out_by : {"writer", "class"} or None
        How they were set aside.
    name : str
        What was measured on, such as ``"mnist validation"``.
    num_train : int
        How many images each contender was trained on.
    num_measured : int
        How many images it was measured on.
    loaded_as : str
        The name by which the data was loaded; empty if it had none.
    digests : mapping of str to str
        What tells the images that were trained on, ``"train"``, and those that were measured,
        ``"measured"``, from others.
    also_on : tuple of str
        Other data sets whose test images were measured.
    kinds : tuple of str
        Corruptions under which the images were measured, too; empty unless it was asked for.
    run_dir : pathlib.Path or None
        Where the runs are kept.
    """

    contenders: tuple[ContenderResult, ...]
    accuracies: AccuracyComparison | None
    on: Literal["holdout", "test"]
    held_out_by: Literal["writer", "class"] | None
    name: str
    num_train: int
    num_measured: int
    loaded_as: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)
    also_on: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    run_dir: Path | None = None

    def __getitem__(self, title: str) -> ContenderResult:
        """The contender of that title."""
        for one in self.contenders:
            if one.title == title:
                return one
        raise UnknownNameError(
            f"There is no contender {shown(title)}; there are "
            f"{', '.join(repr(one.title) for one in self.contenders)}."
        )

    def __iter__(self) -> NoReturn:
        # Without it Python would try comparison[0], comparison[1], ...
        raise TypeError("A Comparison is not iterated over; its `contenders` are.")

    @property
    def verdict(self) -> tuple[str, ...]:
        """A sentence for each pair, which says no more than the numbers."""
        return () if self.accuracies is None else tuple(map(str, self.accuracies.differences))

    @property
    def errors(self) -> tuple[str, ...]:
        """A sentence for each training that failed."""
        return tuple(
            f"`{one.title}` failed with seed {seed}: {' '.join(error.split())}"
            for one in self.contenders
            for seed, error in one.errors.items()
        )

    @property
    def what(self) -> str:
        """What was trained and measured on, in one sentence."""
        how = {
            "writer": "training images set aside, by writers that no contender has seen",
            "class": "training images set aside, of each class its share",
            None: "the test images",
        }[self.held_out_by]
        return (
            f"{self.name or 'images'}: {how}; trained on {self.num_train:,} images, measured on "
            f"{self.num_measured:,}"
        )

    def ensemble(self, title: str) -> Evaluation:
        """The evaluation of the mean of a contender's probabilities over its seeds.

        Parameters
        ----------
        title : str

        Raises
        ------
        UnknownNameError
            If there is no such contender.
        ComparisonError
            If all its trainings failed.
        """
        result = self[title]
        evaluations = list(result.evaluations.values())
        if not evaluations:
            raise ComparisonError(
                f"No training of {title!r} has worked, so there is no ensemble of it."
            )
        first = evaluations[0]
        mean = np.stack([one.probabilities for one in evaluations]).mean(axis=0, dtype=np.float64)
        seeds = "seed" if len(evaluations) == 1 else "seeds"
        return Evaluation(
            first.labels,
            mean.astype(np.float32),
            first.classes,
            f"{first.name}, {len(evaluations)} {seeds} of {title}".lstrip(", "),
            first.writers,
        )

    def to_markdown(self, *, columns: Sequence[str] | None = None) -> str:
        """Write it in Markdown: the verdict as a list, and the table.

        Parameters
        ----------
        columns : sequence of str, optional
            The table's columns, by the names that `to_csv` gives them, and ``accuracy_interval``;
            by default all. Leave out the times if they were measured in company.

        Raises
        ------
        UnknownNameError
            If there is no column of a name.
        """
        points = [f"- {line}" for line in (*self.verdict, *self.errors)]
        table = tables.as_markdown(self._rows(), tables.chosen_columns(self._columns(), columns))
        return "\n".join([*points, *([""] if points else []), table, "", self._note(), ""])

    def to_csv(self) -> str:
        """Write the table as CSV: a line for each contender, plain numbers, shares from 0 to 1."""
        return self._table(tables.as_csv)

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return {
            "name": self.name,
            "on": self.on,
            "held_out_by": self.held_out_by,
            "num_train": self.num_train,
            "num_measured": self.num_measured,
            "loaded_as": self.loaded_as,
            "digests": dict(self.digests),
            "also_on": list(self.also_on),
            "corruptions": list(self.kinds),
            "verdict": list(self.verdict),
            "contenders": [one.to_dict() for one in self.contenders],
            "accuracies": None if self.accuracies is None else self.accuracies.to_dict(),
        }

    def to_json(self) -> str:
        """Write `to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    def __str__(self) -> str:
        lines = [self._table(tables.as_text), "", *self.verdict, *self.errors, f"({self._note()})"]
        return "\n".join(lines)

    def __repr__(self) -> str:
        titles = ", ".join(one.title for one in self.contenders)
        return f"<Comparison of {titles}, on {self.name or self.on}>"

    def _repr_html_(self) -> str:
        points = "".join(f"<li>{html.escape(one)}</li>" for one in (*self.verdict, *self.errors))
        table = self._table(tables.as_html, self._note())
        return f"<ul>{points}</ul>{table}"

    def _rows(self) -> list[tables.Row]:
        return tables.rows_of(self.contenders, self.accuracies)

    def _columns(self) -> list[tables.Column]:
        return tables.columns(self.also_on, robustness=bool(self.kinds))

    def _table(self, write: Any, *more: str) -> str:
        text: str = write(self._rows(), self._columns(), *more)
        return text

    def _note(self) -> str:
        parts = [self.what]
        if self.kinds:
            parts.append(f"MNIST-C-like: the mean over {len(self.kinds)} corruptions, made again")
        accuracies = self.accuracies
        if accuracies is not None and accuracies.num_writers is not None:
            parts.append(f"intervals by {accuracies.num_writers:,} writers")
        if accuracies is not None and len(accuracies.differences) > 1:
            parts.append(f"differences corrected for {len(accuracies.differences)} pairs (Holm)")
        alone = [] if accuracies is None or accuracies.differences else accuracies.contenders
        if any(not one.training_included for one in alone):  # of several the verdict says it
            parts.append("one seed says nothing of the chance in training")
        return "; ".join(parts)

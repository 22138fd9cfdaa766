"""Tuning: what a search has found, and whether that is better than the default."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mnistkit.comparison import Comparison
from mnistkit.comparison.accuracy_difference import AccuracyDifference
from mnistkit.evaluation.tables import html_table
from mnistkit.models import Recipe, SearchSpace
from mnistkit.tuning.tuned_trial import TunedTrial

_MOST_SHOWN = 10  # trials in a table


@dataclass(frozen=True, eq=False, repr=False)
class Tuning:
    """What a search has found; made by `mnistkit.tune`.

    ``print`` it for the verdict, the winner, and the best trials.

    Attributes
    ----------
    model : str
        The model's name.
    recipe : Recipe
        The winner's: ``Trainer(model, recipe=tuning.recipe, **tuning.options)``.
    options : mapping
        The winner's options of the model.
    default_recipe : Recipe
        The one that it began with.
    default_options : mapping
    best : TunedTrial
        The trial with the highest accuracy on the validation images. That it is the highest of many
        flatters it: see `verdict`.
    trials : tuple of TunedTrial
        All that are finished, in the order in which they were begun.
    space : mapping of str to Choice or Range
    importances : mapping of str to float
        How much each name matters for the accuracy, the largest first; 1 together. Empty if too few
        trials say anything.
    comparison : Comparison or None
        The winner and the default, trained from several seeds and measured on images that no trial
        has seen. None if it was not asked for, or if no trial was better than the default.
    held_out_by : {"writer", "class"}
        How the images were set aside that trials, and then the winner, are measured on.
    name : str
        What was trained on, such as ``"mnist train"``.
    num_train, num_validation : int
        How many images each trial was trained and measured on.
    seed : int
    run_dir : pathlib.Path or None
        Where the runs are kept.
    command : str or None
        The command that repeats it, or goes on; None if a model, a recipe, options or the data were
        given that no command can name.
    training_command : str or None
        The command that trains the winner on all training images.
    """

    model: str
    recipe: Recipe
    options: Mapping[str, Any]
    default_recipe: Recipe
    default_options: Mapping[str, Any]
    best: TunedTrial
    trials: tuple[TunedTrial, ...]
    space: SearchSpace
    importances: Mapping[str, float]
    comparison: Comparison | None
    held_out_by: Literal["writer", "class"]
    name: str
    num_train: int
    num_validation: int
    seed: int
    run_dir: Path | None = None
    command: str | None = None
    training_command: str | None = None

    @property
    def is_default(self) -> bool:
        """Whether no trial was better than the default."""
        return (self.recipe, dict(self.options)) == (
            self.default_recipe,
            dict(self.default_options),
        )

    @property
    def difference(self) -> AccuracyDifference | None:
        """How the winner differs from the default; None if they were not compared."""
        accuracies = None if self.comparison is None else self.comparison.accuracies
        return accuracies.differences[0] if accuracies and accuracies.differences else None

    @property
    def better(self) -> bool | None:
        """Whether the winner is better than the default; None if that was not found out."""
        if self.is_default:
            return False
        return None if self.difference is None else self.difference.better == self.difference.first

    @property
    def verdict(self) -> str:
        """Whether the winner is better than the default, in one sentence."""
        if self.is_default:
            return "no better than the default: none of the trials was"
        if self.difference is None:
            errors = () if self.comparison is None else self.comparison.errors
            return errors[0] if errors else "not held against the default"
        if self.difference.better is None:
            return f"no better than the default: {self.difference}"
        return f"{'' if self.better else 'worse than the default: '}{self.difference}"

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return {
            "model": self.model,
            "verdict": self.verdict,
            "better": self.better,
            "recipe": self.recipe.to_dict(),
            "options": dict(self.options),
            "default_recipe": self.default_recipe.to_dict(),
            "default_options": dict(self.default_options),
            "best": self.best.to_dict(),
            "trials": [one.to_dict() for one in self.trials],
            "space": {name: one.to_dict() for name, one in self.space.items()},
            "importances": dict(self.importances),
            "comparison": None if self.comparison is None else self.comparison.to_dict(),
            "held_out_by": self.held_out_by,
            "name": self.name,
            "num_train": self.num_train,
            "num_validation": self.num_validation,
            "seed": self.seed,
            "command": self.command,
            "training_command": self.training_command,
        }

    def to_json(self) -> str:
        """Write `to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2)

    @property
    def _ranking(self) -> list[TunedTrial]:
        """The trials to show: the best ones, those that were trained to the end first."""
        return sorted(
            self.trials, key=lambda one: (one.state == "complete", one.accuracy or 0), reverse=True
        )[:_MOST_SHOWN]

    def _rows(self) -> list[list[str]]:
        header = ["trial", "accuracy", "", "seconds", *self.space]
        rows = [header]
        for one in self._ranking:
            accuracy = "-" if one.accuracy is None else f"{100 * one.accuracy:.2f}%"
            seconds = "-" if one.seconds is None else f"{one.seconds:.1f}"
            state = "" if one.state == "complete" else one.state
            shown = [_brief(one.values.get(name, "-")) for name in self.space]
            rows.append([str(one.number), accuracy, state, seconds, *shown])
        return rows

    @property
    def _counts(self) -> str:
        states = [one.state for one in self.trials]
        parts = [f"{len(states)} trials"]
        parts += [
            f"{states.count(state)} {words}"
            for state, words in (("pruned", "given up as hopeless"), ("failed", "failed"))
            if state in states
        ]
        how = {"writer": "by writers of their own", "class": "of each class its share"}
        return (
            f"{', '.join(parts)}; {self.name or 'images'}: each trained on {self.num_train:,} "
            f"images and measured on {self.num_validation:,} others, {how[self.held_out_by]}"
        )

    @property
    def _judged(self) -> str:
        if self.comparison is None:
            return ""
        return (
            f"the verdict: on {self.comparison.num_measured:,} images that no trial has seen, "
            f"trained on {self.comparison.num_train:,}"
        )

    @property
    def _importance(self) -> str:
        parts = (f"{name} {100 * share:.0f}%" for name, share in self.importances.items())
        return f"what mattered: {', '.join(parts)}" if self.importances else ""

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        notes = [part for part in (self._counts, self._judged) if part]
        tail = [self.verdict, self._importance, f"({'; '.join(notes)})"]
        return "\n".join([*lines, "", *filter(None, tail)])

    def __repr__(self) -> str:
        return f"<Tuning of {self.model!r}, {len(self.trials)} trials: {self.verdict}>"

    def _repr_html_(self) -> str:
        header, *rows = self._rows()
        notes = [part for part in (self._importance, self._counts, self._judged) if part]
        points = "".join(f"<li>{html.escape(one)}</li>" for one in notes)
        return f"{html_table(header, rows, self.verdict)}<ul>{points}</ul>"


def _brief(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)

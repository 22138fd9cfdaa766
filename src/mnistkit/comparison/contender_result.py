"""ContenderResult: what one contender of a comparison has shown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnistkit.comparison.cost import Cost, typical
from mnistkit.evaluation import Evaluation
from mnistkit.models import Recipe


@dataclass(frozen=True, eq=False, repr=False)
class ContenderResult:
    """What one contender of a comparison has shown.

    Attributes
    ----------
    title : str
    model : str
        The model's name.
    recipe : Recipe or None
        None for a function that trains in its own way.
    options : mapping
    evaluations : mapping of int to Evaluation
        By seed; only of trainings that worked.
    also_on : mapping of str to (mapping of int to Evaluation)
        The same for test images of other data sets.
    corrupted : mapping of str to (mapping of int to Evaluation)
        The same for the measured images under each kind of corruption, MNIST-C-like; empty unless
        that was asked for.
    costs : mapping of int to Cost
        By seed.
    errors : mapping of int to str
        What went wrong, by seed. A contender with an error is not compared with others: the seeds
        that worked are no fair sample.
    """

    title: str
    model: str
    recipe: Recipe | None
    options: Mapping[str, Any]
    evaluations: Mapping[int, Evaluation]
    also_on: Mapping[str, Mapping[int, Evaluation]]
    corrupted: Mapping[str, Mapping[int, Evaluation]]
    costs: Mapping[int, Cost]
    errors: Mapping[int, str]

    @property
    def has_failed(self) -> bool:
        """Whether any of its trainings failed."""
        return bool(self.errors)

    @property
    def accuracy(self) -> float | None:
        """The mean over the seeds, from 0 to 1; None if all have failed."""
        return _mean([one.accuracy for one in self.evaluations.values()])

    @property
    def accuracy_deviation(self) -> float | None:
        """The standard deviation of a seed's accuracy, from 0 to 1; None if there is one seed."""
        values = [one.accuracy for one in self.evaluations.values()]
        return statistics.stdev(values) if len(values) > 1 else None

    @property
    def loss(self) -> float | None:
        """The mean over the seeds, in nats."""
        return _mean([one.loss for one in self.evaluations.values()])

    @property
    def calibration_error(self) -> float | None:
        """The mean over the seeds, from 0 to 1."""
        return _mean([one.calibration_error for one in self.evaluations.values()])

    def accuracy_on(self, name: str) -> float | None:
        """The mean over the seeds on another data set's test images."""
        return _mean([one.accuracy for one in self.also_on[name].values()])

    @property
    def robustness(self) -> float | None:
        """The mean accuracy over the kinds of corruption and the seeds, MNIST-C-like."""
        return _mean([one.accuracy for seeds in self.corrupted.values() for one in seeds.values()])

    @property
    def cost(self) -> Cost | None:
        """The medians over the seeds; None if all have failed."""
        return typical(list(self.costs.values())) if self.costs else None

    def __repr__(self) -> str:
        found = f"{len(self.evaluations)} trained"
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"<ContenderResult of {self.title!r}: {found}{failed}>"

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return {
            "title": self.title,
            "model": self.model,
            "recipe": None if self.recipe is None else self.recipe.to_dict(),
            "options": dict(self.options),
            "seeds": list(self.evaluations),
            "accuracy": self.accuracy,
            "accuracy_deviation": self.accuracy_deviation,
            "loss": self.loss,
            "calibration_error": self.calibration_error,
            "also_on": {name: self.accuracy_on(name) for name in self.also_on},
            "mnist_c_like": {
                kind: _mean([one.accuracy for one in seeds.values()])
                for kind, seeds in self.corrupted.items()
            },
            "cost": None if self.cost is None else self.cost.to_dict(),
            "errors": {str(seed): error for seed, error in self.errors.items()},
        }


def _mean(values: list[float]) -> float | None:
    return statistics.fmean(values) if values else None

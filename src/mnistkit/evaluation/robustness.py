"""Robustness: how well a model does on corrupted images, beside the clean ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import UnknownNameError
from mnistkit.evaluation.checks import read_only
from mnistkit.evaluation.evaluation import Evaluation
from mnistkit.evaluation.interval import mean_interval
from mnistkit.evaluation.tables import html_table
from mnistkit.messages import shown

_COLUMNS = ("corruption", "accuracy", "95% interval", "of clean")


@dataclass(frozen=True, eq=False, repr=False)
class Robustness:
    """How well a model does on corrupted images, beside the clean ones.

    Made by `mnistkit.robustness`. The images are made again by MNIST-C's settings, so the figures
    are MNIST-C-like: they are not those on the published images.

    Attributes
    ----------
    model : str
        What the model is called.
    clean : Evaluation
        On the images as they are.
    kinds : tuple of str
        The kinds of corruption, in the order that was asked for.
    corrupted : tuple of Evaluation
        On the corrupted images, one for each kind; ``result["fog"]`` is the one for fog.
    examples : numpy.ndarray of uint8, shape (len(kinds), 28, 28)
        The first image under each kind of corruption.
    severity : float
        1 is as published.
    seed : int
        Of the corruptions.
    """

    model: str
    clean: Evaluation
    kinds: tuple[str, ...]
    corrupted: tuple[Evaluation, ...]
    examples: NDArray[np.uint8]
    severity: float
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "examples", read_only(np.array(self.examples)))

    def __getitem__(self, kind: str) -> Evaluation:
        """The evaluation for one kind of corruption."""
        if kind not in self.kinds:
            raise UnknownNameError(
                f"{shown(kind)} was not measured; there are {', '.join(self.kinds)}."
            )
        return self.corrupted[self.kinds.index(kind)]

    def __iter__(self) -> NoReturn:
        # Without it Python would try result[0], result[1], ...
        raise TypeError("A Robustness is not iterated over; its `kinds` and `corrupted` are.")

    @property
    def accuracy(self) -> dict[str, float]:
        """The accuracy on each kind of corruption, from 0 to 1."""
        return {kind: self[kind].accuracy for kind in self.kinds}

    @property
    def mean_accuracy(self) -> float:
        """The mean over the kinds of corruption, all of the same weight, from 0 to 1."""
        return sum(self.accuracy.values()) / len(self.kinds)

    @property
    def mean_accuracy_interval(self) -> tuple[float, float]:
        """The 95% interval of the mean, for the chance in the choice of the images.

        An image counts once, with the share of the corruptions under which it is recognised; and
        where the writers are known, they are what was chosen. Not in it is the chance in training,
        in the corruptions themselves (another `seed`), and in which kinds there are.
        """
        shares = np.mean([one.correct for one in self.corrupted], axis=0)
        return mean_interval(shares, self.clean.writers)

    @property
    def relative_accuracy(self) -> dict[str, float]:
        """The accuracy on each kind, as a share of that on the clean images; NaN if that is 0."""
        return {kind: self._of_clean(one) for kind, one in self.accuracy.items()}

    @property
    def mean_relative_accuracy(self) -> float:
        """The mean over the kinds of corruption, as a share of the accuracy on clean images."""
        return self._of_clean(self.mean_accuracy)

    def report(self) -> str:
        """Write the result as text: one line for the whole, one for each kind, the worst first."""
        width = max(map(len, (_COLUMNS[0], "clean", *self.kinds)))
        lines = [
            f"{kind:<{width}}  {accuracy:>8}  {interval:>15}  {share:>8}"
            for kind, accuracy, interval, share in (_COLUMNS, *self._rows())
        ]
        return "\n".join([str(self), "", *lines])

    def to_dict(self) -> dict[str, Any]:
        """Write the result in plain Python values, ready for JSON; single images are left out."""
        return {
            "model": self.model,
            "data": self.clean.name,
            "corruptions": "MNIST-C-like",
            "severity": self.severity,
            "seed": self.seed,
            "mean_accuracy": self.mean_accuracy,
            "mean_accuracy_interval": list(self.mean_accuracy_interval),
            "mean_relative_accuracy": self.mean_relative_accuracy,
            "clean": _figures(self.clean),
            "corrupted": {kind: _figures(self[kind]) for kind in self.kinds},
        }

    def __str__(self) -> str:
        worst, count = self.sorted_kinds()[0], len(self.kinds)
        kinds = "1 MNIST-C-like corruption" if count == 1 else f"{count} MNIST-C-like corruptions"
        strength = "" if self.severity == 1 else f" at severity {self.severity:g}"
        low, high = self.mean_accuracy_interval
        return (
            f"{self.model}{f' on {self.clean.name}' if self.clean.name else ''}: "
            f"{self.mean_accuracy:.2%} correct "
            f"(95% interval {100 * low:.2f} to {100 * high:.2f}), the mean over {kinds}{strength}, "
            f"{self.clean.accuracy:.2%} on clean images; "
            f"the worst is {worst} with {self.accuracy[worst]:.2%}"
        )

    def __repr__(self) -> str:
        return f"<Robustness: {self}>"

    def _repr_html_(self) -> str:
        return html_table(_COLUMNS, self._rows(), str(self))

    def sorted_kinds(self) -> list[str]:
        """The kinds of corruption, the one with the least accuracy first."""
        return sorted(self.kinds, key=self.accuracy.__getitem__)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """A line of the table for each kind and for the clean images."""
        measured = {kind: self[kind] for kind in self.sorted_kinds()}
        measured["clean"] = self.clean
        return [
            (
                kind,
                f"{one.accuracy:.2%}",
                "{:.2%} to {:.2%}".format(*one.accuracy_interval).replace("%", ""),
                f"{self._of_clean(one.accuracy):.3f}",
            )
            for kind, one in measured.items()
        ]

    def _of_clean(self, accuracy: float) -> float:
        return accuracy / self.clean.accuracy if self.clean.accuracy else float("nan")


def _figures(result: Evaluation) -> dict[str, Any]:
    return {
        "accuracy": result.accuracy,
        "accuracy_interval": list(result.accuracy_interval),
        "loss": result.loss,
        "calibration_error": result.calibration_error,
    }

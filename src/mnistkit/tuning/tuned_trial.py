"""TunedTrial: one trial of a search, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.models import SearchSpace
from mnistkit.tuning.slots import FINISHED, Slot, State, slots_of
from mnistkit.tuning.space import tried
from mnistkit.tuning.trials import LOSS, SECONDS

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


@dataclass(frozen=True)
class TunedTrial:
    """One trial of a search.

    Attributes
    ----------
    number : int
    state : {"complete", "pruned", "failed"}
        Whether it was trained to the end, given up as hopeless, or has raised an error.
    values : mapping of str to any
        What was tried, by name.
    accuracy : float or None
        On the validation images after the last epoch, from 0 to 1; None if it failed.
    loss : float or None
        The same, in nats.
    accuracies : tuple of float
        After each epoch.
    seconds : float or None
        What the training took.
    attempts : int
        How many processes it took: 2 if the first one died.
    error : str or None
        What went wrong.
    """

    number: int
    state: State
    values: Mapping[str, Any]
    accuracy: float | None
    loss: float | None
    accuracies: tuple[float, ...]
    seconds: float | None
    attempts: int = 1
    error: str | None = None

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return len(self.accuracies)

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return {
            "number": self.number,
            "state": self.state,
            "values": dict(self.values),
            "accuracy": self.accuracy,
            "loss": self.loss,
            "accuracies": list(self.accuracies),
            "seconds": self.seconds,
            "attempts": self.attempts,
            "error": self.error,
        }


def finished_trials(attempts: Sequence[FrozenTrial], space: SearchSpace) -> tuple[TunedTrial, ...]:
    """The trials of a study that are finished, in the order in which they were begun."""
    slots = slots_of(attempts)
    return tuple(_tuned_trial(slot, space) for slot in slots if slot.state in FINISHED)


def _tuned_trial(slot: Slot, space: SearchSpace) -> TunedTrial:
    last = slot.last
    measured = last.intermediate_values
    return TunedTrial(
        number=slot.number,
        state=slot.state,
        values=tried(last.params, space),
        accuracy=None if slot.state == "failed" else last.value,
        loss=last.user_attrs.get(LOSS),
        accuracies=tuple(measured[step] for step in sorted(measured)),
        seconds=last.user_attrs.get(SECONDS),
        attempts=slot.num_attempts,
        error=slot.error,
    )

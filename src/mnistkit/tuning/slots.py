"""Which of Optuna's trials are one trial, how far each is, and what is to be done about it.

A trial whose process has died is taken up again. Optuna has no such thing: its trial ends as failed
and another one is added with the same values. What belongs together is told by what the attempts
say of themselves, so that any number of processes see the same, whatever happened between two of
their steps. The functions here are pure; `mnistkit.tuning.worker` acts on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

State = Literal["waiting", "running", "lost", "complete", "pruned", "failed"]
FINISHED: tuple[State, ...] = ("complete", "pruned", "failed")

# What an attempt says of itself.
AFTER = "after"  # the number of the attempt that it takes up
SURPLUS = "surplus"  # whether it was one too many, and withdrawn
ERROR = "error"  # what the training has raised
INHERITED = "inherited"  # how many epochs earlier attempts had measured
FRUITLESS = "fruitless"  # how many attempts before it have died without a new epoch
BEAT = "beat"  # counted up while its process lives
PROCESS = "process"  # where it is carried out, for people who look for it
FOLDER = "folder"  # the identity of the folder that its process works in
MOST_FRUITLESS = 3


class Attempt(Protocol):
    """What is looked at of Optuna's trials."""

    @property
    def number(self) -> int:
        """Counted by the storage, so no two have the same."""

    @property
    def user_attrs(self) -> dict[str, Any]:
        """What it says of itself."""


@dataclass(frozen=True)
class Slot:
    """One trial, in as many attempts as it took.

    Attributes
    ----------
    number : int
        That of the first attempt.
    last : optuna.trial.FrozenTrial
        The last attempt.
    num_attempts : int
    """

    number: int
    last: FrozenTrial
    num_attempts: int

    @property
    def state(self) -> State:
        """How far it is; "lost" if its process has died, and no other attempt is waiting."""
        name = self.last.state.name
        if name != "FAIL":
            return name.lower()  # type: ignore[return-value]  # Optuna's other names are ours
        return "failed" if self.error else "lost"

    @property
    def error(self) -> str | None:
        """What went wrong with it."""
        if self.last.state.name != "FAIL":
            return None
        if fruitless_attempts(self.last) >= MOST_FRUITLESS:
            return f"its process ended without a word, {MOST_FRUITLESS} times"
        error: str | None = self.last.user_attrs.get(ERROR)
        return error


def fruitless_attempts(attempt: FrozenTrial) -> int:
    """How many attempts in a row, this one among them, measured no epoch that is new, if it died.

    An error is no such end.
    """
    attributes = attempt.user_attrs
    if ERROR in attributes or len(attempt.intermediate_values) > attributes.get(INHERITED, 0):
        return 0
    before: int = attributes.get(FRUITLESS, 0)
    return before + 1


def slots_of(attempts: Sequence[FrozenTrial]) -> list[Slot]:
    """The trials of a study, in the order in which they were begun."""
    successors: dict[int, FrozenTrial] = {}
    for one in sorted(attempts, key=lambda one: one.number, reverse=True):
        if AFTER in one.user_attrs and SURPLUS not in one.user_attrs:
            successors[one.user_attrs[AFTER]] = one  # of several the first
    slots = []
    for first in attempts:
        if is_first(first):
            last, count = first, 1
            while last.number in successors:
                last, count = successors[last.number], count + 1
            slots.append(Slot(first.number, last, count))
    return slots


def is_first(attempt: Attempt) -> bool:
    """Whether a trial begins with this attempt."""
    return AFTER not in attempt.user_attrs and SURPLUS not in attempt.user_attrs


def place_of(number: int, attempts: Sequence[Attempt]) -> int:
    """How many trials were begun before the attempt of this number."""
    return sum(one.number < number for one in attempts if is_first(one))


def is_surplus(attempt: Attempt, attempts: Sequence[FrozenTrial], most_trials: int | None) -> bool:
    """Whether an attempt is one too many.

    It is if as many trials as there are to be were begun before it, or if it takes up again what
    another one took up before. Whoever was first is told by the numbers.
    """
    after = attempt.user_attrs.get(AFTER)
    if after is None:
        return most_trials is not None and place_of(attempt.number, attempts) >= most_trials
    return any(
        one.user_attrs.get(AFTER) == after and one.number < attempt.number
        for one in attempts
        if SURPLUS not in one.user_attrs
    )


def slot_number(attempt: Attempt, attempts: Sequence[FrozenTrial]) -> int:
    """The number of the trial that an attempt belongs to."""
    by_number = {one.number: one for one in attempts}
    number = attempt.number
    while AFTER in by_number[number].user_attrs:
        number = by_number[number].user_attrs[AFTER]
    return number

"""A worker: asks the study for trials until there are enough, and takes up those of the dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnistkit.tuning.liveness import Watch, alive
from mnistkit.tuning.slots import (
    AFTER,
    FINISHED,
    FRUITLESS,
    INHERITED,
    MOST_FRUITLESS,
    SURPLUS,
    Slot,
    fruitless_attempts,
    is_surplus,
    slot_number,
    slots_of,
)
from mnistkit.tuning.storage import storage_is_needed

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

PAUSE = 0.5  # seconds between two looks at what others do
_ASKED_TO_STOP = (KeyboardInterrupt, SystemExit)

Work = Callable[["optuna.Trial", int], None]
"""Carries out a trial, by its number, and tells the study."""


class Worker:
    """Carries out trials beside any number of others, which it knows by the study alone.

    Parameters
    ----------
    study : optuna.Study
    folder : pathlib.Path
    folder_id : str
        What tells the folder from those of other machines.
    most_trials : int or None
        How many trials there are to be in all, whoever carries them out.
    deadline : float or None
        After which none is begun, on the monotonic clock.
    """

    def __init__(
        self,
        study: optuna.Study,
        folder: Path,
        folder_id: str,
        *,
        most_trials: int | None,
        deadline: float | None,
    ) -> None:
        self._study = study
        self._folder = folder
        self._id = folder_id
        self._most_trials = most_trials
        self._deadline = deadline
        self._watch = Watch(folder, folder_id)

    def run(self, work: Work, advance: Callable[[int], object]) -> None:
        """Carry out trials until all are finished, or until the time is over and none is running.

        Raises
        ------
        TuningError
            If the storage is lost.
        """
        finished = 0
        while True:
            with storage_is_needed():
                slots = slots_of(self._attempts())
                self._take_up(slots)
                slots = slots_of(self._attempts())
            now_finished = sum(slot.state in FINISHED for slot in slots)
            advance(now_finished - finished)
            finished = now_finished
            if self._is_time_over():
                if all(slot.state != "running" for slot in slots):
                    return
            elif self._is_work_left(slots):
                self._carry_out_one(work)
                continue
            elif finished == len(slots):
                return
            time.sleep(PAUSE)

    def _attempts(self) -> Sequence[FrozenTrial]:
        return self._study.get_trials(deepcopy=False)

    def _is_time_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _is_work_left(self, slots: Sequence[Slot]) -> bool:
        if any(slot.state == "waiting" for slot in slots):
            return True
        return self._most_trials is None or len(slots) < self._most_trials

    def _take_up(self, slots: Sequence[Slot]) -> None:
        """Have the trials of dead processes carried out again."""
        for slot in slots:
            if slot.state == "lost":  # whoever ended it has died before the next step
                self._add_attempt(slot.last, fruitless_attempts(slot.last))
            elif slot.state == "running" and self._watch.is_dead(slot.last):
                self._end_and_add(slot.last, fruitless_attempts(slot.last))

    def _end_and_add(self, attempt: FrozenTrial, fruitless: int) -> None:
        if _end(self._study, attempt.number) and fruitless < MOST_FRUITLESS:
            self._add_attempt(attempt, fruitless)

    def _add_attempt(self, attempt: FrozenTrial, fruitless: int) -> None:
        import optuna

        self._study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.WAITING,
                params=attempt.params,
                distributions=attempt.distributions,
                intermediate_values=attempt.intermediate_values,
                user_attrs={
                    AFTER: attempt.number,
                    INHERITED: len(attempt.intermediate_values),
                    FRUITLESS: fruitless,
                },
            )
        )

    def _carry_out_one(self, work: Work) -> None:
        with storage_is_needed():
            trial = self._study.ask()
            attempts = self._attempts()
            if is_surplus(trial, attempts, self._most_trials):
                trial.set_user_attr(SURPLUS, True)
                _end(self._study, trial.number)
                return
        with alive(trial, self._folder, self._id):
            try:
                work(trial, slot_number(trial, attempts))
            except _ASKED_TO_STOP:
                self._hand_over(trial.number)
                raise

    def _hand_over(self, number: int) -> None:
        """Leave a trial to whoever comes next; to be stopped is no fault of it."""
        (attempt,) = (one for one in self._attempts() if one.number == number)
        if not attempt.state.is_finished() and _end(self._study, number):
            self._add_attempt(attempt, attempt.user_attrs.get(FRUITLESS, 0))


def _end(study: optuna.Study, number: int) -> bool:
    """End an attempt as failed; whether it was this process that did."""
    import optuna

    try:
        study.tell(number, state=optuna.trial.TrialState.FAIL)
    except (ValueError, optuna.exceptions.UpdateFinishedTrialError):  # somebody else has
        return False
    return True

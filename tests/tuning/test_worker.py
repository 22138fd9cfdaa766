"""Workers: who does what, who takes up what the dead have left, and that the number is right."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from mnistkit.errors import TuningError
from mnistkit.files.locking import locked
from mnistkit.tuning import liveness, worker
from mnistkit.tuning.liveness import Watch, alive
from mnistkit.tuning.slots import FOLDER, is_surplus, slots_of
from mnistkit.tuning.storage import opened_storage, quiet_optuna
from mnistkit.tuning.worker import Worker


@pytest.fixture(autouse=True)
def _quickly(monkeypatch) -> None:
    monkeypatch.setattr(worker, "PAUSE", 0.01)
    monkeypatch.setattr(liveness, "BEAT_SECONDS", 0.02)


@pytest.fixture
def study(tmp_path) -> Iterator[optuna.Study]:
    """A new study in a journal."""
    with quiet_optuna(), opened_storage(None, tmp_path) as storage:
        yield optuna.create_study(storage=storage, study_name="s", direction="maximize")


def numbers(study: optuna.Study) -> dict[int, tuple[str, int]]:
    """The state and the attempts of each trial."""
    return {one.number: (one.state, one.num_attempts) for one in slots_of(study.trials)}


def work_on(study: optuna.Study, done: list[int]) -> Callable[[optuna.Trial, int], None]:
    """Work that takes no time."""

    def work(trial: optuna.Trial, number: int) -> None:
        trial.suggest_float("x", 0, 1)
        done.append(number)
        study.tell(trial, 1.0)

    return work


def run(study: optuna.Study, folder: Path, done: list[int], trials: int | None = 3, **more: Any):
    folder_id = more.pop("folder_id", "f")
    one = Worker(study, folder, folder_id, most_trials=trials, deadline=more.pop("deadline", None))
    one.run(more.pop("work", work_on(study, done)), lambda _: None)


def leave(study: optuna.Study, folder: Path, folder_id: str = "f", epochs: int = 0) -> None:
    """Begin a trial, and die."""
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    with alive(trial, folder, folder_id):
        for epoch in range(epochs):
            trial.report(0.1 * epoch, epoch)


def test_the_number_of_trials_is_exact_however_many_workers_there_are(study, tmp_path) -> None:
    done: list[int] = []
    with contextlib.ExitStack() as stack:
        storages = [stack.enter_context(opened_storage(None, tmp_path)) for _ in range(4)]
    studies = [optuna.load_study(storage=one, study_name="s") for one in storages]
    threads = [threading.Thread(target=run, args=(one, tmp_path, done, 9)) for one in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == len(set(done)) == 9
    assert list(numbers(study).values()) == [("complete", 1)] * 9


def test_a_trial_whose_process_died_goes_on_with_the_same_values(study, tmp_path) -> None:
    leave(study, tmp_path, epochs=2)
    (left,) = study.trials
    done: list[int] = []
    run(study, tmp_path, done, 2)
    assert done == [0, 2]
    assert numbers(study) == {0: ("complete", 2), 2: ("complete", 1)}
    first, again, _ = study.trials
    assert first.state == TrialState.FAIL
    assert again.params == left.params
    assert again.intermediate_values == left.intermediate_values


def test_a_process_that_has_the_lock_is_alive_however_long_it_is_silent(
    study, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(liveness, "SILENT_SECONDS", 0)
    trial = study.ask()
    with alive(trial, tmp_path, "f"):
        (attempt,) = study.trials
        assert not Watch(tmp_path, "f").is_dead(attempt)
    (attempt,) = study.trials
    assert attempt.user_attrs[FOLDER] == "f"
    assert Watch(tmp_path, "f").is_dead(attempt)


def test_elsewhere_a_process_is_dead_when_it_has_been_silent(study, tmp_path, monkeypatch) -> None:
    leave(study, tmp_path, "on another machine")
    watch = Watch(tmp_path, "f")
    assert not watch.is_dead(study.trials[0])  # it was only seen once
    assert not watch.is_dead(study.trials[0])
    monkeypatch.setattr(liveness, "SILENT_SECONDS", -1)
    assert watch.is_dead(study.trials[0])
    done: list[int] = []
    run(study, tmp_path, done, 1)
    assert done == [0]


def test_elsewhere_a_process_that_counts_up_is_alive(study, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(liveness, "SILENT_SECONDS", 0)
    watch = Watch(tmp_path, "f")
    with alive(study.ask(), tmp_path, "on another machine"):
        seen = set()
        patience = time.monotonic() + 20
        while time.monotonic() < patience:
            attempt = study.trials[0]
            beat = attempt.user_attrs.get("beat")
            assert not (beat not in seen and watch.is_dead(attempt))
            seen.add(beat)
            if len(seen) > 3:
                break
        assert len(seen) > 3


def test_two_who_see_the_same_death_take_up_the_trial_once(study, tmp_path) -> None:
    leave(study, tmp_path)
    one, other = (Worker(study, tmp_path, "f", most_trials=1, deadline=None) for _ in range(2))
    slots = slots_of(study.trials)
    one._take_up(slots)
    other._take_up(slots)
    assert numbers(study) == {0: ("waiting", 2)}
    assert len(study.trials) == 2


def test_who_dies_between_two_steps_leaves_nothing_lost_or_double(study, tmp_path) -> None:
    leave(study, tmp_path)
    study.tell(0, state=TrialState.FAIL)  # and then it died as well
    assert numbers(study) == {0: ("lost", 1)}
    one, other = (Worker(study, tmp_path, "f", most_trials=1, deadline=None) for _ in range(2))
    slots = slots_of(study.trials)
    one._take_up(slots)
    other._take_up(slots)  # both saw it
    assert len(study.trials) == 3
    done: list[int] = []
    run(study, tmp_path, done, 1)
    assert done == [0]
    assert numbers(study) == {0: ("complete", 2)}


def test_a_trial_that_kills_every_process_is_given_up(study, tmp_path) -> None:
    done: list[int] = []
    for _ in range(3):
        leave(study, tmp_path)
        one = Worker(study, tmp_path, "f", most_trials=2, deadline=None)
        one._take_up(slots_of(study.trials))
    assert numbers(study) == {0: ("failed", 3)}
    (slot,) = slots_of(study.trials)
    assert slot.error == "its process ended without a word, 3 times"
    run(study, tmp_path, done, 2)
    assert numbers(study) == {0: ("failed", 3), 3: ("complete", 1)}


def test_a_trial_that_comes_further_with_each_process_is_not_given_up(study, tmp_path) -> None:
    for epochs in range(1, 6):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        with alive(trial, tmp_path, "f"):
            trial.report(0.5, epochs)
        Worker(study, tmp_path, "f", most_trials=1, deadline=None)._take_up(slots_of(study.trials))
    assert numbers(study) == {0: ("waiting", 6)}


def test_who_is_asked_to_stop_hands_its_trial_over(study, tmp_path) -> None:
    def interrupted(trial: optuna.Trial, number: int) -> None:
        raise KeyboardInterrupt

    for attempts in range(2, 7):  # that is no fault of the trial
        with pytest.raises(KeyboardInterrupt):
            run(study, tmp_path, [], 2, work=interrupted)
        assert numbers(study) == {0: ("waiting", attempts)}


def test_a_failing_storage_is_told_as_such(study, tmp_path, monkeypatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(type(study), "get_trials", fails)
    with pytest.raises(TuningError) as refusal:
        run(study, tmp_path, [])
    assert str(refusal.value) == (
        "The storage of the study failed: OSError: disk full. Nothing that is finished is lost: "
        "repeat the call when the storage is there again."
    )


def test_when_the_time_is_over_those_who_are_at_work_are_waited_for(study, tmp_path) -> None:
    trial = study.ask()
    begun = threading.Event()

    def another() -> None:
        with alive(trial, tmp_path, "f"):
            begun.set()
            study.tell(trial, 1.0)

    thread = threading.Thread(target=another)
    with locked(tmp_path / "unused", wait=True):
        thread.start()
        begun.wait()
        run(study, tmp_path, [], None, deadline=0.0)
    thread.join()
    assert numbers(study) == {0: ("complete", 1)}


def test_of_those_who_asked_at_the_same_moment_the_last_ones_withdraw(study) -> None:
    trials = [study.ask() for _ in range(5)]
    surplus = [is_surplus(one, study.trials, 3) for one in trials]
    assert surplus == [False, False, False, True, True]
    assert not any(is_surplus(one, study.trials, None) for one in trials)
    assert list(itertools.islice(numbers(study), 3)) == [0, 1, 2]

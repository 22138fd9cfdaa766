"""The study: one for all who search for the same, and the folder that its trials lie in."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import TuningError
from mnistkit.files.atomic import write_atomically
from mnistkit.files.json_file import read_json, sealed, unsealed
from mnistkit.files.locking import locked
from mnistkit.messages import said_by, shown
from mnistkit.training.description import value_differences
from mnistkit.tuning.space import distributions_of
from mnistkit.tuning.storage import storage_is_needed
from mnistkit.tuning.worker import PAUSE

if TYPE_CHECKING:
    import optuna

    from mnistkit.tuning.plan import Plan

FILE = "tuning.json"
_LOCK = ".lock"
_SETTINGS, _ID = "mnistkit", "mnistkit_id"  # attributes of the study
_SECONDS_TO_BEGIN = 30.0  # that a process may take between a study's beginning and its settings
_STARTUP_TRIALS, _WORST_SHARE = 5, 25.0  # when pruning begins, and what is pruned then, in percent


def open_study(plan: Plan, storage: optuna.storages.BaseStorage, name: str) -> optuna.Study:
    """The study of that name, made if needed.

    Raises
    ------
    TuningError
        If there is one of another search, or the storage fails.
    """
    import optuna

    with storage_is_needed():
        sampler, pruner = _sampler(plan), _pruner(plan)
        try:
            study = optuna.create_study(
                study_name=name,
                storage=storage,
                sampler=sampler,
                pruner=pruner,
                direction="maximize",
            )
        except optuna.exceptions.DuplicatedStudyError:
            study = optuna.load_study(
                study_name=name, storage=storage, sampler=sampler, pruner=pruner
            )
            if _wait_for_settings(study) is not None:
                _refuse_another(study, plan, name)
                return study
        _begin(study, plan)
    return study


def _begin(study: optuna.Study, plan: Plan) -> None:
    """Have the default be the first trial; the settings say that all is there."""
    import optuna

    study.set_user_attr(_ID, secrets.token_hex(8))
    values = plan.defaults
    if values is not None and not study.get_trials(deepcopy=False):
        study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.WAITING,
                params=values,
                distributions=distributions_of(plan.space),
            )
        )
    study.set_user_attr(_SETTINGS, plan.settings)


def _wait_for_settings(study: optuna.Study) -> Mapping[str, Any] | None:
    """What a study is of; None if whoever has begun it did not come to say so."""
    patience = time.monotonic() + _SECONDS_TO_BEGIN
    while True:
        settings: Mapping[str, Any] | None = study.user_attrs.get(_SETTINGS)
        if settings is not None:
            return settings
        if study.get_trials(deepcopy=False) and not study.user_attrs.get(_ID):
            return {}  # it has trials, and was not begun here
        if time.monotonic() > patience:
            return None
        time.sleep(PAUSE)


def _refuse_another(study: optuna.Study, plan: Plan, name: str) -> None:
    settings = study.user_attrs.get(_SETTINGS) or {}
    lines = "\n".join(value_differences(settings, plan.settings))
    if lines:
        raise TuningError(
            f"The study {name!r} in that storage is another one:\n{lines}\nRepeat the call that it "
            "was begun with, give this one another name (study=, --study) and another folder, or "
            "take another storage."
        )


def _sampler(plan: Plan) -> optuna.samplers.BaseSampler:
    from mnistkit.tuning.sampler import SeededSampler

    return SeededSampler(plan.seed)


def _pruner(plan: Plan) -> optuna.pruners.BasePruner:
    """What ends hopeless trials: those among the worst quarter of all that got as far.

    Where trials are of different lengths, they are not equally far after as many epochs.
    """
    from optuna.pruners import NopPruner, PercentilePruner

    if {"epochs", "min_steps"} & plan.space.keys():
        return NopPruner()
    return PercentilePruner(100 - _WORST_SHARE, n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=1)


def claim_folder(folder: Path, study: optuna.Study) -> str:
    """Note in a folder which study it is of.

    Returns
    -------
    str
        What tells the folder from those of other machines.

    Raises
    ------
    TuningError
        If it is of another study, damaged, or cannot be written to.
    """
    path = folder / FILE
    known = {"study": study.user_attrs[_ID]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / _LOCK, wait=True):
            if not path.exists():
                text = json.dumps(sealed({**known, "folder": secrets.token_hex(8)}), indent=2)
                write_atomically(path, lambda file: file.write(f"{text}\n".encode()))
            content = unsealed(read_json(path))
    except OSError as error:
        raise TuningError(
            f"The trials cannot be kept in {str(folder)!r}: {said_by(error)}. Choose a folder that "
            "can be written to."
        ) from error
    except ValueError as error:
        raise TuningError(f"{str(path)!r} is damaged: {error}. Take another folder.") from error
    if content.get("study") != known["study"] or not isinstance(content.get("folder"), str):
        raise TuningError(
            f"The folder {str(folder)!r} has the trials of another study. Take another folder, or "
            "the storage of that study."
        )
    return str(content["folder"])


def checked_name(name: Any) -> str:
    """The name of a study; else a TuningError."""
    if not isinstance(name, str) or not name.strip():
        raise TuningError(f"study={shown(name)}: expected a name, a text.")
    return name

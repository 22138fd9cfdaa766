"""One trial: an ordinary run in a folder, which goes on where another process left it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.comparison.one_model import trainer_of
from mnistkit.errors import RunFolderError, TuningError
from mnistkit.messages import said_by
from mnistkit.training import Trainer
from mnistkit.training.run_folder import RunFolder
from mnistkit.tuning.plan import Plan
from mnistkit.tuning.slots import ERROR, place_of
from mnistkit.tuning.space import suggest
from mnistkit.tuning.storage import storage_is_needed

if TYPE_CHECKING:
    import optuna

logger = logging.getLogger(__name__)

LOSS, SECONDS = "loss", "seconds"  # what a trial says of itself


def folder_of(folder: Path, number: int) -> Path:
    """The folder of a trial's run."""
    return folder / "trials" / f"{number:04d}"


def carry_out(study: optuna.Study, trial: optuna.Trial, number: int, plan: Plan, at: Path) -> None:
    """Train, or go on training, and tell the study what came of it.

    The seed counts the trials that were begun before, so that it does not depend on which process
    has died when.

    Parameters
    ----------
    study : optuna.Study
    trial : optuna.Trial
        The attempt.
    number : int
        The trial's.
    plan : Plan
    at : pathlib.Path
        The folder of its run.
    """
    from optuna.trial import TrialState

    with storage_is_needed():
        values = suggest(trial, plan.space)
        place = place_of(number, study.get_trials(deepcopy=False))
    try:
        trainer = _trained(trial, plan.seed + place, plan, values, at)
    except (TuningError, RunFolderError):
        raise
    # Whatever these settings lead to, others may be fine.
    except Exception as error:  # noqa: BLE001
        logger.warning("Trial %d failed with %s: %s", number, values, said_by(error))
        with storage_is_needed():
            trial.set_user_attr(ERROR, said_by(error))
            study.tell(trial, state=TrialState.FAIL)
        return
    description = RunFolder(at).description
    with storage_is_needed():
        trial.set_user_attr(LOSS, trainer.history["val_loss"][-1])
        trial.set_user_attr(SECONDS, description["duration"])
        if description["epochs_done"] < description["epochs_planned"]:
            study.tell(trial, state=TrialState.PRUNED)
        else:
            study.tell(trial, trainer.history["val_accuracy"][-1])


def _trained(
    trial: optuna.Trial, seed: int, plan: Plan, values: dict[str, Any], at: Path
) -> Trainer:
    from mnistkit.tuning.reporting import ReportEpochs

    recipe, options = plan.with_values(values)
    trainer = trainer_of(
        plan.entrant.model,
        recipe,
        options,
        plan.train,
        seed=seed,
        run_dir=at,
    )
    settings: dict[str, Any] = {
        "validation": plan.validation,
        "callbacks": [ReportEpochs(trial)],
        "verbose": 0,
    }
    try:
        trainer.fit(plan.train, resume=True, **settings)
    except RunFolderError as error:  # begun with other versions of something, or damaged
        logger.warning("The run in %s begins again: %s", at, said_by(error))
        trainer.fit(plan.train, overwrite=True, **settings)
    return trainer

"""tune: search for better settings, and find out whether they are better."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.comparison import Comparison, Contender, compare
from mnistkit.comparison.kept_folder import folder_or_temporary
from mnistkit.comparison.one_model import forget_model
from mnistkit.datasets import Dataset, load_dataset
from mnistkit.errors import TuningError
from mnistkit.files.atomic import write_atomically
from mnistkit.files.locking import locked
from mnistkit.messages import said_by, shown
from mnistkit.models import Recipe, SearchSpace
from mnistkit.models.settings import count, positive, whole_number
from mnistkit.packages import require
from mnistkit.progress import progress
from mnistkit.tuning.commands import training_command, tuning_command
from mnistkit.tuning.plan import Plan, plan_of
from mnistkit.tuning.storage import opened_storage, quiet_optuna, storage_is_needed
from mnistkit.tuning.study import checked_name, claim_folder, open_study
from mnistkit.tuning.trials import carry_out, folder_of
from mnistkit.tuning.tuned_trial import TunedTrial, finished_trials
from mnistkit.tuning.tuning import Tuning
from mnistkit.tuning.worker import Worker

if TYPE_CHECKING:
    import optuna

STUDY = "mnistkit"
_RESULT = "result.json"
_FEWEST_FOR_IMPORTANCES = 10


def tune(
    model: str | Callable[..., Any],
    data: Dataset | str,
    *,
    trials: int | None = None,
    timeout: float | None = None,
    space: SearchSpace | None = None,
    recipe: Recipe | str | None = None,
    options: Mapping[str, Any] | None = None,
    seeds: int = 5,
    seed: int = 0,
    run_dir: str | os.PathLike[str] | None = None,
    storage: str | os.PathLike[str] | None = None,
    study: str = STUDY,
) -> Tuning:
    """Search for better settings of a model and its recipe, and say whether they are better.

    Trials are trained on a part of the training images and measured on another one, by other
    writers where writers are known. The best of many always looks better than it is. So the winner
    and the default are then trained anew from several seeds, and measured on a third part, which no
    trial has seen: only what is found there is told as better. Test images are not touched.

    Parameters
    ----------
    model : str or function
        A registered model's name, ``"module:function"``, or a function that builds a model.
    data : Dataset or str
        A data set, or the name of one.
    trials : int, optional
        How many trials there are to be in all: those of earlier calls and of other processes with
        the same study are counted.
    timeout : float, optional
        For how many seconds to begin new trials in this call. One that is running is finished.
    space : mapping of str to Choice or Range, optional
        What to try, by the names of the model's options, of the recipe's settings and of the
        augmentation's: ``{"learning_rate": mnistkit.log_uniform(1e-3, 2e-2)}``. By default what the
        model declares (`with_search_space`), or what suits any recipe.
    recipe : Recipe or str, optional
        The default, which is to be surpassed: a recipe, or the name of one that the model carries;
        its first one if nothing is said. What is not in the space stays as it is there.
    options : mapping, optional
        Options of the model, such as ``{"width": 32}``; those of the default.
    seeds : int, default 5
        How many times the winner and the default are trained for the verdict; 0 for a search alone.
    seed : int, default 0
        Fixes what is tried, and how.
    run_dir : str or path-like, optional
        A folder that keeps every trial as an ordinary run. Repeated with it, a search that was
        interrupted, even killed, goes on where it was, and a finished one trains nothing.
    storage : str or path-like, optional
        Where the study is kept: a file, or a database's URL. All who call `tune` with the same
        storage share the work, on one machine or on many. By default a file in `run_dir`.
    study : str, default "mnistkit"
        The study's name: several can be kept in one storage.

    Returns
    -------
    Tuning
        ``print`` it for the verdict; `Tuning.recipe` and `Tuning.options` are the winner's.

    Raises
    ------
    TuningError
        If neither `trials` nor `timeout` is given, the space has an unknown name or an empty range,
        the storage is out of reach or has a study of another search, or all trials have failed.
    MissingPackageError
        If Optuna is not installed.
    UnknownNameError, AmbiguousNameError, PluginError, OptionError, RecipeError, ModelError
        If the model is none that can be trained. All this is found out before anything is.

    See Also
    --------
    compare : contenders that you name, judged in the same way.

    References
    ----------
    J. Bergstra, R. Bardenet, Y. Bengio, B. Kegl, "Algorithms for hyper-parameter optimization",
    NeurIPS 2011: the tree-structured Parzen estimator, which chooses what to try.

    T. Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", KDD 2019.

    Examples
    --------
    >>> import mnistkit
    >>> tuning = mnistkit.tune(
    ...     "dense128",
    ...     "digits",
    ...     trials=2,
    ...     space={"learning_rate": mnistkit.log_uniform(1e-3, 2e-2)},
    ...     recipe=mnistkit.Recipe(epochs=1),
    ...     seeds=0,
    ... )
    >>> len(tuning.trials), tuning.best.accuracy > 0.5
    (2, True)
    >>> trainer = mnistkit.Trainer("dense128", recipe=tuning.recipe, **tuning.options)
    """
    require("optuna", to="search for better settings")
    most_trials = _checked_trials(trials)
    seconds = _checked_timeout(timeout)
    if most_trials is None and seconds is None:
        raise TuningError(
            "A search needs an end: give trials=30, timeout=600, or both (--trials, --timeout)."
        )
    seed, seeds = _checked_whole(seed, "seed"), _checked_whole(seeds, "seeds")
    name = checked_name(study)
    dataset = load_dataset(data) if isinstance(data, str) else data
    plan = plan_of(model, dataset, space=space, recipe=recipe, options=options, seed=seed)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(folder_or_temporary(run_dir))
        stack.enter_context(quiet_optuna())
        opened = open_study(plan, stack.enter_context(opened_storage(storage, folder)), name)
        folder_id = claim_folder(folder, opened)
        _search(plan, opened, folder, folder_id, most_trials, seconds)
        with storage_is_needed():
            attempts = opened.get_trials(deepcopy=False)
        every = finished_trials(attempts, plan.space)
        best = _best_of(every)
        winner = plan.with_values(best.values)
        tuning = Tuning(
            model=plan.entrant.model_name,
            recipe=winner[0],
            options=winner[1],
            default_recipe=plan.recipe,
            default_options=dict(plan.entrant.options),
            best=best,
            trials=every,
            space=plan.space,
            importances=_importances(opened, every),
            comparison=_judged(plan, best, dataset, seeds, folder),
            held_out_by=plan.held_out_by,
            name=plan.train.name,
            num_train=len(plan.train),
            num_validation=len(plan.validation),
            seed=seed,
            run_dir=None if run_dir is None else folder,
            command=tuning_command(
                model,
                data,
                space=space,
                recipe=recipe,
                options=options,
                storage=storage,
                run_dir=None if run_dir is None else Path(run_dir),
                trials=most_trials,
                timeout=timeout,
                seeds=None if seeds == 5 else seeds,
                seed=seed or None,
                study=None if name == STUDY else name,
            ),
            training_command=training_command(
                model,
                data,
                recipe=recipe,
                default=plan.recipe,
                winner=winner[0],
                options=winner[1],
            ),
        )
        if run_dir is not None:
            text = tuning.to_json() + "\n"
            write_atomically(folder / _RESULT, lambda file: file.write(text.encode()))
    return tuning


def _checked_trials(trials: Any) -> int | None:
    if trials is None:
        return None
    number = whole_number(trials)
    if number is None or number < 1:
        raise TuningError(
            f"trials={shown(trials)}: expected how many trials there are to be in all, 1 or more."
        )
    return number


def _checked_timeout(timeout: Any) -> float | None:
    if timeout is None:
        return None
    seconds = positive(timeout)
    if seconds is None:
        raise TuningError(f"timeout={shown(timeout)}: expected seconds, more than 0.")
    return seconds


def _checked_whole(value: Any, name: str) -> int:
    number = count(value)
    if number is None:
        raise TuningError(f"{name}={shown(value)}: expected a whole number of at least 0.")
    return number


def _search(
    plan: Plan,
    study: optuna.Study,
    folder: Path,
    folder_id: str,
    most_trials: int | None,
    seconds: float | None,
) -> None:
    """Carry out trials until there are enough, or the time is over."""
    deadline = None if seconds is None else time.monotonic() + seconds
    worker = Worker(study, folder, folder_id, most_trials=most_trials, deadline=deadline)
    with progress("Tuning", most_trials) as advance:

        def work(trial: optuna.Trial, number: int) -> None:
            advance(0, f"trial {number}")
            carry_out(study, trial, number, plan, folder_of(folder, number))

        try:
            worker.run(work, advance)
        finally:
            forget_model()


def _best_of(trials: tuple[TunedTrial, ...]) -> TunedTrial:
    """The one with the highest accuracy; of equal ones that with the lowest loss."""
    complete = [one for one in trials if one.state == "complete" and one.accuracy is not None]
    if complete:
        return max(complete, key=lambda one: (one.accuracy, -(one.loss or math.inf), -one.number))
    errors = [one.error for one in trials if one.error]
    if errors:
        raise TuningError(f"All trials have failed, the first one with: {errors[0]}")
    raise TuningError("No trial was finished in that time; give a longer timeout.")


def _importances(study: optuna.Study, trials: tuple[TunedTrial, ...]) -> dict[str, float]:
    """How much each name matters, by Optuna's default; empty if that cannot be said."""
    import optuna

    complete = [one for one in trials if one.state == "complete"]
    if len(complete) < _FEWEST_FOR_IMPORTANCES or len({one.accuracy for one in complete}) == 1:
        return {}
    with storage_is_needed():
        found = optuna.importance.get_param_importances(study)
    return {name: float(share) for name, share in found.items()}


def _judged(
    plan: Plan, best: TunedTrial, data: Dataset, seeds: int, folder: Path
) -> Comparison | None:
    """Hold the winner against the default, on images that no trial has seen.

    Only one process of those that share the folder does it; the others read what it has found.
    """
    winner = plan.with_values(best.values)
    if not seeds or winner == (plan.recipe, dict(plan.entrant.options)):
        return None
    contenders = [
        Contender(plan.entrant.model, recipe=recipe, options=options, title=title)
        for title, (recipe, options) in (
            (f"trial {best.number}", winner),
            ("default", (plan.recipe, plan.entrant.options)),
        )
    ]
    try:
        held = contextlib.ExitStack()
        held.enter_context(locked(folder / ".comparison.lock", wait=True))
    except OSError as error:
        raise TuningError(f"{said_by(error)}. Take another folder.") from error
    with held:
        return compare(contenders, data, seeds=seeds, run_dir=folder / "comparison")

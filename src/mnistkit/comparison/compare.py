"""compare: train contenders from several seeds, measure them on the same images, and judge."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from numbers import Integral
from pathlib import Path
from typing import Any, Literal

from mnistkit.comparison.comparison import Comparison
from mnistkit.comparison.contender import Contender, Entrant, entrants_of
from mnistkit.comparison.jobs import Job
from mnistkit.comparison.kept_folder import folder_or_temporary
from mnistkit.comparison.measured import note_error
from mnistkit.comparison.one_model import forget_model, trainer_of
from mnistkit.comparison.results import accuracies_of, result_of
from mnistkit.comparison.settings import keep_settings, settings_of
from mnistkit.comparison.splits import Splits, keep, splits_of
from mnistkit.comparison.workers import refuse_executor, run_by, run_here, threads_each
from mnistkit.datasets import Dataset, Split
from mnistkit.errors import BuilderError, ComparisonError, MnistKitError
from mnistkit.messages import shown
from mnistkit.progress import progress


def compare(
    contenders: Sequence[Contender | str | Callable[..., Any]],
    data: Dataset | str,
    *,
    seeds: int = 5,
    on: Literal["holdout", "test"] = "holdout",
    run_dir: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    also_on: Sequence[str] | str = (),
    robustness: bool = False,
) -> Comparison:
    """Train contenders from several seeds, measure them on the same images, and say who is better.

    Parameters
    ----------
    contenders : sequence of str, function or Contender
        Models by name, as ``"module:function"``, or as the function that builds them; functions
        that train in their own way; or a `Contender`, with a recipe, options or a title.
    data : Dataset or str
        A data set, or the name of one.
    seeds : int, default 5
        How many times each contender is trained: with the seeds 0, 1, 2 and so on.
    on : {"holdout", "test"}, default "holdout"
        ``"holdout"``: five sixths of the training images are trained on, one sixth is measured, by
        writers that are in no other part where writers are known, else of each class its share.
        For every choice that you make. ``"test"``: all training images are trained on, the test
        images are measured. For the end, once.
    run_dir : str or path-like, optional
        A folder that keeps every training as an ordinary run, ``<contender>/seed-<n>``, with
        checkpoints. Repeated with it, an interrupted comparison goes on to the same numbers, a
        finished one trains nothing, and one with more contenders or seeds trains those. By default
        nothing is kept.
    executor : concurrent.futures.Executor, optional
        Who trains: a pool of processes, which share this machine's threads, or workers on many
        machines that have the folder, such as Dask's ``client.get_executor()``. By default this
        process, one training after the other.
    also_on : sequence of str, or one, default ()
        Other data sets of the same classes, whose test images are measured too; nothing is trained
        on them.
    robustness : bool, default False
        Whether to measure under MNIST-C's 15 corruptions too, made again, as the function of that
        name does; only images of 28x28.

    Returns
    -------
    Comparison
        ``print`` it for the table and the verdict. A training that fails does not stop the others:
        its error stands there.

    Raises
    ------
    ComparisonError
        If the contenders cannot be compared: two of one title, other classes than the data's.
    RunFolderError
        If `run_dir` holds a comparison with other settings, or cannot be written to.
    UnknownNameError, AmbiguousNameError, PluginError, OptionError, RecipeError, ModelError
        If a contender is no model that can be trained. All this is found out before anything is.

    See Also
    --------
    compare_accuracies : the statistics alone.

    Examples
    --------
    >>> import mnistkit
    >>> quick = mnistkit.Recipe(epochs=1, learning_rate=0.01)
    >>> slow = mnistkit.Recipe(epochs=1, learning_rate=1e-5)
    >>> comparison = mnistkit.compare(
    ...     [
    ...         mnistkit.Contender("dense128", recipe=quick, title="quick"),
    ...         mnistkit.Contender("dense128", recipe=slow, title="slow"),
    ...     ],
    ...     "digits",
    ...     seeds=2,
    ... )
    >>> comparison.accuracies.differences[0].better
    'quick'
    """
    seeds = _checked_seeds(seeds)
    splits = splits_of(data, on, also_on, robustness=robustness)
    entrants = entrants_of(contenders, len(splits.train.classes))
    with folder_or_temporary(run_dir) as folder:
        keep_settings(folder, settings_of(splits, on, entrants))
        jobs = _jobs(entrants, seeds, splits, folder, threads_each(executor))
        found = {_place(job): job.measured() for job in jobs}
        left = [job for job in jobs if found[_place(job)] is None]
        if executor is not None:
            refuse_executor(executor, left)
        try:
            _refuse_untrainable(entrants, left, splits.train)
            errors = _train(left, splits, folder, executor)
        finally:
            forget_model()
        for job in left:
            note_error(job.path, errors[_place(job)])
            if errors[_place(job)] is None:
                found[_place(job)] = job.measured()
    also_on = tuple(splits.also_on)
    results = tuple(
        result_of(
            one.title,
            one.settings,
            {seed: found[one.title, seed] for seed in range(seeds)},
            {seed: errors.get((one.title, seed)) for seed in range(seeds)},
            also_on,
            splits.kinds,
        )
        for one in entrants
    )
    return Comparison(
        contenders=results,
        accuracies=accuracies_of(results),
        on=on,
        held_out_by=splits.held_out_by,
        name=splits.measured.name,
        num_train=len(splits.train),
        num_measured=len(splits.measured),
        loaded_as=splits.measured.loaded_as,
        digests={"train": splits.train_digest, "measured": splits.digests[""]},
        also_on=also_on,
        kinds=splits.kinds,
        run_dir=None if run_dir is None else folder,
    )


Place = tuple[str, int]  # a contender's title, and a seed


def _place(job: Job) -> Place:
    return job.title, job.seed


def _checked_seeds(seeds: Any) -> int:
    if not isinstance(seeds, Integral) or isinstance(seeds, bool) or seeds < 1:
        raise ComparisonError(
            f"seeds={shown(seeds)}: expected how many times to train each contender, 1 or more; "
            "with 1 nothing is known of the chance in training."
        )
    return int(seeds)


def _jobs(
    entrants: Sequence[Entrant], seeds: int, splits: Splits, folder: Path, threads: int | None
) -> list[Job]:
    """One contender's seeds after each other, then the next one's."""
    return [
        Job(entrant, seed, str(folder), splits.train_digest, splits.digests, threads)
        for entrant in entrants
        for seed in range(seeds)
    ]


def _refuse_untrainable(entrants: Sequence[Entrant], left: Sequence[Job], train: Split) -> None:
    """Build each model that is to be trained once, so that mistakes are found before the first.

    Raises
    ------
    MnistKitError
        If a model breaks the contract, or does not take an option. Whatever else a builder raises
        is told in the table.
    """
    titles = {job.title for job in left}
    for entrant in entrants:
        if entrant.title in titles and not entrant.trains_itself:
            try:
                trainer_of(entrant.model, entrant.recipe, entrant.options, train)
            except BuilderError:
                continue
            except MnistKitError as error:
                error.add_note(f"It is the contender {entrant.title!r}.")
                raise
            except Exception:  # noqa: BLE001, S112  (a stranger's)
                continue


def _train(
    jobs: Sequence[Job], splits: Splits, folder: Path, executor: Executor | None
) -> dict[Place, str | None]:
    """Run the jobs; what went wrong with each."""
    if not jobs:
        return {}
    every = splits.by_digest()
    with progress("Comparing", len(jobs)) as advance:
        if executor is None:
            errors = run_here(jobs, every, advance)
        else:
            for name, split in every.items():
                keep(split, folder, name)
            errors = run_by(executor, jobs, advance)
    return dict(zip(map(_place, jobs), errors, strict=True))

"""load_comparison: what a comparison's folder holds, without its data and without training."""

from __future__ import annotations

import os
from pathlib import Path

from mnistkit.comparison.comparison import Comparison
from mnistkit.comparison.contender import folder_name
from mnistkit.comparison.measured import Measured, read_error, read_measured
from mnistkit.comparison.results import accuracies_of, result_of
from mnistkit.comparison.settings import read_settings
from mnistkit.comparison.splits import CORRUPTED
from mnistkit.errors import RecipeError, RunFolderError


def load_comparison(folder: str | os.PathLike[str]) -> Comparison:
    """Read a comparison from its folder: every training in it that is finished.

    Parameters
    ----------
    folder : str or path-like
        The `run_dir` of `mnistkit.compare`.

    Returns
    -------
    Comparison
        Of contenders with a training that is finished or has failed, in the order in which they
        were added, and of the other test images that all of them were measured on.

    Raises
    ------
    RunFolderError
        If the folder holds no comparison, a damaged one, or none that has a training to tell of.
    """
    path = Path(folder).expanduser().absolute()
    settings = read_settings(path)
    found = {title: _ended(path / folder_name(title)) for title in settings["contenders"]}
    found = {title: (seeds, errors) for title, (seeds, errors) in found.items() if seeds or errors}
    if not found:
        raise RunFolderError(
            f"The comparison in {str(path)!r} has no finished training yet. Repeat the call that "
            "began it."
        )
    every = [one for seeds, _ in found.values() for one in seeds.values()]
    names = [
        name
        for name in (every[0].evaluations if every else ())
        if name and all(name in one.evaluations for one in every)
    ]
    also_on = tuple(name for name in names if not name.startswith(CORRUPTED))
    kinds = tuple(name.removeprefix(CORRUPTED) for name in names if name.startswith(CORRUPTED))
    try:
        results = tuple(
            result_of(
                title,
                settings["contenders"][title],
                {**seeds, **dict.fromkeys(errors)},
                errors,
                also_on,
                kinds,
            )
            for title, (seeds, errors) in found.items()
        )
        return Comparison(
            contenders=results,
            accuracies=accuracies_of(results),
            on=settings["on"],
            held_out_by=settings["held_out_by"],
            name=settings["data"]["measured"]["name"],
            num_train=settings["data"]["train"]["num_images"],
            num_measured=settings["data"]["measured"]["num_images"],
            loaded_as=settings["data"]["measured"]["loaded_as"],
            digests={part: settings["data"][part]["digest"] for part in ("train", "measured")},
            also_on=also_on,
            kinds=kinds,
            run_dir=path,
        )
    except (KeyError, TypeError, RecipeError) as error:
        raise RunFolderError(
            f"The comparison in {str(path)!r} is damaged: {type(error).__name__}: {error}."
        ) from error


def _ended(folder: Path) -> tuple[dict[int, Measured], dict[int, str]]:
    """What the finished trainings of a contender have found, and what went wrong, by seed."""
    numbers = [one.name.removeprefix("seed-") for one in folder.glob("seed-*")]
    runs = {int(n): folder / f"seed-{n}" for n in numbers if n.isdecimal()}
    finished = {n: one for n, run in sorted(runs.items()) if (one := read_measured(run))}
    left = {n: run for n, run in sorted(runs.items()) if n not in finished}
    return finished, {n: error for n, run in left.items() if (error := read_error(run))}

"""From what the jobs have found out to the results of the contenders, and to the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mnistkit.comparison.accuracy_comparison import AccuracyComparison, compare_accuracies
from mnistkit.comparison.contender_result import ContenderResult
from mnistkit.comparison.measured import Measured
from mnistkit.comparison.splits import CORRUPTED
from mnistkit.models import Recipe

_SHORTEST = 1e-3  # seconds of a training


def result_of(
    title: str,
    settings: Mapping[str, Any],
    found: Mapping[int, Measured | None],
    errors: Mapping[int, str | None],
    also_on: Sequence[str],
    kinds: Sequence[str],
) -> ContenderResult:
    """The result of a contender.

    Parameters
    ----------
    title : str
    settings : mapping
        What `comparison.json` says of it.
    found : mapping of int to Measured or None
        By seed.
    errors : mapping of int to str or None
        What went wrong with those that are None.
    also_on : sequence of str
    kinds : sequence of str
        Corruptions.
    """
    measured = {seed: one for seed, one in found.items() if one is not None}
    recipe = settings["recipe"]
    return ContenderResult(
        title=title,
        model=settings["model"],
        recipe=None if recipe is None else Recipe.from_dict(recipe),
        options=settings["options"],
        evaluations={seed: one.evaluations[""] for seed, one in measured.items()},
        also_on={
            name: {seed: one.evaluations[name] for seed, one in measured.items()}
            for name in also_on
        },
        corrupted={
            kind: {seed: one.evaluations[CORRUPTED + kind] for seed, one in measured.items()}
            for kind in kinds
        },
        costs={seed: one.cost for seed, one in measured.items()},
        errors={
            seed: errors.get(seed) or "its result cannot be read from the folder of its run"
            for seed, one in found.items()
            if one is None
        },
    )


def accuracies_of(results: Sequence[ContenderResult]) -> AccuracyComparison | None:
    """The statistics of the contenders that did not fail; None if there are none."""
    sound = [one for one in results if not one.has_failed and one.cost is not None]
    if not sound:
        return None
    first = next(iter(sound[0].evaluations.values()))
    if first.num_examples < 2:
        return None
    writers = first.writers
    if writers is not None and (writers == writers[0]).all():
        writers = None
    return compare_accuracies(
        {
            one.title: np.stack([evaluation.correct for evaluation in one.evaluations.values()])
            for one in sound
        },
        writers,
        training_seconds={
            one.title: max(one.cost.fit_seconds, _SHORTEST) for one in sound if one.cost
        },
    )

"""The sampler: Optuna's TPE, what it draws a function of seed and trial. Imports Optuna."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from mnistkit.tuning.slots import place_of


class SeededSampler(optuna.samplers.BaseSampler):
    """Draws a trial's values by the seed, the trial's place, and what is known by then.

    So workers that share a seed do not draw the same values, and a search that was interrupted goes
    on as it would have.

    Parameters
    ----------
    seed : int
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """What is drawn together."""
        return self._sampler(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw it."""
        return self._sampler(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw a value alone."""
        sampler = self._sampler(study, trial, param_name)
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def _sampler(
        self, study: optuna.Study, trial: FrozenTrial, name: str = ""
    ) -> optuna.samplers.TPESampler:
        place = place_of(trial.number, study.get_trials(deepcopy=False))
        entropy = np.random.SeedSequence([self._seed, place, *name.encode()])
        return optuna.samplers.TPESampler(seed=int(entropy.generate_state(1)[0]))

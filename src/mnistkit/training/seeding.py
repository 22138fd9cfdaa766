"""Everything random in an epoch is a function of seed and epoch, and of nothing else.

Keras' own shuffling repeats the same order in every epoch once ``keras.utils.set_random_seed`` has
been called, and cannot be continued after an interruption.
"""

from __future__ import annotations

import random
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import RecipeError
from mnistkit.models.building import seed_global_generator

if TYPE_CHECKING:
    import keras


def checked_seed(seed: Any) -> int:
    """A seed as Python's own number.

    Raises
    ------
    RecipeError
        If it is none.
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise RecipeError(f"seed={seed!r}: expected a whole number of at least 0.")
    return int(seed)


def epoch_permutation(seed: int, epoch: int, count: int) -> NDArray[np.int32]:
    """The order in which the examples are seen: a permutation of ``range(count)``."""
    permutation: NDArray[np.int64] = np.random.default_rng([seed, epoch]).permutation(count)
    return permutation.astype(np.int32)


def epoch_key(seed: int, epoch: int) -> int:
    """What augmentation draws from, besides the number of the step."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1).view(np.int32)[0])


def fit_seed(seed: int, epoch: int) -> int:
    """What a fit that begins with that epoch seeds the process's generators with."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])


def seed_epoch(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the states of random layers, and of what draws from the process's generators.

    TensorFlow's generators are left alone: their operations keep the seed of the fit, so that to
    seed them anew would be to repeat the epoch before.
    """
    own = fit_seed(seed, epoch)
    random.seed(own)
    np.random.seed(own)  # noqa: NPY002  (a step of one's own may use the old generator)
    seed_global_generator(own)
    seed_layers(model, seed, epoch)


def seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the state of every random layer, such as dropout."""
    generators = (v for v in model.non_trainable_variables if _is_seed_state(v))
    for number, variable in enumerate(generators):
        state = np.random.SeedSequence([seed, epoch, number]).generate_state(2)
        variable.assign(state.reshape(variable.shape).astype(variable.dtype))


def _is_seed_state(variable: Any) -> bool:
    """Whether a variable is the state of one of Keras' random generators."""
    return str(variable.name) == "seed_generator_state"

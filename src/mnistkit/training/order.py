"""In which order images are seen: a function of seed and epoch, and of nothing else.

Keras' own shuffling repeats the same order in every epoch once ``keras.utils.set_random_seed`` has
been called, and cannot be continued after an interruption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


def epoch_order(seed: int, epoch: int, count: int) -> NDArray[np.int32]:
    """A permutation of ``range(count)`` for one epoch."""
    order: NDArray[np.int64] = np.random.default_rng([seed, epoch]).permutation(count)
    return order.astype(np.int32)


def seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Set the state of every random layer, as of dropout, to a function of seed and epoch."""
    generators = (v for v in model.non_trainable_variables if is_seed_state(v))
    for number, variable in enumerate(generators):
        state = np.random.SeedSequence([seed, epoch, number]).generate_state(2)
        variable.assign(state.reshape(variable.shape).astype(variable.dtype))


def is_seed_state(variable: Any) -> bool:
    """Whether a variable is the state of one of Keras' random generators."""
    return str(variable.name) == "seed_generator_state"

"""The numbers of a recipe as variables of the compiled program: others need no other program.

Keras puts a learning rate, a weight decay and so on into a program as constants, so that each would
be compiled anew. While a step is traced they are replaced by what variables hold; the objects of
Keras are as they were before and afterwards, with plain numbers in them.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

_OF_SCHEDULE = ("initial_learning_rate", "decay_steps", "alpha", "warmup_target", "warmup_steps")


@dataclass(frozen=True)
class _Number:
    """An attribute that is a number, and the variable that stands for it."""

    owner: Any
    name: str
    variable: keras.Variable


_numbers: weakref.WeakKeyDictionary[keras.Model, list[_Number]] = weakref.WeakKeyDictionary()


def note_numbers(model: keras.Model) -> tuple[str, ...]:
    """Have variables for the numbers that a model is compiled with by its recipe, as they are now.

    Returns
    -------
    tuple of str
        Which numbers there are: a program for others does not suit it.
    """
    import keras

    known = {(id(one.owner), one.name): one for one in _numbers.get(model, ())}
    _numbers[model] = []
    for owner, name, value in _found(model):
        one = known.get((id(owner), name))
        if one is None:
            variable = keras.Variable(value, trainable=False, autocast=False)
            one = _Number(owner, name, variable)
        one.variable.assign(value)
        _numbers[model].append(one)
    return tuple(f"{type(one.owner).__name__}.{one.name}" for one in _numbers[model])


def number_variables(model: keras.Model) -> list[keras.Variable]:
    """The variables that a model's program reads its recipe's numbers from."""
    return [one.variable for one in _numbers.get(model, ())]


@contextlib.contextmanager
def read_from_variables(model: keras.Model) -> Iterator[None]:
    """While a step is traced, let the recipe's numbers be what the variables hold."""
    before = [(one, vars(one.owner)[one.name]) for one in _numbers.get(model, ())]
    try:
        for one, _ in before:
            vars(one.owner)[one.name] = one.variable.value.read_value()
        yield
    finally:
        for one, value in before:
            vars(one.owner)[one.name] = value


def without_numbers(model: keras.Model) -> dict[str, Any]:
    """The configuration of a model's optimizer, with nothing in the place of these numbers."""
    numbers = _numbers.get(model, ())
    kept = [(one, vars(one.owner)[one.name]) for one in numbers]
    try:
        for one, _ in kept:
            vars(one.owner)[one.name] = None
        optimizer: Any = model.optimizer
        configuration: dict[str, Any] = optimizer.get_config()
    finally:
        for one, value in kept:
            vars(one.owner)[one.name] = value
    if isinstance(configuration.get("learning_rate"), float):  # Keras has a variable for it
        configuration["learning_rate"] = None
    return configuration


def _found(model: keras.Model) -> Iterator[tuple[Any, str, float]]:
    """Who has a number, what it is called there, and the number."""
    from keras.optimizers.schedules import CosineDecay

    from mnistkit.training.losses import SmoothedCrossentropy

    optimizer: Any = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    schedule = getattr(optimizer, "_learning_rate", None)
    owners: list[tuple[Any, tuple[str, ...]]] = []
    if type(schedule) is CosineDecay:
        owners.append((schedule, _OF_SCHEDULE))
    owners.append((optimizer, ("weight_decay", *(("ema_momentum",) if optimizer.use_ema else ()))))
    if type(model.loss) is SmoothedCrossentropy:
        owners.append((model.loss, ("smoothing",)))
    for owner, names in owners:
        for name in names:
            value = vars(owner).get(name)
            if value is not None and not isinstance(value, bool):
                yield owner, name, float(value)

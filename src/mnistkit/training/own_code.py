"""What a model does by code of its own in place of Keras'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.errors import ModelError

if TYPE_CHECKING:
    import keras

_METHODS = ("train_step", "test_step", "compute_loss", "compute_metrics")


def own_methods(model: keras.Model) -> list[str]:
    """The methods for a step of training that the model's class has rewritten."""
    import keras

    return [
        name for name in _METHODS if getattr(type(model), name) is not getattr(keras.Model, name)
    ]


def computes_own_loss(model: keras.Model) -> bool:
    """Whether the loss comes from the model's own code, from whatever that likes."""
    return not {"train_step", "compute_loss"}.isdisjoint(own_methods(model))


def refuse_compiled_engine(model: keras.Model, engine: str) -> None:
    """Refuse to loop over steps that only Keras' own `fit` calls as they are meant.

    Raises
    ------
    ModelError
        If the model has such steps; what they return is noted by Keras' own `fit` alone.
    """
    if own := own_methods(model):
        raise ModelError(
            f"The model {model.name!r} has a {' and a '.join(own)} of its own. engine={engine!r} "
            "loops over Keras' own steps, and would not see what these return. Use engine='keras' "
            "or 'auto'."
        )

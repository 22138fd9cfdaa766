"""What a model does by code of its own in place of Keras'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.errors import ModelError
from mnistkit.training.outputs import Outputs, describe_outputs, outputs_of

if TYPE_CHECKING:
    import keras

_METHODS = ("train_step", "test_step", "compute_loss", "compute_metrics")


def own_methods(model: keras.Model) -> list[str]:
    """The methods for a step of training that the model's class has rewritten."""
    import keras

    return [
        name for name in _METHODS if getattr(type(model), name) is not getattr(keras.Model, name)
    ]


def is_usual(model: keras.Model) -> bool:
    """Whether a model tells classes apart, and is trained by Keras' own steps."""
    return not own_methods(model) and outputs_of(model) is not Outputs.OTHER


def computes_own_loss(model: keras.Model) -> bool:
    """Whether the loss comes from the model's own code, from whatever that likes."""
    return not {"train_step", "compute_loss"}.isdisjoint(own_methods(model))


def refuse_compiled_engine(model: keras.Model, engine: str) -> None:
    """Refuse to loop over steps that only Keras' own `fit` calls as they are meant.

    Raises
    ------
    ModelError
        If the model has steps of its own, of which Keras alone notes what they return, or returns
        something else than classes.
    """
    description = describe_outputs(model)
    if own := own_methods(model):
        reason = f"has a {' and a '.join(own)} of its own"
    elif description.outputs is Outputs.OTHER:
        reason = f"returns {description.found}"
    else:
        return
    raise ModelError(
        f"The model {model.name!r} {reason}. engine={engine!r} loops over Keras' own steps for "
        "classes, and would not see what others return. Use engine='keras' or 'auto'."
    )

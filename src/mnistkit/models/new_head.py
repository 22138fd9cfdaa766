"""A new head on trained weights: everything of a trained model but what tells the classes apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnistkit.errors import WeightsError

if TYPE_CHECKING:
    import keras


def take_body(model: keras.Model, trained: keras.Model) -> None:
    """Give a model the weights of one that was trained for another number of classes.

    The head is the layers in which a shape depends on the number of classes: they keep the weights
    that they have. All others get those of the trained model, bit by bit.

    Parameters
    ----------
    model, trained : keras.Model
        Built by one function with the same options, but for the number of classes.

    Raises
    ------
    WeightsError
        If the models differ in more than that, or there is nothing but the head.
    """
    mine, theirs = model.weights, trained.weights
    if len(mine) != len(theirs):
        raise WeightsError(
            f"The model {model.name!r} has {len(mine)} arrays of weights, but {len(theirs)} for as "
            "many classes as the weights are for: more than its head depends on the number of "
            "classes. Build it for theirs, and put a head on it yourself."
        )
    pairs = list(zip(mine, theirs, strict=True))
    head = {_layer(one) for one, other in pairs if one.shape != other.shape}
    body = [(one, other) for one, other in pairs if _layer(one) not in head]
    if not body:
        raise WeightsError(
            f"Every layer of the model {model.name!r} depends on the number of classes, so nothing "
            "of the trained weights could be kept. Train it from the beginning."
        )
    for variable, trained_variable in body:
        variable.assign(trained_variable)


def _layer(variable: keras.Variable) -> str:
    """The layer that a variable belongs to, as its path says it."""
    path: str = variable.path
    return path.rpartition("/")[0]

"""Trained weights that come with the package, each with a card that says what they are.

Both lie in ``mnistkit/models/weights``: ``cnn-mnist.npz`` are plain numbers, ``cnn-mnist.json`` is
the card. ``benchmarks/ship_weights.py`` makes them from a finished run.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from mnistkit.errors import UnknownNameError, WeightsError, WrongTypeError
from mnistkit.files.json_file import parse_json
from mnistkit.models.card import ModelCard
from mnistkit.models.weights_file import TrainedWeights

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_FOLDER = resources.files("mnistkit.models") / "weights"


def list_weights(model: str) -> list[str]:
    """The names of the weights that come with the package for a model; perhaps none.

    Parameters
    ----------
    model : str

    Raises
    ------
    WrongTypeError
        If it is not a str.

    Examples
    --------
    >>> list_weights("dense128")
    ['mnist']
    """
    if not isinstance(model, str):
        raise WrongTypeError(f"Weights are listed by the name of a model, a str, not {model!r}.")
    prefix, suffix = f"{model}-", ".json"
    names = (file.name for file in _FOLDER.iterdir())
    return sorted(
        name[len(prefix) : -len(suffix)]
        for name in names
        if name.startswith(prefix) and name.endswith(suffix)
    )


def model_card(model: str, name: str) -> ModelCard:
    """What the package says of trained weights.

    Parameters
    ----------
    model, name : str

    Raises
    ------
    UnknownNameError
        If there are no such weights.
    WeightsError
        If the file that says it is damaged.

    Examples
    --------
    >>> model_card("dense128", "mnist").parameters
    101770
    """
    known = list_weights(model)
    if name not in known:
        raise UnknownNameError(
            f"There are no weights {name!r} for the model {model!r}; "
            + (f"there are {', '.join(map(repr, known))}." if known else "there are none at all. ")
            + ("" if known else "Train it: mnistkit.Trainer(...).fit(...).")
        )
    file = _FOLDER / f"{model}-{name}.json"
    try:
        return ModelCard.from_dict(parse_json(file.read_bytes()))
    except (OSError, ValueError) as error:  # WeightsError and RecipeError are ValueErrors, too
        raise WeightsError(
            f"The file {file.name!r} of the package is damaged: {error} Install mnistkit again."
        ) from error


def onnx_file(model: str, name: str) -> Traversable:
    """The file that has trained weights as an ONNX network, from images to logits."""
    return _FOLDER / f"{model}-{name}.onnx"


def pretrained_weights(model: str, name: str) -> TrainedWeights:
    """The weights of that name, not checked yet.

    Raises
    ------
    UnknownNameError
        If there are no such weights.
    WeightsError
        If there is no file of them.
    """
    card = model_card(model, name)
    file = _FOLDER / f"{model}-{name}.npz"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The file {file.name!r} of the package cannot be read ({error.strerror}). Install "
            "mnistkit again."
        ) from error
    return TrainedWeights(content, card.sha256, f"the file {file.name!r}", dict(card.options))

"""Trained weights that come with packages, each with a card that says what they are.

A package offers the weights of a model as a folder, through an entry point of the group
``mnistkit.weights`` that has the model's name; mnistkit does so for its own. Of the weights
``mnist`` three files lie in it: ``mnist.npz`` has plain numbers, ``mnist.onnx`` the same network
for a program without TensorFlow, and ``mnist.json`` is the card. Nothing is imported to find or to
read them, and nothing in them is code.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from mnistkit.errors import AmbiguousNameError, UnknownNameError, WeightsError, WrongTypeError
from mnistkit.files.json_file import parse_json
from mnistkit.files.reading import read_bytes
from mnistkit.installed import folder_of, offers
from mnistkit.models.card import ModelCard
from mnistkit.models.weights_file import TrainedWeights

GROUP = "mnistkit.weights"
CARD, NUMBERS, NETWORK = ".json", ".npz", ".onnx"
_MOST_BYTES = {CARD: 1 << 20, NUMBERS: 4 << 30, NETWORK: 2 << 30}


@dataclass(frozen=True)
class _Folder:
    """The folder in which a package offers weights of one model."""

    path: Path
    distribution: str
    is_own: bool

    def names(self) -> list[str]:
        try:
            return [file.stem for file in self.path.iterdir() if file.suffix == CARD]
        except OSError:  # a package that was removed by half
            return []

    def read(self, name: str, suffix: str) -> bytes:
        file = self.path / f"{name}{suffix}"
        try:
            return read_bytes(file, most_bytes=_MOST_BYTES[suffix])
        except OSError as error:
            raise WeightsError(
                f"The file {file.name!r} of {self.distribution} cannot be read "
                f"({error.strerror or error}). {self.advice}"
            ) from error

    @property
    def advice(self) -> str:
        return f"Install {self.distribution.partition(' ')[0]} again."


def list_weights(model: str) -> list[str]:
    """The names of the trained weights that installed packages offer for a model; perhaps none.

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
    return sorted({name for folder in _folders(model) for name in folder.names()})


def model_card(model: str, name: str) -> ModelCard:
    """What a package says of trained weights.

    Parameters
    ----------
    model, name : str

    Raises
    ------
    UnknownNameError
        If there are no such weights.
    AmbiguousNameError
        If two packages offer weights of that name for this model.
    WeightsError
        If the file that says it is damaged.

    Examples
    --------
    >>> model_card("dense128", "mnist").parameters
    101770
    """
    return _card(_folder(model, name), model, name)


def pretrained_onnx(model: str, name: str) -> bytes:
    """The content of the file with the ONNX network of trained weights.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        As `model_card` does.
    WeightsError
        If a file is damaged, or not there.
    """
    folder = _folder(model, name)
    card, content = _card(folder, model, name), folder.read(name, NETWORK)
    if hashlib.sha256(content).hexdigest() != card.onnx_sha256:
        raise WeightsError(
            f"The file '{name}{NETWORK}' of {folder.distribution} is damaged: its checksum is not "
            f"the one in its card. {folder.advice}"
        )
    return content


def pretrained_weights(model: str, name: str) -> TrainedWeights:
    """The weights of that name, not checked yet.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        As `model_card` does.
    WeightsError
        If the card is damaged, or there is no file of them.
    """
    folder = _folder(model, name)
    card, content = _card(folder, model, name), folder.read(name, NUMBERS)
    source = f"the file '{name}{NUMBERS}' of {folder.distribution}"
    return TrainedWeights(
        content, card.sha256, source, dict(card.options), temperature=card.temperature
    )


def _folders(model: str) -> list[_Folder]:
    """Where packages offer weights of that model."""
    found = []
    for offer in offers(GROUP):
        path = folder_of(offer.target) if offer.name == model else None
        if path is not None:
            found.append(_Folder(path, f"{offer.distribution} {offer.version}", offer.is_own))
    return found


def _folder(model: str, name: str) -> _Folder:
    """The folder that has these weights: mnistkit's own if it has them."""
    folders = [folder for folder in _folders(model) if name in folder.names()]
    if not folders:
        known = list_weights(model)
        raise UnknownNameError(
            f"There are no weights {name!r} for the model {model!r}; "
            + (f"there are {', '.join(map(repr, known))}." if known else "there are none at all. ")
            + ("" if known else "Train it: mnistkit.Trainer(...).fit(...).")
        )
    own = [folder for folder in folders if folder.is_own]
    if own or len(folders) == 1:
        return (own or folders)[0]
    offered = ", ".join(folder.distribution for folder in folders)
    raise AmbiguousNameError(
        f"Several installed packages offer weights {name!r} for the model {model!r}: {offered}. "
        "Uninstall all but one."
    )


def _card(folder: _Folder, model: str, name: str) -> ModelCard:
    file = f"{name}{CARD}"
    try:
        card = ModelCard.from_dict(parse_json(folder.read(name, CARD)))
    except ValueError as error:  # WeightsError and RecipeError are ValueErrors, too
        raise WeightsError(
            f"The file {file!r} of {folder.distribution} is damaged: {error} {folder.advice}"
        ) from error
    if (card.model, card.name) != (model, name):
        raise WeightsError(
            f"The file {file!r} of {folder.distribution}, which offers weights of {model!r}, is "
            f"about the weights {card.name!r} of {card.model!r}. Tell its authors, or "
            f"{folder.advice[0].lower()}{folder.advice[1:]} If it is your package, make them again "
            "with 'mnistkit weights'."
        )
    return card

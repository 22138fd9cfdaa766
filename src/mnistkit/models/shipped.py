"""Trained weights that come with the package, each with a card that says what they are.

Both lie in ``mnistkit/models/weights``: ``cnn-mnist.npz`` are plain numbers, ``cnn-mnist.json`` is
the card. ``benchmarks/ship_weights.py`` makes them from a finished run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from mnistkit.errors import UnknownNameError, WeightsError
from mnistkit.models.weights_file import set_weights

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import keras

_FOLDER = resources.files("mnistkit.models") / "weights"


@dataclass(frozen=True, kw_only=True)
class MeasuredOn:
    """How good weights are on one set of test images, none of which they were trained on.

    Attributes
    ----------
    data : str
        The data set, and which part of it.
    num_images : int
    accuracy : float
        From 0 to 1.
    accuracy_interval : tuple of float
        Wilson's 95% interval, for the chance in the choice of the images.
    loss : float
        Mean negative log-likelihood of the right class, in nats.
    calibration_error : float
        The expected calibration error in 15 bins, from 0 to 1.
    """

    data: str
    num_images: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    loss: float
    calibration_error: float

    def __str__(self) -> str:
        low, high = self.accuracy_interval
        return (
            f"{self.data}: {self.accuracy:.2%} of {self.num_images:,} correct (95% interval "
            f"{100 * low:.2f} to {100 * high:.2f}), loss {self.loss:.4f}, "
            f"calibration error {self.calibration_error:.4f}"
        )


@dataclass(frozen=True, kw_only=True)
class WeightsCard:
    """What trained weights are, how they came about, and how good they are.

    Attributes
    ----------
    model : str
        The model that they belong to.
    name : str
        What ``create_model(..., weights=name)`` takes.
    options : mapping
        The model's options that they need.
    sha256 : str
        The hash of the file.
    size : int
        Bytes of the file.
    runtime_sha256 : str
        The hash of the same network as ONNX, which `recognize` runs without TensorFlow.
    temperature : float
        What `recognize` divides the logits by, so that probabilities are as often right as they
        say; fitted on images by writers that the same recipe was not trained on.
    parameters : int
    multiply_adds : int
        Of one image read, in dense layers and convolutions.
    trained_on : mapping
        Name, number of images, and hash of the training data.
    recipe : mapping
        The settings of the `Recipe`.
    seed : int
    command : str
        What trains them again.
    versions : mapping
        Of what they were trained with.
    fit_seconds : float
        On the machine that is named in `machine`.
    machine : str
    measured_on : tuple of MeasuredOn
    licence : str
        What holds for the weights, given the licence of the data.
    """

    model: str
    name: str
    options: Mapping[str, Any]
    sha256: str
    size: int
    runtime_sha256: str
    temperature: float
    parameters: int
    multiply_adds: int
    trained_on: Mapping[str, Any]
    recipe: Mapping[str, Any]
    seed: int
    command: str
    versions: Mapping[str, str]
    fit_seconds: float
    machine: str
    measured_on: tuple[MeasuredOn, ...]
    licence: str

    def __str__(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        data = self.trained_on
        cost = f"{self.parameters:,} parameters, {self.multiply_adds:,} multiply-adds an image"
        digest = f"sha256 {data['sha256'][:12]}..."
        lines = [
            f"create_model({self.model!r}, weights={self.name!r})",
            f"  trained on   {data['name']}, {data['num_images']:,} images, {digest}",
            f"  by           {self.command}",
            f"  took         {self.fit_seconds:,.0f} s on {self.machine}",
            f"  with         {versions}",
            f"  options      {options}",
            f"  cost         {cost}, {self.size / 1e6:.2f} MB",
            "  measured on",
            *(f"    {row}" for row in self.measured_on),
            f"  licence      {self.licence}",
        ]
        return "\n".join(lines)


def list_weights(model: str) -> list[str]:
    """The names of the weights that come with the package for a model; perhaps none.

    Parameters
    ----------
    model : str

    Examples
    --------
    >>> list_weights("dense128")
    ['mnist']
    """
    prefix, suffix = f"{model}-", ".json"
    names = (file.name for file in _FOLDER.iterdir())
    return sorted(
        name[len(prefix) : -len(suffix)]
        for name in names
        if name.startswith(prefix) and name.endswith(suffix)
    )


def weights_card(model: str, name: str) -> WeightsCard:
    """What the package says of trained weights.

    Parameters
    ----------
    model, name : str

    Raises
    ------
    UnknownNameError
        If there are no such weights.

    Examples
    --------
    >>> weights_card("dense128", "mnist").parameters
    101770
    """
    known = list_weights(model)
    if name not in known:
        raise UnknownNameError(
            f"There are no weights {name!r} for the model {model!r}; "
            + (f"there are {', '.join(map(repr, known))}." if known else "there are none at all. ")
            + ("" if known else "Train it: mnistkit.Trainer(...).fit(...).")
        )
    text = (_FOLDER / f"{model}-{name}.json").read_text(encoding="utf-8")
    content = json.loads(text)
    measured = tuple(
        MeasuredOn(**{**row, "accuracy_interval": tuple(row["accuracy_interval"])})
        for row in content.pop("measured_on")
    )
    return WeightsCard(**content, measured_on=measured)


def runtime_file(model: str, name: str) -> Traversable:
    """The file that has trained weights as an ONNX network, from images to logits."""
    return _FOLDER / f"{model}-{name}.onnx"


def own_options(model: str, name: str) -> dict[str, Any]:
    """The options that weights need, but for the shape of the images."""
    options = weights_card(model, name).options
    return {key: options[key] for key in options if key != "input_shape"}


def give_shipped_weights(model: keras.Model, model_name: str, name: str) -> None:
    """Give a model the weights of that name.

    Raises
    ------
    UnknownNameError
        If there are no such weights.
    WeightsError
        If they do not fit the model, or the file is damaged.
    """
    card = weights_card(model_name, name)
    file = _FOLDER / f"{model_name}-{name}.npz"
    try:
        set_weights(model, file.read_bytes(), sha256=card.sha256, source=f"the file {file.name!r}")
    except WeightsError as error:
        error.add_note(f"The weights {name!r} are for these options: {dict(card.options)!r}.")
        raise

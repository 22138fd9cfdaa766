"""The card of trained weights: what they are, how they came about, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mnistkit.errors import WeightsError
from mnistkit.models.recipe import Recipe
from mnistkit.models.settings import (
    Conversion,
    Settings,
    count,
    number,
    plain_values,
    positive,
    text,
)

_TEXT, _COUNT, _NUMBER = "a text", "a whole number of at least 0", "a number"


def _interval(value: Any) -> tuple[float, float] | None:
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    low, high = map(number, value)
    return None if low is None or high is None else (low, high)


def _texts(value: Any) -> dict[str, str] | None:
    values = plain_values(value)
    return values if values and all(isinstance(one, str) for one in values.values()) else None


def _training_data(value: Any) -> dict[str, Any] | None:
    data = plain_values(value)
    if data is None or count(data.get("num_images")) is None:
        return None
    return data if text(data.get("name")) and text(data.get("sha256")) else None


def _settings(value: Any) -> dict[str, Any]:
    return Recipe.from_dict(value).to_dict()


def _measurements(value: Any) -> tuple[Measurement, ...] | None:
    if not isinstance(value, list | tuple):
        return None
    return tuple(
        one if isinstance(one, Measurement) else Measurement.from_dict(one) for one in value
    )


@dataclass(frozen=True, kw_only=True, repr=False)
class Measurement(Settings):
    """How good weights are on one set of test images, none of which they were trained on.

    Attributes
    ----------
    data : str
        The data set, and which part of it.
    num_images : int
    accuracy : float
        From 0 to 1.
    accuracy_interval : tuple of float
        The 95% interval, for the chance in the choice of the images, and of their writers where
        these are known.
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

    _kind = "A measurement"
    _error = WeightsError
    _conversions: ClassVar[Mapping[str, Conversion]] = {
        "data": (text, _TEXT),
        "num_images": (count, _COUNT),
        "accuracy": (number, _NUMBER),
        "accuracy_interval": (_interval, "two numbers"),
        "loss": (number, _NUMBER),
        "calibration_error": (number, _NUMBER),
    }

    def __str__(self) -> str:
        low, high = self.accuracy_interval
        return (
            f"{self.data}: {self.accuracy:.2%} of {self.num_images:,} correct (95% interval "
            f"{100 * low:.2f} to {100 * high:.2f}), loss {self.loss:.4f}, "
            f"calibration error {self.calibration_error:.4f}"
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ModelCard(Settings):
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
    onnx_sha256 : str
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
    measurements : tuple of Measurement
    licence : str
        What holds for the weights, given the licence of the data.
    """

    model: str
    name: str
    options: Mapping[str, Any]
    sha256: str
    size: int
    onnx_sha256: str
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
    measurements: tuple[Measurement, ...]
    licence: str

    _kind = "A model card"
    _error = WeightsError
    _conversions: ClassVar[Mapping[str, Conversion]] = {
        **dict.fromkeys(
            ("model", "name", "sha256", "onnx_sha256", "command", "machine", "licence"),
            (text, _TEXT),
        ),
        **dict.fromkeys(("size", "parameters", "multiply_adds", "seed"), (count, _COUNT)),
        "temperature": (positive, "a number above 0"),
        "fit_seconds": (number, _NUMBER),
        "options": (plain_values, "plain values by name"),
        "trained_on": (_training_data, "a name, a number of images and a sha256, among others"),
        "recipe": (_settings, "the settings of a recipe"),
        "versions": (_texts, "texts by name"),
        "measurements": (_measurements, "a list of measurements"),
    }

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
            *(f"    {row}" for row in self.measurements),
            f"  licence      {self.licence}",
        ]
        return "\n".join(lines)

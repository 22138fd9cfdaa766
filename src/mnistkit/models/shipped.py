"""Trained weights that come with the package, each with a card that says what they are.

Both lie in ``mnistkit/models/weights``: ``cnn-mnist.npz`` are plain numbers, ``cnn-mnist.json`` is
the card. ``benchmarks/ship_weights.py`` makes them from a finished run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from mnistkit.errors import UnknownNameError, WeightsError
from mnistkit.files.json_file import parse_json
from mnistkit.messages import shown
from mnistkit.models.recipe import Recipe
from mnistkit.models.settings import number, plain, whole_number
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
    WeightsError
        If the file that says it is damaged.

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
    file = _FOLDER / f"{model}-{name}.json"
    try:
        return _card(parse_json(file.read_bytes()))
    except (OSError, ValueError) as error:  # a RecipeError is a ValueError too
        raise WeightsError(
            f"The file {file.name!r} of the package is damaged: {error}. Install mnistkit again."
        ) from error


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
        content = file.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"The file {file.name!r} of the package cannot be read ({error.strerror}). Install "
            "mnistkit again."
        ) from error
    try:
        set_weights(
            model, content, sha256=card.sha256, any_precision=True, source=f"the file {file.name!r}"
        )
    except WeightsError as error:
        error.add_note(f"The weights {name!r} are for these options: {dict(card.options)!r}.")
        raise


def _card(content: Any) -> WeightsCard:
    """A card from what a file holds; whatever it lacks or has besides is a ValueError."""
    return WeightsCard(**_fields(content, "the card", _OF_A_CARD))


def _fields(content: Any, what: str, kinds: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """The fields of an object in JSON, each by a function that returns None for what is wrong."""
    if not isinstance(content, dict):
        raise ValueError(f"{what} is {shown(content)}, expected fields with names")  # noqa: TRY004  (of a file)
    different = sorted(content.keys() ^ kinds.keys())
    if different:
        has = "has an unknown field" if different[0] in content else "lacks the field"
        raise ValueError(f"{what} {has} {shown(different[0])}")
    fields = {}
    for name, convert in kinds.items():
        fields[name] = convert(content[name])
        if fields[name] is None:
            raise ValueError(f"{name} in {what} is {shown(content[name])}")
    return fields


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: Any) -> int | None:
    count = whole_number(value)
    return count if count is not None and count >= 0 else None


def _above_0(value: Any) -> float | None:
    converted = number(value)
    return converted if converted is not None and converted > 0 else None


def _plain_values(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    try:
        return {name: plain(one) for name, one in value.items()}
    except TypeError:
        return None


def _texts(value: Any) -> dict[str, str] | None:
    is_right = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return value if is_right else None


def _training_data(value: Any) -> dict[str, Any] | None:
    data = _plain_values(value)
    if data is None or _count(data.get("num_images")) is None:
        return None
    return data if all(isinstance(data.get(name), str) for name in ("name", "sha256")) else None


def _settings(value: Any) -> dict[str, Any]:
    Recipe.from_dict(value)
    return dict(value)


def _interval(value: Any) -> tuple[float, float] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    low, high = map(number, value)
    return None if low is None or high is None else (low, high)


def _measurements(value: Any) -> tuple[MeasuredOn, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(MeasuredOn(**_fields(row, "measured_on", _OF_A_MEASUREMENT)) for row in value)


_OF_A_MEASUREMENT: dict[str, Callable[[Any], Any]] = {
    "data": _text,
    "num_images": _count,
    "accuracy": number,
    "accuracy_interval": _interval,
    "loss": number,
    "calibration_error": number,
}
_OF_A_CARD: dict[str, Callable[[Any], Any]] = {
    "model": _text,
    "name": _text,
    "options": _plain_values,
    "sha256": _text,
    "size": _count,
    "runtime_sha256": _text,
    "temperature": _above_0,
    "parameters": _count,
    "multiply_adds": _count,
    "trained_on": _training_data,
    "recipe": _settings,
    "seed": _count,
    "command": _text,
    "versions": _texts,
    "fit_seconds": number,
    "machine": _text,
    "measured_on": _measurements,
    "licence": _text,
}

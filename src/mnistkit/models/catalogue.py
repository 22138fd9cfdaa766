"""Models by name."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import UnknownNameError, WrongTypeError
from mnistkit.messages import shown
from mnistkit.models.building import (
    ModelBuilder,
    build_model,
    checked_shape,
    fitting_options,
    plain_option,
    whole_option,
)
from mnistkit.models.keras_settings import require_keras
from mnistkit.models.new_head import take_body
from mnistkit.models.pretrained import list_weights, pretrained_weights
from mnistkit.models.recipe import recipes_of
from mnistkit.models.run_weights import run_weights
from mnistkit.models.spec import builder_of, make_spec, note_builder, note_spec, spec_of
from mnistkit.models.temperature import note_temperature
from mnistkit.models.weights_file import TrainedWeights
from mnistkit.registry import Registry

if TYPE_CHECKING:
    import keras

MODELS: Registry[ModelBuilder] = Registry(
    kind="model",
    group="mnistkit.models",
    how_to_add='@mnistkit.register_model("mine") above a function that returns a keras.Model',
)
"""The registry of models."""


def create_model(
    model: str | ModelBuilder,
    *,
    num_classes: int | None = None,
    input_shape: int | Sequence[int] | None = None,
    seed: int = 0,
    weights: str | os.PathLike[str] | None = None,
    **options: Any,
) -> keras.Model:
    """Build a model.

    Parameters
    ----------
    model : str or function
        One of `list_models`, ``"module:function"``, or the function itself.
    num_classes : int, optional
        By default 10, or what the weights are for.
    input_shape : sequence of int, or int, optional
        The shape of one image: (height, width) or (height, width, channels); a single number is
        the side of a square. By default (28, 28), or what the weights are for.
    seed : int, default 0
        Fixes the initial weights; the random state of the process is left as it was.
    weights : str or path-like, optional
        Trained weights: a name of those that a package offers, for instance ``"mnist"``, see
        `list_weights` and `model_card`; or the folder of a finished run. They bring the options of
        their model along. With another `num_classes` the model gets a new head: the layers whose
        shapes depend on the number of classes are not trained, all others are. By default nothing
        is trained.
    **options
        What the model's own function takes besides.

    Returns
    -------
    keras.Model
        Built, not compiled: float32 ``(n, *input_shape)`` in [0, 1] to probabilities
        (n, num_classes).

    Raises
    ------
    UnknownNameError, AmbiguousNameError, PluginError
        If the name leads nowhere, or there are no such weights.
    OptionError
        If an option is not one of the model's, or a number of classes, a side or a seed is no
        whole number.
    ModelError
        If what the model's function returns is not such a model, or Keras is set to another
        backend than TensorFlow.
    WeightsError
        If the weights are for another architecture, for other options, or damaged.
    RunFolderError
        If the folder holds no finished run.

    Examples
    --------
    >>> import mnistkit
    >>> model = mnistkit.create_model("dense128", num_classes=4)
    >>> model.output_shape, model.count_params()
    ((None, 4), 100996)
    >>> trained = mnistkit.create_model("cnn", weights="mnist")
    >>> new_head = mnistkit.create_model("cnn", weights="mnist", num_classes=26)
    """
    require_keras()
    builder = _builder(model)
    name = MODELS.name_of(builder) if callable(model) else model
    trained = None if weights is None else _trained_weights(name, weights)
    every_option = {
        "num_classes": 10,
        "input_shape": (28, 28),
        **(fitting_options(builder, trained.options, trained.defaults) if trained else {}),
    }
    if num_classes is not None:
        every_option["num_classes"] = whole_option(num_classes, "num_classes", least=1)
    if input_shape is not None:
        every_option["input_shape"] = input_shape
    every_option["input_shape"] = checked_shape(every_option["input_shape"])
    every_option |= {option: plain_option(value) for option, value in options.items()}
    seed = whole_option(seed, "seed")
    origin = None if trained is None else _origin(name, weights, trained)
    built = _build(name, _provider(name), builder, every_option, seed, origin)
    if trained is None:
        return built
    classes = trained.options.get("num_classes", every_option["num_classes"])
    if classes == every_option["num_classes"]:
        trained.give_to(built)
        note_temperature(built, trained.temperature)
    else:
        with_their_head = build_model(name, builder, {**every_option, "num_classes": classes}, seed)
        trained.give_to(with_their_head)
        take_body(built, with_their_head)
    return built


def rebuild_model(
    name: str,
    options: Mapping[str, Any],
    builder: ModelBuilder | str | None = None,
    *,
    defaults: Collection[str] = (),
) -> keras.Model:
    """Build a model as it was built before, from what a file says of it.

    Parameters
    ----------
    name : str
        Its name in the registry; anything may stand in a file if there is a `builder`.
    options : mapping
        Every option, `num_classes` and `input_shape` among them.
    builder : function or str, optional
        What to call instead, on the caller's word.
    defaults : collection of str, default ()
        Those of the options that were not given; a builder that does not have them any more is
        called without.

    Raises
    ------
    UnknownNameError, AmbiguousNameError, PluginError, OptionError, ModelError
        As `create_model` does.
    """
    function = builder if callable(builder) else MODELS.get(builder or name)
    options = fitting_options(function, options, defaults)
    if not callable(builder):
        return create_model(builder or name, **options)
    return _build(name, "module:function", builder, options, seed=0)


def _build(
    name: str,
    provider: str,
    builder: ModelBuilder,
    options: Mapping[str, Any],
    seed: int,
    weights: str | None = None,
) -> keras.Model:
    """Build a model, and note how."""
    model = build_model(name, builder, options, seed)
    note_spec(model, make_spec(name, provider, builder, options, weights))
    note_builder(model, builder)
    return model


def _builder(model: str | ModelBuilder) -> ModelBuilder:
    if not callable(model):
        return MODELS.get(model)
    import keras

    if isinstance(model, keras.layers.Layer):
        raise WrongTypeError(
            f"{shown(model)} is built already; expected the name of a model, or the function that "
            "builds it."
        )
    return model


def _provider(name: str) -> str:
    return "module:function" if ":" in name else MODELS.find(name).provider


def _trained_weights(model: str, weights: Any) -> TrainedWeights:
    """Those that come with a package by their name, else those of a run."""
    if not isinstance(weights, str | os.PathLike):
        raise WrongTypeError(
            f"weights={shown(weights)}: expected the name of weights that come with a package, "
            "or the folder of a saved run."
        )
    if isinstance(weights, str) and weights in list_weights(model):
        return pretrained_weights(model, weights)
    folder = Path(weights)
    if not isinstance(weights, str) or len(folder.parts) > 1 or folder.is_dir():
        return run_weights(folder, model)
    try:
        return pretrained_weights(model, weights)
    except UnknownNameError as error:
        raise UnknownNameError(f"{error} For the weights of a run give its folder.") from None


def _origin(model: str, weights: Any, trained: TrainedWeights) -> str:
    """What tells trained weights from others, wherever their file lies."""
    return str(weights) if weights in list_weights(model) else f"sha256 {trained.sha256}"


def described_model(model: keras.Model) -> str:
    """What to call a model: its registered name, if it has one, with the options that were given.

    Examples
    --------
    >>> described_model(create_model("cnn", num_classes=26, width=4))
    "'cnn' (num_classes=26, width=4)"
    """
    builder, spec = builder_of(model), spec_of(model)
    if builder is None:
        return repr(model.name)
    if spec is None:
        name = MODELS.name_of(builder)
        return repr(model.name if ":" in name else name)
    usual = {name: one.default for name, one in inspect.signature(builder).parameters.items()}
    usual |= {"num_classes": 10, "input_shape": (28, 28)}
    options = (f"{n}={value!r}" for n, value in spec.options.items() if value != usual.get(n))
    listed = ", ".join(options)
    return repr(spec.name) + (f" ({listed})" if listed else "")


def list_models(
    pattern: str = "*", *, exclude: str | None = None, weights: bool = False
) -> list[str]:
    """The names that `create_model` takes; no plugin is imported.

    Parameters
    ----------
    pattern : str, default "*"
        Shell-style, for instance ``"dense*"``.
    exclude : str, optional
        Leave out the names that match this pattern.
    weights : bool, default False
        Only the models that a package has trained weights for.

    Raises
    ------
    WrongTypeError
        If a pattern is not a str, or `weights` not a bool.

    Examples
    --------
    >>> import mnistkit
    >>> mnistkit.list_models("dense*")
    ['dense128']
    >>> mnistkit.list_models(weights=True, exclude="dense*")
    ['cnn']
    """
    if not isinstance(weights, bool):
        raise WrongTypeError(
            f"weights={shown(weights)}: expected True or False; list_weights names the weights of "
            "a model."
        )
    left_out = set() if exclude is None else set(MODELS.names(exclude))
    return [
        name
        for name in MODELS.names(pattern)
        if name not in left_out and (not weights or list_weights(name))
    ]


def list_recipes(model: str | ModelBuilder) -> list[str]:
    """The names of a model's recipes; the first is the one that `Trainer` takes by default.

    Parameters
    ----------
    model : str or function
        A name, ``module:function``, or the function that builds it.

    Raises
    ------
    UnknownNameError, AmbiguousNameError, PluginError
        As `create_model` does.

    Examples
    --------
    >>> import mnistkit
    >>> mnistkit.list_recipes("dense128")
    ['fast', 'constant']
    """
    return list(recipes_of(model if callable(model) else MODELS.get(model)))


def register_model(name: str) -> Callable[[ModelBuilder], ModelBuilder]:
    """Give a function that builds a model a name in this process.

    A package offers its models through the entry-point group ``mnistkit.models`` instead.

    Parameters
    ----------
    name : str

    Raises
    ------
    NameTakenError
        If the name is built in, or was registered for another function.

    Examples
    --------
    >>> import keras, mnistkit
    >>> @mnistkit.register_model("linear")
    ... def linear(*, num_classes=10, input_shape=(28, 28)):
    ...     layers = [keras.layers.Flatten(), keras.layers.Dense(num_classes, "softmax")]
    ...     return keras.Sequential([keras.Input(input_shape), *layers])
    >>> mnistkit.create_model("linear").count_params()
    7850
    """
    return MODELS.register(name)


def unregister_model(name: str) -> None:
    """Forget a model that `register_model` has given a name, so that the name is free again.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownNameError
        If the name was not registered in this process.

    Examples
    --------
    >>> import mnistkit
    >>> @mnistkit.register_model("short-lived")
    ... def build(*, num_classes=10, input_shape=(28, 28)): ...
    >>> mnistkit.unregister_model("short-lived")
    >>> "short-lived" in mnistkit.list_models()
    False
    """
    MODELS.unregister(name)

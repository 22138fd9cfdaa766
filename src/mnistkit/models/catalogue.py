"""Models by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mnistkit.models.building import (
    ModelBuilder,
    build_model,
    checked_shape,
    plain_option,
    whole_option,
)
from mnistkit.models.keras_settings import refuse_other_backend
from mnistkit.models.pretrained import list_weights, load_pretrained_weights, pretrained_options
from mnistkit.models.recipe import recipes_of
from mnistkit.models.spec import ModelSpec, note_spec
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
    name: str,
    *,
    num_classes: int | None = None,
    input_shape: int | Sequence[int] = (28, 28),
    seed: int = 0,
    weights: str | None = None,
    **options: Any,
) -> keras.Model:
    """Build a model by name.

    Parameters
    ----------
    name : str
        One of `list_models`, or ``"module:function"``.
    num_classes : int, optional
        By default 10, or what the weights are for.
    input_shape : sequence of int, or int, default (28, 28)
        The shape of one image: (height, width) or (height, width, channels); a single number is
        the side of a square.
    seed : int, default 0
        Fixes the initial weights; the random state of the process is left as it was.
    weights : str, optional
        Trained weights that come with the package, for instance ``"mnist"``; see `list_weights`
        and `model_card`. They bring the model's own options along. By default the model is not
        trained.
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
        If the weights are for other options.

    Examples
    --------
    >>> import mnistkit
    >>> model = mnistkit.create_model("dense128", num_classes=4)
    >>> model.output_shape, model.count_params()
    ((None, 4), 100996)
    >>> trained = mnistkit.create_model("cnn", weights="mnist")
    """
    refuse_other_backend()
    defaults = {"num_classes": 10}
    if weights is not None:
        defaults |= pretrained_options(name, weights)
    if num_classes is not None:
        options = {"num_classes": whole_option(num_classes, "num_classes", least=1), **options}
    shape = {"input_shape": checked_shape(input_shape)}
    every_option = {**defaults, **shape, **{n: plain_option(value) for n, value in options.items()}}
    model = build_model(name, MODELS.get(name), every_option, whole_option(seed, "seed"))
    provider = "module:function" if ":" in name else MODELS.find(name).provider
    note_spec(model, ModelSpec(name, provider, every_option))
    if weights is not None:
        load_pretrained_weights(model, name, weights)
    return model


def rebuild_model(
    name: str, options: Mapping[str, Any], builder: ModelBuilder | str | None = None
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

    Raises
    ------
    UnknownNameError, AmbiguousNameError, PluginError, OptionError, ModelError
        As `create_model` does.
    """
    if not callable(builder):
        return create_model(builder or name, **options)
    model = build_model(name, builder, options, seed=0)
    note_spec(model, ModelSpec(name, "module:function", options))
    return model


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
        Only the models that the package has trained weights for.

    Raises
    ------
    WrongTypeError
        If a pattern is not a str.

    Examples
    --------
    >>> import mnistkit
    >>> mnistkit.list_models("dense*")
    ['dense128']
    >>> mnistkit.list_models(weights=True, exclude="dense*")
    ['cnn']
    """
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

"""Models by name."""

from __future__ import annotations

import contextlib
import inspect
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import ModelError, OptionError
from mnistkit.models.keras_settings import channels_last, refuse_other_backend
from mnistkit.models.origin import ModelOrigin, remember
from mnistkit.models.shipped import give_shipped_weights, own_options
from mnistkit.registry import Registry

if TYPE_CHECKING:
    import keras

ModelBuilder = Callable[..., "keras.Model"]

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
        and `weights_card`. They bring the model's own options along. By default the model is not
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
        defaults |= own_options(name, weights)
    if num_classes is not None:
        options = {"num_classes": _whole(num_classes, "num_classes", least=1), **options}
    shape = {"input_shape": _checked_shape(input_shape)}
    every_option = {**defaults, **shape, **{n: _plain(value) for n, value in options.items()}}
    model = build(name, MODELS.get(name), every_option, _whole(seed, "seed"))
    provider = "module:function" if ":" in name else MODELS.find(name).provider
    remember(model, ModelOrigin(name, provider, every_option))
    if weights is not None:
        give_shipped_weights(model, name, weights)
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
    model = build(name, builder, options, seed=0)
    remember(model, ModelOrigin(name, "module:function", options))
    return model


def build(name: str, builder: ModelBuilder, options: Mapping[str, Any], seed: int) -> keras.Model:
    """Call a builder, and check what it takes and what it returns.

    Raises
    ------
    OptionError, ModelError
        As `create_model` does.
    """
    # Importing Keras draws random numbers, sometimes more and sometimes fewer: not after seeding.
    import keras  # noqa: F401

    _refuse_unknown_options(name, builder, options)
    with seeded(seed), channels_last():
        model = builder(**options)
    _refuse_wrong_model(name, model, options)
    return model


def list_models(pattern: str = "*") -> list[str]:
    """The names that `create_model` takes; no plugin is imported.

    Parameters
    ----------
    pattern : str, default "*"
        Shell-style, for instance ``"dense*"``.

    Examples
    --------
    >>> import mnistkit
    >>> mnistkit.list_models("dense*")
    ['dense128']
    """
    return MODELS.names(pattern)


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


def _whole(value: Any, name: str, least: int | None = None) -> int:
    """A whole number of Python's, of whatever kind it was: NumPy's uint8 overflows in a product."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if is_whole and (least is None or value >= least):
        return int(value)
    expected = "a whole number" if least is None else f"a whole number of at least {least}"
    message = f"{name}={value!r}: expected {expected}."
    if name == "num_classes" and isinstance(value, np.integer):
        message += " labels.max() + 1 can overflow; write int(labels.max()) + 1."
    raise OptionError(message)


def _checked_shape(shape: Any) -> tuple[int, ...]:
    """The shape of one image; a single number is the side of a square."""
    if isinstance(shape, Integral) and not isinstance(shape, bool):
        shape = (shape, shape)
    if isinstance(shape, str | bytes) or not isinstance(shape, Iterable):
        raise OptionError(
            f"input_shape={shape!r}: expected (height, width) or (height, width, channels)."
        )
    # None is a side of any length, for models that take one.
    return tuple(None if side is None else _whole(side, "input_shape", 1) for side in shape)  # type: ignore[misc]


def _plain(value: Any) -> Any:
    """An option as Python's own number, if it is one of NumPy's, so that a file can hold it."""
    return value.item() if isinstance(value, np.generic) else value


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed what initial weights are drawn from, and put the process's state back afterwards.

    A Keras layer without a seed of its own draws one from Python's generator; a plugin may use
    NumPy's. ``keras.utils.set_random_seed`` would change both for good.
    """
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002  (a plugin's model may use the old generator)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002


def _refuse_unknown_options(name: str, builder: ModelBuilder, options: Mapping[str, Any]) -> None:
    try:
        signature = inspect.signature(builder)
        signature.bind(num_classes=10, input_shape=(28, 28))
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"The model {name!r} cannot be built: its function must take the keyword options "
            f"num_classes and input_shape, and have defaults for all others ({error})."
        ) from error
    try:
        signature.bind(**options)
    except TypeError as error:
        raise OptionError(
            f"The model {name!r} does not take these options: {error}. It takes {signature}."
        ) from None


def _refuse_wrong_model(name: str, model: keras.Model, options: Mapping[str, Any]) -> None:
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError(
            f"The model {name!r} returned {type(model).__name__}; its function must return a "
            "keras.Model."
        )
    if not model.built:
        raise ModelError(
            f"The model {name!r} is not built: it does not know its input's shape. Begin it with "
            "keras.Input(input_shape), or call model.build((None, *input_shape))."
        )
    expected = (None, options["num_classes"])
    if tuple(getattr(model, "output_shape", expected)) != expected:
        raise ModelError(
            f"The model {name!r} has outputs of shape {model.output_shape} for options {options}; "
            f"expected {expected}, one probability a class."
        )

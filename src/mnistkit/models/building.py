"""Calling a builder, and what is checked before and after."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import random
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import BuilderError, MnistKitError, ModelError, OptionError
from mnistkit.messages import said_by
from mnistkit.models.keras_settings import channels_last

if TYPE_CHECKING:
    import keras

_ALWAYS_GIVEN = ("num_classes", "input_shape")
_WITH_CHANNEL = "keras.layers.Reshape((*input_shape, 1)), since images come without a channel"
_WANTS_CHANNEL = re.compile(r"expected (min_)?ndim=4, found ndim=3")  # convolutions, and pooling
_MOST_STATES = 933_199  # of Keras' global generator

ModelBuilder = Callable[..., "keras.Model"]


def build_model(
    name: str, builder: ModelBuilder, options: Mapping[str, Any], seed: int
) -> keras.Model:
    """Call a builder, and check what it takes and what it returns.

    Raises
    ------
    OptionError, ModelError
        As `create_model` does.
    """
    # Importing Keras draws random numbers, sometimes more and sometimes fewer: not after seeding.
    import keras  # noqa: F401

    _refuse_unknown_options(name, builder, options)
    with seeded_everywhere(seed), channels_last():
        try:
            model = builder(**options)
        except MnistKitError:
            raise
        except Exception as error:
            given = [f"{n}={v!r}" for n, v in options.items() if n not in _ALWAYS_GIVEN]
            raise BuilderError(
                f"The model {name!r} cannot be built{' with ' if given else ''}{', '.join(given)}: "
                f"{building_error(builder, error, options)}."
            ) from error
    _refuse_wrong_model(name, model, options)
    return model


def building_error(builder: ModelBuilder, error: Exception, options: Mapping[str, Any]) -> str:
    """What a builder, or Keras in it, has raised: where in its file, and what to write instead."""
    code = getattr(inspect.unwrap(builder), "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if code is not None and one.filename == code.co_filename]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    lacks_channel = len(options["input_shape"]) == 2 and _WANTS_CHANNEL.search(str(error))
    remedy = f"; begin it with {_WITH_CHANNEL}" if lacks_channel else ""
    return f"{said_by(error)}{where}{remedy}"


def whole_option(value: Any, name: str, least: int | None = None) -> int:
    """A whole number of Python's, of whatever kind it was: NumPy's uint8 overflows in a product."""
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if is_whole and (least is None or value >= least):
        return int(value)
    expected = "a whole number" if least is None else f"a whole number of at least {least}"
    message = f"{name}={value!r}: expected {expected}."
    if name == "num_classes" and isinstance(value, np.integer):
        message += " labels.max() + 1 can overflow; write int(labels.max()) + 1."
    raise OptionError(message)


def checked_shape(shape: Any) -> tuple[int, ...]:
    """The shape of one image; a single number is the side of a square."""
    if isinstance(shape, Integral) and not isinstance(shape, bool):
        shape = (shape, shape)
    if isinstance(shape, str | bytes) or not isinstance(shape, Iterable):
        raise OptionError(
            f"input_shape={shape!r}: expected (height, width) or (height, width, channels)."
        )
    # None is a side of any length, for models that take one.
    return tuple(None if side is None else whole_option(side, "input_shape", 1) for side in shape)  # type: ignore[misc]


def plain_option(value: Any) -> Any:
    """An option as Python's own number, if it is one of NumPy's, so that a file can hold it."""
    return value.item() if isinstance(value, np.generic) else value


def fitting_options(
    builder: ModelBuilder, options: Mapping[str, Any], defaults: Collection[str] = ()
) -> dict[str, Any]:
    """Options from a file as a builder takes them: defaults that it still has, tuples as tuples."""
    known = inspect.signature(builder).parameters
    takes_any = any(one.kind is one.VAR_KEYWORD for one in known.values())
    fitting = {n: v for n, v in options.items() if n not in defaults or n in known or takes_any}
    return {
        name: tuple(value)
        if isinstance(value, list) and name in known and isinstance(known[name].default, tuple)
        else value
        for name, value in fitting.items()
    }


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


@contextlib.contextmanager
def seeded_everywhere(seed: int) -> Iterator[None]:
    """The same for TensorFlow's and Keras' generators, too, which layers without a seed draw from.

    ``tf.random.set_seed`` and ``keras.utils.set_random_seed`` would change them for good.
    """
    import tensorflow as tf
    from keras.src.random.seed_generator import global_seed_generator
    from tensorflow.python.eager.context import context  # nobody else tells what the seed was

    python_state = random.getstate()
    generator = global_seed_generator()  # the first call makes it, from Python's
    random.setstate(python_state)
    with seeded(seed):
        before = generator.state.numpy()
        own = context()._seed, getattr(context(), "_rng", None)  # noqa: SLF001
        tf.random.set_seed(seed)
        seed_global_generator(seed)
        try:
            yield
        finally:
            context()._seed, context()._rng = own  # noqa: SLF001
            generator.state.assign(before)


def seed_global_generator(seed: int) -> None:
    """Set the state of what Keras' random functions draw from that are given no seed."""
    from keras.src.random.seed_generator import global_seed_generator

    global_seed_generator().state.assign([seed % _MOST_STATES, 0])


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
        known = signature.parameters
        unknown = next(option for option in options if option not in known)
        near = difflib.get_close_matches(unknown, known, n=1)
        raise OptionError(
            f"The model {name!r} does not take these options: {error}. It takes "
            f"{', '.join(map(_with_default, known.values()))}."
            + (f" Did you mean {near[0]!r}?" if near else "")
        ) from None


def _with_default(option: inspect.Parameter) -> str:
    return option.name if option.default is option.empty else f"{option.name}={option.default!r}"


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

"""The contract of a model builder, as checks that a plugin's author runs.

In a plugin's own tests::

    from mnistkit.testing import check_model
    from my_package import my_model

    def test_contract():
        check_model(my_model)
"""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import MnistKitError, ModelError
from mnistkit.models import MODELS, create_model

if TYPE_CHECKING:
    import keras

_BATCH = 4


def check_model(
    builder: Callable[..., keras.Model] | str,
    *,
    num_classes: tuple[int, ...] = (10, 3),
    input_shapes: tuple[tuple[int, ...], ...] = ((28, 28), (32, 32)),
    **options: Any,
) -> None:
    """Check that a model builder keeps the contract.

    The builder takes ``num_classes`` and ``input_shape`` as keyword-only options and returns a
    built, uncompiled ``keras.Model`` from float32 ``(n, *input_shape)`` in [0, 1] to
    probabilities ``(n, num_classes)``. The model learns, gives the same answer twice, has the
    same initial weights for the same seed, and survives Keras' own saving.

    Parameters
    ----------
    builder : function or str
        The builder, or a name for `create_model`.
    num_classes : tuple of int, default (10, 3)
    input_shapes : tuple of tuple of int, default ((28, 28), (32, 32))
        Shapes to try; leave out those that the architecture cannot take.
    **options
        More options of the builder.

    Raises
    ------
    ModelError
        If the contract is broken; the message lists everything that is wrong.

    Examples
    --------
    >>> import mnistkit.testing
    >>> mnistkit.testing.check_model("dense128", input_shapes=((28, 28),))
    """
    name = builder if isinstance(builder, str) else f"{builder.__module__}:{builder.__qualname__}"
    function = MODELS.get(builder) if isinstance(builder, str) else builder
    problems = list(_signature_problems(function))
    if not problems:
        for count in num_classes:
            for shape in input_shapes:
                case = {"num_classes": count, "input_shape": shape, **options}
                problems += [f"{case}: {problem}" for problem in _problems(function, case)]
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise ModelError(f"The model {name!r} breaks the contract of a model builder:\n{listed}")


def _signature_problems(builder: Callable[..., Any]) -> Iterator[str]:
    parameters = inspect.signature(builder).parameters
    for required in ("num_classes", "input_shape"):
        parameter = parameters.get(required)
        if parameter is None:
            yield f"it has no option {required!r}"
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            yield f"{required!r} must be keyword-only: put it after a '*' in the signature"
        elif parameter.default is parameter.empty:
            yield f"{required!r} must have a default"
    for parameter in parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            yield f"'**{parameter.name}' would swallow misspelt options; name them"


def _problems(builder: Callable[..., Any], case: dict[str, Any]) -> Iterator[str]:
    """Build the model for one case and look at it from all sides."""
    import keras

    registered = "mnistkit-check-model"
    MODELS.register(registered)(builder)
    try:
        model, twin = (create_model(registered, seed=1, **case) for _ in range(2))
    except MnistKitError as error:
        yield str(error)
        return
    except Exception as error:  # noqa: BLE001  (whatever a stranger's builder raises is its problem)
        yield f"building it raised {type(error).__name__}: {error}"
        return
    finally:
        MODELS.unregister(registered)
    if model.compiled:
        yield "it is compiled; leave that to the trainer"
    if not model.trainable_variables:
        yield "it has nothing to train"
        return
    if any(not np.array_equal(a, b) for a, b in zip(model.get_weights(), twin.get_weights())):  # noqa: B905
        yield "the same seed gives different initial weights; take them from Keras' initializers"
    images = _images(case["input_shape"])
    yield from _output_problems(model, images, case["num_classes"])
    yield from _learning_problems(keras, model, images, case["num_classes"])
    yield from _saving_problems(keras, model, images)


def _images(shape: tuple[int, ...]) -> NDArray[np.float32]:
    images = np.random.default_rng(0).random((_BATCH, *shape), dtype=np.float32)
    images[0], images[1] = 0, 1
    return images


def _output_problems(
    model: keras.Model, images: NDArray[np.float32], num_classes: int
) -> Iterator[str]:
    outputs = np.asarray(model(images, training=False))
    if outputs.shape != (_BATCH, num_classes):
        yield f"it returns shape {outputs.shape} for {_BATCH} images, not {(_BATCH, num_classes)}"
        return
    if outputs.dtype != np.float32:
        yield f"it returns {outputs.dtype}, not float32"
    sums = outputs.sum(axis=1)
    if not ((outputs >= 0).all() and np.allclose(sums, 1, atol=1e-4)):  # neither holds for NaN
        yield "its outputs are no probabilities (at least 0, with sum 1); end it with a softmax"
    if not np.array_equal(outputs, np.asarray(model(images, training=False))):
        yield "it gives two answers to one question; random layers must rest outside training"


def _learning_problems(
    keras: Any, model: keras.Model, images: NDArray[np.float32], num_classes: int
) -> Iterator[str]:
    labels = np.arange(_BATCH) % num_classes
    before = [variable.numpy() for variable in model.trainable_variables]
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss="sparse_categorical_crossentropy",
        run_eagerly=True,  # one step is not worth compiling
    )
    loss = model.train_on_batch(images, labels)
    if not np.isfinite(loss):
        yield f"its loss after one step is {loss}"
    after = [variable.numpy() for variable in model.trainable_variables]
    if all(np.array_equal(one, other) for one, other in zip(before, after, strict=True)):
        yield "a training step changes none of its weights"


def _saving_problems(keras: Any, model: keras.Model, images: NDArray[np.float32]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            loaded = keras.saving.load_model(path, safe_mode=True)
        except Exception as error:  # noqa: BLE001  (Keras raises many kinds here)
            yield f"Keras cannot save and load it: {type(error).__name__}: {error}"
            return
    one, other = (np.asarray(m(images, training=False)) for m in (model, loaded))
    if not np.allclose(one, other, atol=1e-5):
        yield "it answers differently after Keras has saved and loaded it"

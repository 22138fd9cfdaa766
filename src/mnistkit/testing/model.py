"""check_model: the contract of a model builder, as a check that a plugin's author runs."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError, TuningError
from mnistkit.messages import said_by
from mnistkit.models import MODELS, search_space_of
from mnistkit.models.building import building_error, checked_shape, seeded_everywhere
from mnistkit.models.keras_settings import channels_last, require_keras
from mnistkit.training.outputs import Outputs, describe_outputs
from mnistkit.training.shapes import input_shape_of
from mnistkit.tuning.space import Names

if TYPE_CHECKING:
    import keras

_BATCH = 4
Case = dict[str, Any]
Problem = tuple[str, str]  # its cause, by which it is listed once; and what to say

_WHERE = " (for "
_SOFTMAX = 'keras.layers.Dense(num_classes, activation="softmax")'
_UNPACK = "x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)"


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
    probabilities ``(n, num_classes)``. The model learns, also from weighted images, gives the same
    answer twice, has the same initial weights for the same seed, and survives Keras' own saving.

    Parameters
    ----------
    builder : function or str
        The builder, or a name for `create_model`.
    num_classes : tuple of int, default (10, 3)
    input_shapes : tuple of tuple of int, default ((28, 28), (32, 32))
        Shapes to try, for instance ``((28, 28, 1),)``; leave out those that the architecture cannot
        take.
    **options
        More options of the builder.

    Raises
    ------
    ModelError
        If the contract is broken; the message lists everything that is wrong, each cause once,
        with what to write instead.

    Examples
    --------
    >>> import mnistkit.testing
    >>> mnistkit.testing.check_model("dense128", input_shapes=((28, 28),))
    """
    require_keras()
    function = MODELS.get(builder) if isinstance(builder, str) else builder
    found: dict[str, list[str]] = {}
    cases: list[Case] = [
        {"num_classes": count, "input_shape": checked_shape(shape), **options}
        for count in num_classes
        for shape in input_shapes
    ]
    for cause, says in _signature_problems(function, options):
        found[cause] = [says] * len(cases)
    for case in cases if not found else ():
        for cause, says in _problems(function, case):
            found.setdefault(cause, []).append(f"{says}{_only_for(case)}")
    if found:
        listed = "\n".join(
            f"- {all_[0].partition(_WHERE)[0] if len(all_) == len(cases) else all_[0]}"
            for all_ in found.values()
        )
        raise ModelError(
            f"The model {_name_of(builder)!r} breaks the contract of a model builder:\n{listed}"
        )


def _name_of(builder: Callable[..., keras.Model] | str) -> str:
    if isinstance(builder, str):
        return builder
    module, name = (getattr(builder, what, None) for what in ("__module__", "__qualname__"))
    return f"{module}:{name}" if name else repr(builder)


def _only_for(case: Case) -> str:
    """Where a problem was found, if not everywhere."""
    return f"{_WHERE}num_classes={case['num_classes']}, input_shape={case['input_shape']})"


def _signature_problems(builder: Any, options: dict[str, Any]) -> Iterator[Problem]:
    try:
        parameters = inspect.signature(builder).parameters
    except (TypeError, ValueError) as error:
        yield "signature", f"it is no function with options of its own: {said_by(error)}"
        return
    for required in ("num_classes", "input_shape"):
        parameter = parameters.get(required)
        if parameter is None:
            yield required, f"it has no option {required!r}; write def model(*, {required}=...)"
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            yield (
                required,
                f"{required!r} must be keyword-only: put it after a '*' in the signature",
            )
        elif parameter.default is parameter.empty:
            yield required, f"{required!r} must have a default"
    for parameter in parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            yield "swallows", f"'**{parameter.name}' would swallow misspelt options; name them"
    for name in options.keys() - parameters.keys():
        yield name, f"it has no option {name!r}"
    yield from _search_space_problems(builder)


def _search_space_problems(builder: Callable[..., Any]) -> Iterator[Problem]:
    space = search_space_of(builder)
    try:
        Names.of(builder).refuse_unknown(space or {}, "it")
    except TuningError as error:
        yield "search space", str(error).replace("The search space has", "its search space has")


def _problems(builder: Callable[..., Any], case: Case) -> Iterator[Problem]:
    """Build the model for one case and look at it from all sides."""
    try:
        model, twin = (_built(builder, case) for _ in range(2))
    # Whatever a stranger's code raises, here and below, is its problem and not ours.
    except Exception as error:  # noqa: BLE001
        yield "building", f"building it raised {building_error(builder, error, case)}"
        return
    found = list(_kind_problems(model))
    yield from found
    if any(cause != "compiled" for cause, _ in found):
        return
    try:
        found = list(_shape_problems(model, case))
        yield from found
        if not found:
            yield from _behaviour_problems(model, twin, case)
    except Exception as error:  # noqa: BLE001
        yield "other", f"to look at it raised {said_by(error)}"


def _built(builder: Callable[..., Any], case: Case) -> Any:
    with seeded_everywhere(1), channels_last():
        return builder(**case)


def _kind_problems(model: Any) -> Iterator[Problem]:
    """What makes it impossible to look any further, and that it is compiled."""
    import keras

    if model is None:
        yield "none", "it returns nothing; end it with 'return model'"
    elif not isinstance(model, keras.Model):
        yield "kind", f"it returns {type(model).__name__}; return a keras.Model"
    elif not model.built:
        yield (
            "unbuilt",
            (
                "the model that it returns is not built; begin it with keras.Input(input_shape), "
                "or call it once on an image: model(numpy.zeros((1, *input_shape)))"
            ),
        )
    elif model.compiled:
        yield "compiled", "it is compiled; leave that to the trainer"


def _shape_problems(model: keras.Model, case: Case) -> Iterator[Problem]:
    """Whether it takes and returns what was asked for."""
    expected, count = case["input_shape"], case["num_classes"]
    takes, _ = input_shape_of(model)
    if len(takes) != len(expected) or any(
        side not in (None, wanted) for side, wanted in zip(takes, expected, strict=True)
    ):
        reshape = takes == (*expected, 1)
        then = " and keras.layers.Reshape((*input_shape, 1))" if reshape else ""
        yield (
            "input_shape",
            (
                f"it takes {takes} where input_shape={expected} was asked for; begin it with "
                f"keras.Input(input_shape){then}"
            ),
        )
        return
    try:
        outputs = model(_images(expected), training=False)
    except Exception as error:  # noqa: BLE001
        yield "running", f"it cannot be run on images of shape {expected}: {said_by(error)}"
        return
    if tuple(getattr(outputs, "shape", ())) != (_BATCH, count):
        width = f"{outputs.shape[1:]}" if hasattr(outputs, "shape") else type(outputs).__name__
        yield (
            "num_classes",
            (
                f"it returns {width} for an image, expected ({count},) for num_classes={count}; "
                f"end it with {_SOFTMAX}"
            ),
        )


def _behaviour_problems(model: keras.Model, twin: keras.Model, case: Case) -> Iterator[Problem]:
    images = _images(case["input_shape"])
    yield from _output_problems(model, images)
    if not model.trainable_variables:
        yield "frozen", "it has nothing to train"
        return
    twin(images, training=False)  # a class of one's own makes its weights only now
    both = zip(model.get_weights(), twin.get_weights(), strict=False)
    if not all(np.array_equal(one, other) for one, other in both):
        yield (
            "seed",
            "the same seed gives different initial weights; take them from Keras' initializers",
        )
    yield from _learning_problems(model, images, case["num_classes"])
    yield from _saving_problems(model, images)


def _images(shape: tuple[int, ...]) -> NDArray[np.float32]:
    images = np.random.default_rng(0).random((_BATCH, *shape), dtype=np.float32)
    images[0], images[1] = 0, 1
    return images


def _output_problems(model: keras.Model, images: NDArray[np.float32]) -> Iterator[Problem]:
    outputs = np.asarray(model(images, training=False))
    if outputs.dtype != np.float32:
        yield "dtype", f'it returns {outputs.dtype}; write dtype="float32" in its last layer'
    description = describe_outputs(model)
    if description.outputs is not Outputs.PROBABILITIES:
        yield (
            "softmax",
            f"its outputs are no probabilities, but {description.found}; end it with {_SOFTMAX}",
        )
    if not np.array_equal(outputs, np.asarray(model(images, training=False))):
        yield (
            "restless",
            "it gives two answers to one question; random layers must rest where training=False",
        )


def _learning_problems(
    model: keras.Model, images: NDArray[np.float32], num_classes: int
) -> Iterator[Problem]:
    import keras

    labels = np.arange(_BATCH) % num_classes
    before = [variable.numpy() for variable in model.trainable_variables]
    are_logits = describe_outputs(model).outputs.are_logits
    try:
        model.compile(
            optimizer=keras.optimizers.SGD(0.1),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=are_logits),
            run_eagerly=True,  # one step is not worth compiling
        )
        # Not train_on_batch, which always gives weights, too.
        logs = model.fit(images, labels, verbose=0).history
    except Exception as error:  # noqa: BLE001
        yield "step", f"a training step raised {said_by(error)}"
        return
    loss = logs.get("loss", [0.0])[0]
    if not np.isfinite(loss):
        yield "loss", f"its loss after one step is {loss}"
    after = [variable.numpy() for variable in model.trainable_variables]
    if all(np.array_equal(one, other) for one, other in zip(before, after, strict=True)):
        yield "no learning", "a training step changes none of its weights"
    for name, run in (("train_step", model.fit), ("test_step", model.evaluate)):
        try:
            run(images, labels, sample_weight=np.ones(_BATCH), verbose=0)
        except Exception as error:  # noqa: BLE001
            yield (
                name,
                (
                    f"its {name} cannot take images with weights ({said_by(error)}); begin it with "
                    f"{_UNPACK}"
                ),
            )


def _saving_problems(model: keras.Model, images: NDArray[np.float32]) -> Iterator[Problem]:
    import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        try:
            model.save(path)
            loaded = keras.saving.load_model(path, safe_mode=True)
        except Exception as error:  # noqa: BLE001  (Keras raises many kinds here)
            yield (
                "saving",
                (
                    f"Keras cannot save and load it: {said_by(error)}; write "
                    "@keras.saving.register_keras_serializable() above classes of your own, with "
                    "every argument of __init__ in get_config"
                ),
            )
            return
    one, other = (np.asarray(m(images, training=False)) for m in (model, loaded))
    if not np.allclose(one, other, atol=1e-5):
        yield "loading", "it answers differently after Keras has saved and loaded it"

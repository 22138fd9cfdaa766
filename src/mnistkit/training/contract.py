"""A model from outside, held against what the trainer promises of it, before the first step.

A model takes images in [0, 1] and returns one probability a class, and its loss and metrics take
class numbers. Keras cannot tell that a model does not: it trains on nonsense, or stops in the
middle of a graph.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError, RecipeError
from mnistkit.training.shapes import model_shapes

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

_SPARSE = "sparse_categorical_crossentropy"
_ONE_HOT = "categorical_crossentropy"
_ANY_SIZE = 28  # for a side that may be of any size
# Halfway, on a logarithmic scale, between a division by 255 and images left as they are: 1/16,
# and half of that for layers that weaken images a little, such as a blur.
_SMALLEST_SCALE = 1 / 32
# Rounding alone moves the sum of half-precision probabilities by this much.
_TOLERANCE = {"float16": 1e-2, "bfloat16": 3e-2}
# Keras chooses between these by the shapes of labels and outputs, when it compiles the model.
_CHOSEN_LATE = ("accuracy", "acc", "crossentropy", "ce")
# These compare class numbers with something, too, and are always wrong.
_FOR_ONE_HOT = ("categoricalaccuracy", "binaryaccuracy")


def checked_model(model: Any, *, as_images: bool = True) -> keras.Model:
    """A model that the trainer can train.

    Parameters
    ----------
    model : any
    as_images : bool, default True
        Whether images reach it in [0, 1], so that a division by 255 would be the second one.

    Raises
    ------
    ModelError
        If it is none, has no weights yet, or takes or returns something else.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError(
            f"Expected the name of a model or a keras.Model, not {type(model).__name__}. "
            "Known names: mnistkit.list_models()."
        )
    refuse_unbuilt(model)
    refuse_other_contract(model, as_images=as_images)
    return model


def refuse_unbuilt(model: keras.Model) -> None:
    """Refuse a model that has no weights yet.

    Raises
    ------
    ModelError
        If the model is not built.
    """
    if not model.built:
        raise ModelError(
            f"The model {model.name!r} is not built: it does not know its input's shape. "
            "Begin it with keras.Input((28, 28)), or call model.build((None, 28, 28))."
        )


def refuse_slow_precision(model: keras.Model) -> None:
    """Refuse half precision on a processor that has to imitate it.

    Raises
    ------
    ModelError
        If a layer computes in float16 and there is no GPU.
    """
    import tensorflow as tf

    halves = [layer.name for layer in model.layers if layer.compute_dtype == "float16"]
    if halves and not tf.config.list_physical_devices("GPU"):
        raise ModelError(
            f"The layers {halves} compute in float16, which is several times slower than float32 "
            "on this machine, since it has no GPU. Build the model under the policy 'float32', or "
            "'mixed_bfloat16'."
        )


def refuse_other_contract(model: keras.Model, *, as_images: bool = True) -> None:
    """Refuse a model of which the images or the outputs would be taken for something else.

    Raises
    ------
    ModelError
        If it does not return probabilities, or divides images by 255 that are divided already.
    """
    input_shape, _ = model_shapes(model)
    if as_images:
        _refuse_second_scaling(model, input_shape)
        _refuse_computed_scaling(model, input_shape)
    _refuse_other_outputs(model, input_shape)


def _refuse_second_scaling(model: keras.Model, input_shape: tuple[int | None, ...]) -> None:
    import keras

    scale = 1.0
    for layer in _first_layers(model):
        if isinstance(layer, keras.layers.Rescaling):
            scale *= float(np.max(np.abs(layer.scale)))
        elif isinstance(layer, keras.layers.Normalization):
            # Images in [0, 1] have no mean above 1: this one has seen others.
            seen = layer.mean is not None and float(np.max(np.asarray(layer.mean))) > scale
            scale *= 1 / 255 if seen else 1.0
        if scale < _SMALLEST_SCALE:
            raise ModelError(
                f"The model {model.name!r} begins with the layer {layer.name!r}, which takes images"
                " in 0-255. They reach a model divided by 255 already, so it would see nothing but "
                f"black. Build the model without that layer; {_opposite(input_shape)}"
            )


def _refuse_computed_scaling(model: keras.Model, input_shape: tuple[int | None, ...]) -> None:
    """Look at what is left of paper and ink where the first weights meet them.

    A division may hide in a `Lambda`, in a layer of one's own, or in plain ``x / 255``.
    """
    import keras

    images = _few_images(input_shape, model.input_shape[0])
    if len(images) < 2:
        return
    try:
        first = next(layer for layer in model.layers if _has_learnt_weights(layer))
        before = keras.Model(model.inputs[0], first.input)(images, training=False)
        paper, ink = np.asarray(keras.ops.cast(before, "float32"))[:2]
    # Not a graph of layers, or layers of one's own, which raise anything.
    except Exception:  # noqa: BLE001
        return
    difference = float(np.abs(ink - paper).max())
    if 0 < difference < _SMALLEST_SCALE:
        raise ModelError(
            f"The model {model.name!r} scales images before its layer {first.name!r}: of the "
            f"difference between paper, 0, and ink, 1, {difference:.2g} is left there. They reach "
            "a model divided by 255 already. Build the model without that division; "
            f"{_opposite(input_shape)}"
        )


def _opposite(input_shape: tuple[int | None, ...]) -> str:
    """What helps a trained model that divides images again."""
    return (
        f"if it is trained, put the opposite before it: keras.Sequential([keras.Input({input_shape}"
        "), keras.layers.Rescaling(255.0), model])."
    )


def _first_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers through which an image goes before anything is learnt, nested ones included."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _first_layers(layer)
            if layer.weights:
                return
            continue
        yield layer
        if _has_learnt_weights(layer):
            return


def _has_learnt_weights(layer: keras.layers.Layer) -> bool:
    """Whether there are weights, other than the statistics of the images."""
    import keras

    return bool(layer.weights) and not isinstance(layer, keras.layers.Normalization)


def _refuse_other_outputs(model: keras.Model, input_shape: tuple[int | None, ...]) -> None:
    """Look at what the model returns for a few images."""
    import keras

    images = _few_images(input_shape, model.input_shape[0])
    try:
        found = model(images, training=False)
    # A layer of one's own raises anything.
    except Exception as error:
        if None in input_shape:
            return  # there may be a smallest size, which the real images keep to
        raise ModelError(
            f"The model {model.name!r} cannot be run on images of shape {images.shape}: "
            f"{type(error).__name__}: {error}"
        ) from error
    kind = keras.backend.standardize_dtype(found.dtype)
    outputs = np.asarray(keras.ops.cast(found, "float32"), dtype=np.float64)
    if not np.isfinite(outputs).all():
        return  # diverged weights, which have a message of their own
    sums = outputs.sum(axis=1)
    if (outputs >= 0).all() and np.allclose(sums, 1, rtol=0, atol=_TOLERANCE.get(kind, 1e-3)):
        return
    in_range = (outputs >= 0).all() and (outputs <= 1).all()
    what = "independent of each other, as from a sigmoid" if in_range else "logits, it seems"
    raise ModelError(
        f"The model {model.name!r} does not return probabilities: its outputs for one image add up "
        f"to {sums[np.argmax(np.abs(sums - 1))]:.4g}, not 1, and go from {outputs.min():.4g} to "
        f"{outputs.max():.4g} ({what}). {_remedy(model, in_range=bool(in_range))} If it was "
        f"compiled, compile it again, with loss={_SPARSE!r} and without from_logits=True."
    )


def _remedy(model: keras.Model, *, in_range: bool) -> str:
    num_outputs = model.output_shape[-1]
    if num_outputs == 1:
        return 'End it with keras.layers.Dense(2, activation="softmax").'
    end = f'End it with keras.layers.Dense({num_outputs}, activation="softmax")'
    if in_range:
        return f"{end}."
    return (
        f"{end}, or go on with keras.Model(model.inputs[0], "
        "keras.layers.Softmax()(model.outputs[0]))."
    )


def _few_images(input_shape: tuple[int | None, ...], batch_size: int | None) -> NDArray[np.float32]:
    """Paper, ink and noise; as many as the model takes, if it takes no other number."""
    count = batch_size or 4
    sides = tuple(_ANY_SIZE if side is None else side for side in input_shape)
    images = np.random.default_rng(0).random((count, *sides), dtype=np.float32)
    images[:1], images[1:2] = 0, 1
    return images


def refuse_unknown_names(recipe: Recipe) -> None:
    """Refuse a recipe with a loss or a metric that Keras does not know.

    Raises
    ------
    RecipeError
        The message names the nearest name that there is.
    """
    import keras

    _by_name(keras.losses, recipe.loss, "loss", (_SPARSE,))
    for name in recipe.metrics:
        if name not in _CHOSEN_LATE:
            _by_name(keras.metrics, name, "metrics", _CHOSEN_LATE)


def refuse_other_recipe(recipe: Recipe, num_outputs: int, *, one_hot: bool = False) -> None:
    """Refuse a recipe whose loss or metrics Keras does not know, or that take other labels.

    Parameters
    ----------
    recipe : Recipe
    num_outputs : int
    one_hot : bool, default False
        Whether the labels are rows of a probability a class, not class numbers.

    Raises
    ------
    RecipeError
        The message says which to use.
    """
    import keras

    refuse_unknown_names(recipe)
    labels, used = _labels_and_loss(one_hot=one_hot)
    # With rows of probabilities its twin for these is used.
    loss = keras.losses.get(used if recipe.loss == _SPARSE else recipe.loss)
    if reason := _does_not_take(loss, num_outputs, one_hot=one_hot, is_loss=True):
        raise RecipeError(
            f"loss={recipe.loss!r}: it does not take {labels} ({reason}). Use {used!r}."
        )
    for name in recipe.metrics:
        if name in _CHOSEN_LATE:
            continue
        plain_name = str(name).replace("_", "").lower()
        misleads = plain_name.startswith("sparse") if one_hot else plain_name in _FOR_ONE_HOT
        reason = _does_not_take(keras.metrics.get(name), num_outputs, one_hot=one_hot)
        if reason or misleads:
            raise RecipeError(
                f"metrics={recipe.metrics!r}: {name!r} does not take {labels}"
                f"{f' ({reason})' if reason else ''}. Use 'accuracy', or one whose name "
                f"{'does not begin' if one_hot else 'begins'} with 'sparse_'."
            )


def _labels_and_loss(*, one_hot: bool) -> tuple[str, str]:
    """What labels of a form are called, and the loss for them."""
    return ("one-hot or soft labels", _ONE_HOT) if one_hot else ("class numbers", _SPARSE)


def takes_class_numbers(loss: Any, num_outputs: int) -> bool:
    """Whether a loss, or one of that name, takes class numbers; False if there is none."""
    import keras

    loss = _only(loss)
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return True  # it has a message of its own
    return callable(loss) and not _does_not_take(loss, num_outputs, is_loss=True)


def _by_name(module: Any, name: Any, setting: str, more: tuple[str, ...]) -> Any:
    """What Keras has by a name, with a word on the name that may have been meant."""
    try:
        found = module.get(name)
    except (ValueError, TypeError):
        found = None
    if found is not None:
        return found
    known = [*more, *(one for one in dir(module) if not one.startswith("_"))]
    near = difflib.get_close_matches(str(name), known, n=1)
    expected = f"a name in {module.__name__.replace('.src', '').replace('._tf_keras', '')}"
    raise RecipeError(
        f"{setting}: Keras has none named {name!r}; expected {expected}, such as {more[0]!r}."
        + (f" Did you mean {near[0]!r}?" if near else "")
    )


def refuse_other_loss(model: keras.Model, *, one_hot: bool = False) -> None:
    """Refuse a compiled loss that does not take labels of this form and probabilities.

    Parameters
    ----------
    model : keras.Model
    one_hot : bool, default False
        Whether the labels are rows of a probability a class, not class numbers.

    Raises
    ------
    ModelError
        If it takes other labels or logits, or Keras does not know it, or there is none.
    """
    import keras

    if _has_own_step(model):
        return
    loss, (_, num_outputs) = _only(model.loss), model_shapes(model)
    labels, used = _labels_and_loss(one_hot=one_hot)
    remedy = f"Compile the model with loss={used!r}."
    if loss is None:
        if model.losses:
            return
        raise ModelError(f"The model {model.name!r} was compiled without a loss. {remedy}")
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            raise ModelError(
                f"The model {model.name!r} was compiled with loss={loss!r}, which Keras does not "
                f"know. {remedy}"
            ) from None
    name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
    if getattr(loss, "from_logits", False) is True:
        raise ModelError(
            f"The model {model.name!r} returns probabilities, but its loss {name!r} was made with "
            f"from_logits=True and takes them for logits. {remedy}"
        )
    reason = _does_not_take(loss, num_outputs, one_hot=one_hot, is_loss=True)
    if callable(loss) and reason:
        if not one_hot and not _does_not_take(loss, num_outputs, one_hot=True, is_loss=True):
            remedy = f"{remedy[:-1]}, or give one-hot labels: keras.utils.to_categorical(labels)."
        raise ModelError(
            f"The model {model.name!r} was compiled with the loss {name!r}, which does not take "
            f"{labels} ({reason}). {remedy}"
        )


def _has_own_step(model: keras.Model) -> bool:
    """Whether the model computes its loss itself, from whatever it likes."""
    import keras

    return any(
        getattr(type(model), name) is not getattr(keras.Model, name)
        for name in ("train_step", "compute_loss")
    )


def _only(loss: Any) -> Any:
    """The loss of a list or dictionary of one."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        return loss[0]
    if isinstance(loss, dict) and len(loss) == 1:
        return next(iter(loss.values()))
    return loss


def _does_not_take(
    function: Callable[..., Any], num_outputs: int, *, one_hot: bool = False, is_loss: bool = False
) -> str:
    """Why a loss or metric is none for labels of a form; empty if it is one."""
    import keras

    count = num_outputs + 1  # not as many as outputs, so that nothing fits by chance
    numbers = (np.arange(count) % num_outputs).astype(np.int32)
    right = np.eye(num_outputs, dtype=np.float32)[numbers]
    labels = right if one_hot else numbers
    given, *both = map(keras.ops.convert_to_tensor, (labels, right, np.roll(right, 1, axis=1)))
    try:
        values = [float(np.mean(keras.ops.convert_to_numpy(function(given, p)))) for p in both]
    # Keras, TensorFlow and functions of one's own raise anything here.
    except Exception as error:  # noqa: BLE001
        return (
            f"for labels of shape {labels.shape} and outputs of shape {right.shape} it raises "
            f"{type(error).__name__}"
        )
    is_keras_own = getattr(function, "__module__", "").startswith("keras.")
    if is_loss and is_keras_own and all(map(math.isfinite, values)) and values[0] >= values[1]:
        return "it is no smaller for the right class than for another"
    return ""

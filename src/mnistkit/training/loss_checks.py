"""Loss and metrics, held against what the model returns and what the labels are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError, RecipeError
from mnistkit.training.compile_checks import compiled_metrics, refuse_unknown
from mnistkit.training.inputs import to_floats
from mnistkit.training.labelled import Examples
from mnistkit.training.optimizers import make_loss, make_metrics, optimizer_kind
from mnistkit.training.outputs import (
    SQUASHING,
    OutputDescription,
    Outputs,
    describe_outputs,
    to_probabilities,
)
from mnistkit.training.own_code import computes_own_loss

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

_FEW = 3  # examples; no side of an image is that short
_SPARSE = "sparse_categorical_crossentropy"
_ONE_HOT = "categorical_crossentropy"
_BINARY = "binary_crossentropy"
_CHOSEN_LATE = ("accuracy", "acc")  # by Keras, to suit labels and outputs
# These compare class numbers with something, too, and are always wrong.
_FOR_ONE_HOT = ("categoricalaccuracy", "binaryaccuracy")


def refuse_unknown_names(recipe: Recipe) -> None:
    """Refuse a recipe with an optimizer, a loss or a metric that Keras does not know.

    Raises
    ------
    RecipeError
        The message names the nearest name that there is.
    """
    import keras

    optimizer_kind(recipe)
    refuse_unknown(keras.losses, recipe.loss, "loss", (_SPARSE,))
    for name in recipe.metrics:
        if name not in _CHOSEN_LATE:
            refuse_unknown(keras.metrics, name, "metrics", _CHOSEN_LATE)


def refuse_other_recipe(recipe: Recipe, model: keras.Model, *, one_hot: bool = False) -> None:
    """Refuse a recipe whose loss or metrics take other labels, or other outputs.

    Parameters
    ----------
    recipe : Recipe
    model : keras.Model
    one_hot : bool, default False
        Whether the labels are rows of a probability a class, not class numbers.

    Raises
    ------
    RecipeError
        The message says which to use.
    ModelError
        If the model tells no classes apart, or ends in what no loss for classes suits.
    """
    import keras

    refuse_unknown_names(recipe)
    if computes_own_loss(model):
        return
    description = describe_outputs(model)
    _refuse_no_loss_for(model, description)
    outputs = description.outputs
    form, used = _labels_and_loss(outputs, one_hot=one_hot)
    loss = make_loss(recipe, outputs, one_hot=one_hot)
    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    if reason := _does_not_take(loss, description, one_hot=one_hot, is_loss=True):
        raise RecipeError(
            f"loss={recipe.loss!r}: it does not take {form} ({reason}). Use {used!r}."
        )
    if _takes(loss, description, one_hot=one_hot) == "probabilities" and outputs.are_logits:
        raise RecipeError(
            f"loss={recipe.loss!r}: it takes probabilities, and the model {model.name!r} returns "
            f"logits. Use {used!r}, which is made with from_logits=True then, or end the model "
            "with a softmax."
        )
    for name, made in zip(recipe.metrics, make_metrics(recipe, outputs), strict=True):
        if name in _CHOSEN_LATE:
            continue
        metric = keras.metrics.get(made) if isinstance(made, str) else made
        if reason := _measures_nothing(metric, name, description, one_hot=one_hot):
            raise RecipeError(f"metrics={recipe.metrics!r}: {name!r} {reason}")


def _measures_nothing(
    metric: Any, name: str, description: OutputDescription, *, one_hot: bool
) -> str:
    """Why a metric is none for labels of a form, and which is; empty if it is one."""
    form, _ = _labels_and_loss(description.outputs, one_hot=one_hot)
    plain_name = name.replace("_", "").lower()
    misleads = plain_name.startswith("sparse") if one_hot else plain_name in _FOR_ONE_HOT
    reason = _does_not_take(metric, description, one_hot=one_hot)
    if not reason and not (misleads and not description.outputs.are_single):
        return ""
    begins = "does not begin" if one_hot else "begins"
    return (
        f"does not take {form}{f' ({reason})' if reason else ''}. Use 'accuracy', or one whose "
        f"name {begins} with 'sparse_'."
    )


def refuse_other_metrics(model: keras.Model, *, one_hot: bool = False) -> None:
    """Refuse compiled metrics of Keras that take other labels.

    Parameters
    ----------
    model : keras.Model
    one_hot : bool, default False
        Whether the labels are rows of a probability a class, not class numbers.

    Raises
    ------
    ModelError
        The message says which to use.
    """
    import keras

    description = describe_outputs(model)
    if computes_own_loss(model) or description.outputs is Outputs.OTHER:
        return
    for given in compiled_metrics(model):
        if given in _CHOSEN_LATE:
            continue
        metric = keras.metrics.get(given) if isinstance(given, str) else given
        if isinstance(metric, keras.metrics.MeanMetricWrapper):
            metric = getattr(metric, "_fn", metric)
        if not getattr(metric, "__module__", "").startswith("keras."):
            continue
        if isinstance(metric, keras.metrics.Metric):  # another one, since it counts
            metric = type(metric).from_config(metric.get_config())
        name = getattr(metric, "__name__", type(metric).__name__)
        if reason := _measures_nothing(metric, name, description, one_hot=one_hot):
            raise ModelError(
                f"The model {model.name!r} was compiled with the metric {name!r}, which {reason}"
            )


def takes_class_numbers(loss: Any, model: keras.Model) -> bool:
    """Whether a loss, or one of that name, takes class numbers; False if there is none."""
    import keras

    loss = _only(loss)
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return True  # it has a message of its own
    return callable(loss) and not _does_not_take(loss, describe_outputs(model), is_loss=True)


def _labels_and_loss(outputs: Outputs, *, one_hot: bool) -> tuple[str, str]:
    """What labels of a form are called, and the loss for them."""
    if one_hot:
        return "one-hot or soft labels", _ONE_HOT
    return "class numbers", _BINARY if outputs.are_single else _SPARSE


def _refuse_no_loss_for(model: keras.Model, description: OutputDescription) -> None:
    """Refuse what a recipe, whose losses are for classes, cannot train."""
    if description.outputs is Outputs.OTHER:
        raise ModelError(
            f"The model {model.name!r} returns {description.found}, for which a recipe has no "
            "loss. Compile it with one: trainer.compile(optimizer, loss)."
        )
    if description.last_operation in SQUASHING:
        raise ModelError(
            f"The model {model.name!r} ends in {description.last_operation}, so it returns neither "
            "probabilities nor logits. End it with a softmax, or without an activation; or compile "
            "it with a loss that takes what it returns."
        )


def refuse_other_loss(model: keras.Model, train: Any, *, one_hot: bool = False) -> None:
    """Refuse a compiled loss that takes other labels, or other outputs than the model's.

    Parameters
    ----------
    model : keras.Model
    train : Examples or Stream
        What it is to be trained on.
    one_hot : bool, default False
        Whether the labels are rows of a probability a class, not class numbers.

    Raises
    ------
    ModelError
        If it takes other labels, or logits for probabilities, or the other way about; or Keras
        does not know it, or there is none.
    """
    import keras

    if computes_own_loss(model):
        return
    description, loss = describe_outputs(model), _only(model.loss)
    form, _ = _labels_and_loss(description.outputs, one_hot=one_hot)
    remedy = f"Compile the model with loss={_right_loss(description.outputs, one_hot=one_hot)}."
    if loss is None:
        if model.losses:
            return
        raise ModelError(f"The model {model.name!r} was compiled without a loss. {remedy}")
    if description.outputs is Outputs.OTHER:
        _refuse_other_targets(model, train)
        return
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            raise ModelError(
                f"The model {model.name!r} was compiled with loss={loss!r}, which Keras does not "
                f"know. {remedy}"
            ) from None
    if not callable(loss):
        return
    name = getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)
    if reason := _does_not_take(loss, description, one_hot=one_hot, is_loss=True):
        if not one_hot and not _does_not_take(loss, description, one_hot=True, is_loss=True):
            remedy = f"{remedy[:-1]}, or give one-hot labels: keras.utils.to_categorical(labels)."
        raise ModelError(
            f"The model {model.name!r} was compiled with the loss {name!r}, which does not take "
            f"{form} ({reason}). {remedy}"
        )
    takes = _takes(loss, description, one_hot=one_hot)
    if takes == "logits" and not description.outputs.are_logits:
        raise ModelError(
            f"The model {model.name!r} returns probabilities, but its loss {name!r} was made with "
            f"from_logits=True and takes them for logits. {remedy}"
        )
    if takes == "probabilities" and description.outputs.are_logits:
        raise ModelError(
            f"The model {model.name!r} returns logits, since it ends without a softmax or sigmoid, "
            f"but its loss {name!r} takes them for probabilities. {remedy}"
        )


def _refuse_other_targets(model: keras.Model, train: Any) -> None:
    """Refuse targets on which the loss fails, such as class numbers in the place of images."""
    if not isinstance(train, Examples):
        return
    few = train.part(np.arange(len(train)) < _FEW)
    images = to_floats(few.images, few.divisor)
    try:
        outputs = model(images, training=False)
        model.compute_loss(x=images, y=few.labels, y_pred=outputs, training=False)
    # Keras, TensorFlow and losses of one's own raise anything here.
    except Exception as error:
        name = getattr(model.loss, "name", None) or getattr(model.loss, "__name__", model.loss)
        raise ModelError(
            f"The loss {name!r} of the model {model.name!r} fails on the first examples "
            f"({type(error).__name__}). The model returns {describe_outputs(model).found}; give "
            "what it is to return, of the same shape: fit((images, targets)), or the same in a "
            "tf.data.Dataset."
        ) from error


def _right_loss(outputs: Outputs, *, one_hot: bool) -> str:
    """The loss that suits what a model returns, as one writes it."""
    _, name = _labels_and_loss(outputs, one_hot=one_hot)
    if not outputs.are_logits:
        return repr(name)
    return f"keras.losses.{name.title().replace('_', '')}(from_logits=True)"


def _only(loss: Any) -> Any:
    """The loss of a list or dictionary of one."""
    if isinstance(loss, list | tuple) and len(loss) == 1:
        return loss[0]
    if isinstance(loss, dict) and len(loss) == 1:
        return next(iter(loss.values()))
    return loss


def _takes(
    loss: Callable[..., Any], description: OutputDescription, *, one_hot: bool
) -> Literal["logits", "probabilities"] | None:
    """What a cross-entropy takes its second argument for; None for what is no cross-entropy.

    A function of one's own has no setting that says it, so its values are compared.
    """
    from_logits = getattr(loss, "from_logits", None)
    if isinstance(from_logits, bool):
        return "logits" if from_logits else "probabilities"
    is_single, count = description.outputs.are_single, description.num_classes or 2
    numbers = np.arange(count + 1) % count
    logits = 3 * np.random.default_rng(0).random((len(numbers), 1 if is_single else count))
    means = Outputs.LOGIT if is_single else Outputs.LOGITS
    probabilities = to_probabilities(logits.astype(np.float32), means)
    expected = -float(np.mean(np.log(probabilities[np.arange(len(numbers)), numbers])))
    labels = np.eye(count)[numbers] if one_hot else numbers
    single = probabilities[:, 1:] if is_single else probabilities
    by_kind: dict[Literal["logits", "probabilities"], NDArray[Any]] = {
        "logits": logits,
        "probabilities": single,
    }
    for kind, outputs in by_kind.items():
        value = _mean_value(loss, labels, outputs, is_single=is_single)
        if isinstance(value, float) and math.isclose(value, expected, rel_tol=1e-4):
            return kind
    return None


def _does_not_take(
    function: Callable[..., Any],
    description: OutputDescription,
    *,
    one_hot: bool = False,
    is_loss: bool = False,
) -> str:
    """Why a loss or metric is none for labels of a form; empty if it is one."""
    count, is_single = description.num_classes or 2, description.outputs.are_single
    # Not as many as outputs, so that nothing fits by chance.
    numbers = np.arange(count + 1) % count
    rows = np.eye(count)[numbers]
    labels = rows if one_hot else numbers
    right = numbers[:, None] if is_single else rows
    wrong = 1 - right if is_single else np.roll(right, 1, axis=1)
    both: tuple[NDArray[Any], NDArray[Any]] = (right, wrong)
    # Far enough apart for logits, and not so far that a loss is rounded to 0.
    scale, offset = (8, -4) if description.outputs.are_logits else (1, 0)
    values = [
        _mean_value(function, labels, scale * one + offset, is_single=is_single) for one in both
    ]
    if raised := [value for value in values if isinstance(value, str)]:
        return (
            f"for labels of shape {labels.shape} and outputs of shape {right.shape} it raises "
            f"{raised[0]}"
        )
    losses = [value for value in values if isinstance(value, float)]
    is_keras_own = getattr(function, "__module__", "").startswith("keras.")
    if is_loss and is_keras_own and all(map(math.isfinite, losses)) and losses[0] >= losses[1]:
        return "it is no smaller for the right class than for another"
    return ""


def _mean_value(
    function: Callable[..., Any], labels: NDArray[Any], outputs: NDArray[Any], *, is_single: bool
) -> float | str:
    """What a loss or metric gives for labels and outputs, or the name of what it raises."""
    import keras

    # As Keras does for a plain function.
    column = is_single and not isinstance(function, keras.losses.Loss | keras.metrics.Metric)
    given = labels[:, None] if column and labels.ndim == 1 else labels
    given = given.astype(np.float32 if labels.ndim == 2 else np.int32)
    try:
        value = function(*map(keras.ops.convert_to_tensor, (given, outputs.astype(np.float32))))
        return float(np.mean(keras.ops.convert_to_numpy(value)))
    # Keras, TensorFlow and functions of one's own raise anything here.
    except Exception as error:  # noqa: BLE001
        return type(error).__name__

"""Loss and metrics, held against what the model returns and what the labels are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import ModelError, RecipeError
from mnistkit.training.compile_checks import refuse_unknown
from mnistkit.training.inputs import to_floats
from mnistkit.training.labelled import Examples
from mnistkit.training.loss_trials import SPARSE, does_not_take, labels_and_loss, takes
from mnistkit.training.metric_checks import CHOSEN_LATE, measures_nothing
from mnistkit.training.optimizers import make_loss, make_metrics, optimizer_kind
from mnistkit.training.outputs import (
    SQUASHING,
    OutputDescription,
    Outputs,
    describe_outputs,
)
from mnistkit.training.own_code import computes_own_loss

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

_FEW = 3  # examples; no side of an image is that short


def refuse_unknown_names(recipe: Recipe) -> None:
    """Refuse a recipe with an optimizer, a loss or a metric that Keras does not know.

    Raises
    ------
    RecipeError
        The message names the nearest name that there is.
    """
    import keras

    optimizer_kind(recipe)
    refuse_unknown(keras.losses, recipe.loss, "loss", (SPARSE,))
    for name in recipe.metrics:
        if name not in CHOSEN_LATE:
            refuse_unknown(keras.metrics, name, "metrics", CHOSEN_LATE)


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
    form, used = labels_and_loss(outputs, one_hot=one_hot)
    loss = make_loss(recipe, outputs, one_hot=one_hot)
    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    if reason := does_not_take(loss, description, one_hot=one_hot, is_loss=True):
        raise RecipeError(
            f"loss={recipe.loss!r}: it does not take {form} ({reason}). Use {used!r}."
        )
    if takes(loss, description, one_hot=one_hot) == "probabilities" and outputs.are_logits:
        raise RecipeError(
            f"loss={recipe.loss!r}: it takes probabilities, and the model {model.name!r} returns "
            f"logits. Use {used!r}, which is made with from_logits=True then, or end the model "
            "with a softmax."
        )
    for name, made in zip(recipe.metrics, make_metrics(recipe, outputs), strict=True):
        if name in CHOSEN_LATE:
            continue
        metric = keras.metrics.get(made) if isinstance(made, str) else made
        if reason := measures_nothing(metric, name, description, one_hot=one_hot):
            raise RecipeError(f"metrics={recipe.metrics!r}: {name!r} {reason}")


def takes_class_numbers(loss: Any, model: keras.Model) -> bool:
    """Whether a loss, or one of that name, takes class numbers; False if there is none."""
    import keras

    loss = _only(loss)
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return True  # it has a message of its own
    return callable(loss) and not does_not_take(loss, describe_outputs(model), is_loss=True)


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
    form, _ = labels_and_loss(description.outputs, one_hot=one_hot)
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
    if reason := does_not_take(loss, description, one_hot=one_hot, is_loss=True):
        if not one_hot and not does_not_take(loss, description, one_hot=True, is_loss=True):
            remedy = f"{remedy[:-1]}, or give one-hot labels: keras.utils.to_categorical(labels)."
        raise ModelError(
            f"The model {model.name!r} was compiled with the loss {name!r}, which does not take "
            f"{form} ({reason}). {remedy}"
        )
    taken_for = takes(loss, description, one_hot=one_hot)
    if taken_for == "logits" and not description.outputs.are_logits:
        raise ModelError(
            f"The model {model.name!r} returns probabilities, but its loss {name!r} was made with "
            f"from_logits=True and takes them for logits. {remedy}"
        )
    if taken_for == "probabilities" and description.outputs.are_logits:
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
    _, name = labels_and_loss(outputs, one_hot=one_hot)
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

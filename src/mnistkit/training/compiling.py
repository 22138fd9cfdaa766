"""From a recipe to a compiled Keras model."""

from __future__ import annotations

import importlib.util
import inspect
import weakref
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Union

from mnistkit.errors import MissingPackageError, ModelError, OptionError, RecipeError

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe


Callbacks = Union[Sequence["keras.callbacks.Callback"], "keras.callbacks.Callback"]

_made_here: weakref.WeakSet[keras.Optimizer] = weakref.WeakSet()


def compile_from_recipe(model: keras.Model, recipe: Recipe, total_steps: int) -> None:
    """Compile a model as its recipe says, with a schedule that ends after `total_steps` steps."""
    optimizer = make_optimizer(recipe, total_steps)
    _made_here.add(optimizer)
    if recipe.weight_decay:
        optimizer.exclude_from_weight_decay(_vectors(model))
    model.compile(optimizer=optimizer, loss=make_loss(recipe), metrics=list(recipe.metrics))


def make_loss(recipe: Recipe) -> Any:
    """The loss of a recipe: a name, or Keras' cross-entropy with smoothed labels."""
    if not recipe.label_smoothing:
        return recipe.loss
    from mnistkit.training.smoothed_loss import SmoothedCrossentropy

    return SmoothedCrossentropy(recipe.label_smoothing)


def _vectors(model: keras.Model) -> list[keras.Variable]:
    """Biases, and the scales of normalisation layers."""
    return [variable for variable in model.trainable_variables if len(variable.shape) < 2]


def is_compiled_by_caller(model: keras.Model) -> bool:
    """Whether a model has an optimizer that does not come from a recipe.

    A recipe's optimizer is not used again: its schedule has come to its end.
    """
    return bool(model.compiled) and model.optimizer not in _made_here


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


def refuse_missing_tensorboard(callbacks: Sequence[keras.callbacks.Callback]) -> None:
    """Say what to install before training starts; TensorBoard does not come with TensorFlow.

    Raises
    ------
    MissingPackageError
        If a callback needs TensorBoard, and it is not installed.
    """
    import keras

    wanted = any(isinstance(callback, keras.callbacks.TensorBoard) for callback in callbacks)
    if wanted and importlib.util.find_spec("tensorboard") is None:
        raise MissingPackageError(
            "keras.callbacks.TensorBoard needs the package 'tensorboard', which is not installed. "
            "Install it with: pip install 'mnistkit[tensorboard]'."
        )


def checked_callbacks(callbacks: Any) -> tuple[keras.callbacks.Callback, ...]:
    """Some callbacks or a single one, as a tuple.

    Raises
    ------
    OptionError
        If anything is no callback.
    """
    import keras

    single = isinstance(callbacks, keras.callbacks.Callback) or not isinstance(callbacks, Iterable)
    every = () if callbacks is None else (callbacks,) if single else tuple(callbacks)
    for callback in every:
        if not isinstance(callback, keras.callbacks.Callback):
            is_class = isinstance(callback, type)
            found = callback.__name__ if is_class else repr(callback)
            raise OptionError(
                f"callbacks={found}: expected keras.callbacks.Callback objects, such as "
                f"callbacks=[{found if is_class else 'keras.callbacks.EarlyStopping'}(...)]."
            )
    return every


def has_schedule(optimizer: keras.Optimizer) -> bool:
    """Whether a schedule sets an optimizer's learning rate, so that nobody else can."""
    import keras

    inner = getattr(optimizer, "inner_optimizer", optimizer)  # LossScaleOptimizer has one
    rate = getattr(inner, "_learning_rate", None)
    return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


def refuse_rate_callbacks(
    callbacks: Sequence[keras.callbacks.Callback], *, has_schedule: bool, remedy: str
) -> None:
    """Refuse callbacks that set the learning rate beside a schedule, before the first epoch.

    Raises
    ------
    RecipeError
        If there is a schedule, and such a callback.
    """
    import keras

    kinds = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)
    names = [type(callback).__name__ for callback in callbacks if isinstance(callback, kinds)]
    if has_schedule and names:
        raise RecipeError(
            f"{' and '.join(names)} cannot set the learning rate, which follows a schedule already."
            f" Leave the callback out, or {remedy}."
        )


def make_optimizer(recipe: Recipe, total_steps: int) -> keras.Optimizer:
    """The optimizer of a recipe.

    Raises
    ------
    RecipeError
        If Keras has no optimizer of that name, or it does not take the options.
    """
    import keras

    try:
        kind = type(keras.optimizers.get(recipe.optimizer))
    except ValueError as error:
        raise RecipeError(
            f"optimizer={recipe.optimizer!r}: expected a name in keras.optimizers, "
            "such as 'adam' or 'sgd'."
        ) from error
    unknown = set(recipe.optimizer_options) - set(inspect.signature(kind).parameters)
    if unknown:
        raise RecipeError(
            f"optimizer_options={dict(recipe.optimizer_options)!r}: {kind.__name__} does not take "
            f"{', '.join(sorted(map(repr, unknown)))}."
        )
    options = dict(recipe.optimizer_options)
    if recipe.weight_decay:
        options["weight_decay"] = recipe.weight_decay
    if recipe.weight_averaging:
        options |= {"use_ema": True, "ema_momentum": recipe.weight_averaging}
    return kind(learning_rate=make_schedule(recipe, total_steps), **options)


def make_schedule(recipe: Recipe, total_steps: int) -> Any:
    """The learning rate of a recipe: a number, or one of Keras' schedules."""
    import keras

    if recipe.schedule == "constant":
        return recipe.learning_rate
    warmup_steps = round(recipe.warmup * total_steps)
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else recipe.learning_rate,
        decay_steps=max(total_steps - warmup_steps, 1),
        alpha=recipe.final_learning_rate / recipe.learning_rate,
        warmup_target=recipe.learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )

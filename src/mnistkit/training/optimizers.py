"""From a recipe to optimizer, learning-rate schedule and loss, and so to a compiled Keras model."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RecipeError
from mnistkit.messages import shown
from mnistkit.training.compile_checks import OPTIMIZERS, refuse_unknown
from mnistkit.training.outputs import Outputs, outputs_of
from mnistkit.training.same_program import begin_again, is_promised, note_compiled

if TYPE_CHECKING:
    import keras

    from mnistkit.models import Recipe

logger = logging.getLogger(__name__)

# A name is saved with an optimizer, so a recipe's is known in a model that comes from a file.
_NAME = "mnistkit_recipe"
_TIMES_FORGOTTEN = 5  # e^-5 is less than a hundredth
# What compiling a model settles, and what of that nobody expects an optimizer to replace.
_BESIDE_OPTIMIZER = ("weight_decay", "label_smoothing", "weight_averaging")
_COMPILED = (
    "optimizer", "optimizer_options", "learning_rate", "schedule", "final_learning_rate", "warmup",
    *_BESIDE_OPTIMIZER, "loss", "metrics",
)  # fmt: skip
_CROSSENTROPIES = ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy")


def compile_from_recipe(
    model: keras.Model, recipe: Recipe, total_steps: int, *, one_hot: bool = False
) -> None:
    """Compile a model as its recipe says, with a schedule that ends after `total_steps` steps."""
    settings = (recipe, total_steps, one_hot)
    if begin_again(model, settings):
        return
    optimizer = make_optimizer(recipe, total_steps)
    if recipe.weight_decay:
        optimizer.exclude_from_weight_decay(_vectors(model))
    outputs = outputs_of(model)
    model.compile(
        optimizer=optimizer,
        loss=make_loss(recipe, outputs, one_hot=one_hot),
        metrics=make_metrics(recipe, outputs),
    )
    if is_promised(model) or _are_keras_own(recipe.optimizer, recipe.loss, *recipe.metrics):
        note_compiled(model, settings, _program_of(recipe, model, one_hot=one_hot))


def _program_of(recipe: Recipe, model: keras.Model, *, one_hot: bool) -> tuple[Hashable, ...]:
    """What of a recipe a compiled program depends on, besides the optimizer's configuration."""
    from mnistkit.training.losses import SmoothedCrossentropy

    # Keras' own losses take no variable for it.
    smoothing = None if type(model.loss) is SmoothedCrossentropy else recipe.label_smoothing
    return (recipe.optimizer, recipe.loss, recipe.metrics, smoothing, one_hot)


def _are_keras_own(*names: str) -> bool:
    """Whether no name is one that somebody has registered with Keras."""
    import keras

    return not any(map(keras.saving.get_registered_object, names))


def _vectors(model: keras.Model) -> list[keras.Variable]:
    """Biases, and the scales of normalisation layers."""
    return [variable for variable in model.trainable_variables if len(variable.shape) < 2]


def is_compiled_by_caller(model: keras.Model) -> bool:
    """Whether a model has an optimizer that does not come from a recipe.

    A recipe's optimizer is not used again, not even after loading: its schedule is at its end.
    """
    return bool(model.compiled) and _inner(model.optimizer).name != _NAME


def in_effect(recipe: Recipe, *, is_given: bool) -> Recipe:
    """What is left of a recipe beside an optimizer, loss and metrics that the caller compiled.

    One warning names the settings that have no effect then.

    Parameters
    ----------
    recipe : Recipe
    is_given : bool
        Whether the caller has chosen it. Of a model's own recipe only what is not expected is
        named: that its optimizer is replaced was asked for.
    """
    usual = type(recipe)()
    replaced = {n: getattr(recipe, n) for n in _COMPILED if getattr(recipe, n) != getattr(usual, n)}
    lost = [f"{n}={shown(v)}" for n, v in replaced.items() if is_given or n in _BESIDE_OPTIMIZER]
    if lost:
        logger.warning(
            "The model is compiled with an optimizer, loss and metrics of yours, so these settings "
            "of a recipe have no effect: %s. Its epochs, batch size and augmentation are used.",
            ", ".join(lost),
        )
    return recipe.replace(**{name: getattr(usual, name) for name in replaced})


def settings_in_effect(recipe: Recipe, model: keras.Model) -> dict[str, Any]:
    """The settings of a recipe that a model is trained by, as plain values.

    Without those that compiling settles, if the caller has compiled the model.
    """
    settings = recipe.to_dict()
    unused = _COMPILED if is_compiled_by_caller(model) else ()
    return {name: value for name, value in settings.items() if name not in unused}


def has_schedule(optimizer: keras.Optimizer) -> bool:
    """Whether a schedule sets an optimizer's learning rate, so that nobody else can."""
    import keras

    rate = getattr(_inner(optimizer), "_learning_rate", None)
    return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


def steps_taken(optimizer: keras.Optimizer | None) -> int:
    """How many batches an optimizer has seen, those too whose gradients it only accumulates."""
    import keras

    inner = _inner(optimizer)
    if inner is None:  # a step of one's own may have others
        return 0
    seen = int(keras.ops.convert_to_numpy(inner.iterations))
    return seen * (getattr(inner, "gradient_accumulation_steps", None) or 1)


def keeps_averages(optimizer: keras.Optimizer) -> bool:
    """Whether an optimizer averages the weights."""
    return bool(_averaging(optimizer))


def averages_by_variable(
    optimizer: keras.Optimizer,
) -> list[tuple[keras.Variable, keras.Variable]]:
    """Each variable of which a built optimizer keeps a moving average, and that average."""
    return [
        (variable, average)
        for one in _averaging(optimizer)
        for variable, average in zip(
            one._trainable_variables,  # noqa: SLF001  (Keras' SwapEMAWeights takes them so, too)
            one._model_variables_moving_average,  # noqa: SLF001
            strict=True,
        )
        if average is not None
    ]


def _averaging(optimizer: keras.Optimizer) -> list[keras.Optimizer]:
    inner = _inner(optimizer)
    return [one for one in getattr(inner, "optimizers", [inner]) if getattr(one, "use_ema", False)]


def _inner(optimizer: keras.Optimizer | None) -> Any:
    """The optimizer that `LossScaleOptimizer` wraps, or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def make_loss(recipe: Recipe, outputs: Outputs, *, one_hot: bool = False) -> Any:
    """The loss of a recipe, in the form that suits what the model returns: a name or an object.

    For labels that are a probability a class, the sparse cross-entropy becomes its twin for these;
    for two classes with one output, the binary one.
    """
    import keras

    from mnistkit.training.losses import SmoothedCrossentropy

    if outputs is Outputs.OTHER:
        return None  # the model's own step knows
    if outputs.are_single and recipe.loss in _CROSSENTROPIES:
        return keras.losses.BinaryCrossentropy(
            from_logits=outputs.are_logits, label_smoothing=recipe.label_smoothing
        )
    if one_hot and recipe.loss in _CROSSENTROPIES:
        return keras.losses.CategoricalCrossentropy(
            from_logits=outputs.are_logits, label_smoothing=recipe.label_smoothing
        )
    if recipe.label_smoothing:
        return SmoothedCrossentropy(recipe.label_smoothing, from_logits=outputs.are_logits)
    return _from_logits(keras.losses, recipe.loss) if outputs.are_logits else recipe.loss


def make_metrics(recipe: Recipe, outputs: Outputs) -> list[Any]:
    """The metrics of a recipe, in the form that suits what the model returns.

    Keras' own choices would take logits for probabilities.
    """
    import keras

    if outputs is Outputs.OTHER:
        return []
    if not outputs.are_logits:
        return list(recipe.metrics)
    metrics: list[Any] = []
    for name in recipe.metrics:
        if outputs.are_single and name in ("accuracy", "acc", "binary_accuracy"):
            made = keras.metrics.BinaryAccuracy(name=name, threshold=0.0)
        else:
            made = _from_logits(keras.metrics, name)
        metrics.append(made)
    return metrics


def _from_logits(module: Any, name: str) -> Any:
    """Keras' loss or metric of a name, made for logits if it can be; otherwise the name."""
    kind = getattr(module, "".join(part[:1].upper() + part[1:] for part in name.split("_")), None)
    if kind is None or "from_logits" not in inspect.signature(kind).parameters:
        return name
    return kind(from_logits=True, name=name)


def optimizer_kind(recipe: Recipe) -> Any:
    """The class of a recipe's optimizer.

    Raises
    ------
    RecipeError
        If Keras has no optimizer of that name, or it does not take the options.
    """
    import keras

    refuse_unknown(keras.optimizers, recipe.optimizer, "optimizer", OPTIMIZERS)
    kind = type(keras.optimizers.get(recipe.optimizer))
    # The name is ours: it says that the optimizer is a recipe's.
    unknown = set(recipe.optimizer_options) - (set(inspect.signature(kind).parameters) - {"name"})
    if unknown:
        raise RecipeError(
            f"optimizer_options={dict(recipe.optimizer_options)!r}: {kind.__name__} does not take "
            f"{', '.join(sorted(map(repr, unknown)))}."
        )
    return kind


def make_optimizer(recipe: Recipe, total_steps: int) -> keras.Optimizer:
    """The optimizer of a recipe; see `optimizer_kind`."""
    kind = optimizer_kind(recipe)
    options = dict(recipe.optimizer_options)
    if recipe.weight_decay:
        options["weight_decay"] = recipe.weight_decay
    if recipe.weight_averaging:
        options |= {"use_ema": True, "ema_momentum": _momentum(recipe, total_steps)}
    return kind(learning_rate=make_schedule(recipe, total_steps), name=_NAME, **options)


def _momentum(recipe: Recipe, total_steps: int) -> float:
    """How much of an average each step keeps: what the recipe says, or less in few steps.

    Keras' averages begin with the weights after the first step. Of these, less than a hundredth is
    left in the end.
    """
    return min(recipe.weight_averaging, max(1 - _TIMES_FORGOTTEN / total_steps, 0.0))


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

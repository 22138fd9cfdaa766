"""Recipe: how a model is trained. Plain settings, carried by the function that builds the model."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar, cast

from mnistkit.errors import RecipeError
from mnistkit.messages import shown
from mnistkit.models.augmentation import Augmentation
from mnistkit.models.settings import (
    Conversion,
    Settings,
    number_from,
    plain_values,
    positive,
    share,
    text,
    whole_number,
)
from mnistkit.models.spec import note_builder

Builder = TypeVar("Builder", bound=Callable[..., Any])
Schedule = Literal["constant", "cosine"]
_CROSSENTROPY = "sparse_categorical_crossentropy"
_SCHEDULES = ("constant", "cosine")
_MOST = 10**9  # epochs, or images a step: beyond it is a slip, and no counter holds it
_ATTRIBUTE = "__mnistkit_recipes__"
_COMPILE = "to use an object, compile the model yourself with trainer.compile(...)"
_COUNT = f"a whole number of at least 1, at most {_MOST:,}"
_SHARE = "a share, at least 0, below 1"


def _natural(value: Any) -> int | None:
    count = whole_number(value)
    return count if count is not None and 1 <= count <= _MOST else None


def _steps(value: Any) -> int | None:
    return 0 if whole_number(value) == 0 else _natural(value)


def _schedule(value: Any) -> str | None:
    return value if isinstance(value, str) and value in _SCHEDULES else None


def _names(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not all(map(text, value)):
        return None
    return tuple(map(str, value))


def _options(value: Any) -> dict[str, Any] | None:
    options = plain_values(value)
    return None if options is None or "learning_rate" in options else options


@dataclass(frozen=True, kw_only=True, repr=False)
class Recipe(Settings):
    """How a model is trained. The defaults are what a model without a recipe gets.

    Attributes
    ----------
    epochs : int, default 6
        How many times every training image is seen.
    batch_size : int, default 64
        Images a step.
    min_steps : int, default 0
        How many steps to train at least, so that few images are seen more often: unless `fit` is
        told how many epochs, it trains as many more as that takes.
    optimizer : str, default "adam"
        A name in ``keras.optimizers``. Objects are for `Trainer.compile`: a recipe stands in the
        folder of a run, and there is nothing in it but plain values.
    optimizer_options : mapping, default empty
        More arguments of the optimizer, plain values, for instance ``{"beta_1": 0.8}``.
    learning_rate : float, default 0.002
        The highest learning rate.
    schedule : {"constant", "cosine"}, default "cosine"
        Whether the learning rate stays, or falls along half a cosine, step by step, from its
        highest value to `final_learning_rate`.
    final_learning_rate : float, default 0.0
        Where the schedule ends; unused if it is constant.
    warmup : float, default 0.1
        The share of all steps in which the learning rate first rises from 0; unused if the
        schedule is constant.
    weight_decay : float, default 0.0
        By what share of itself, times the learning rate, every weight shrinks in a step (decoupled,
        as in AdamW); biases and the scales of normalisation layers are left alone.
    label_smoothing : float, default 0.0
        What share of the probability is expected of the wrong classes together; only with the
        sparse categorical cross-entropy.
    weight_averaging : float, default 0.0
        If above 0, the result is an exponential moving average of the weights, with this much of
        the old average kept in each step, for instance 0.999; less in a training of few steps,
        ``1 - 5 / steps``, so that the weights of the beginning are forgotten.
    augmentation : Augmentation, optional
        How training images are varied; a mapping of settings is one, too.
    loss : str, default "sparse_categorical_crossentropy"
        A name in ``keras.losses``.
    metrics : tuple of str, default ("accuracy",)
        Names in ``keras.metrics``.

    Raises
    ------
    RecipeError
        If a setting makes no sense.

    Examples
    --------
    >>> recipe = Recipe(epochs=3, schedule="constant")
    >>> recipe.replace(batch_size=32)
    Recipe(epochs=3, batch_size=32, schedule='constant')
    >>> Recipe.from_dict(recipe.to_dict()) == recipe
    True
    >>> Recipe(warmup="0.1")
    Traceback (most recent call last):
        ...
    mnistkit.errors.RecipeError: warmup='0.1': expected a share of the steps, at least 0, below 1.
    """

    epochs: int = 6
    batch_size: int = 64
    min_steps: int = 0
    optimizer: str = "adam"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    learning_rate: float = 0.002
    schedule: Schedule = "cosine"
    final_learning_rate: float = 0.0
    warmup: float = 0.1
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    weight_averaging: float = 0.0
    augmentation: Augmentation | None = None
    loss: str = _CROSSENTROPY
    metrics: tuple[str, ...] = ("accuracy",)

    _kind = "A recipe"
    _conversions: ClassVar[Mapping[str, Conversion]] = {
        "epochs": (_natural, _COUNT),
        "min_steps": (_steps, f"a whole number from 0 to {_MOST:,}"),
        "batch_size": (_natural, _COUNT),
        "metrics": (_names, f"a tuple of names, such as ('accuracy',); {_COMPILE}"),
        "optimizer": (text, f"a name in keras.optimizers; {_COMPILE}"),
        "loss": (text, f"a name in keras.losses; {_COMPILE}"),
        "optimizer_options": (
            _options,
            "no learning_rate in it, and plain values by name: texts, numbers, booleans, lists",
        ),
        "learning_rate": (positive, f"a number above 0; {_COMPILE}"),
        "final_learning_rate": (number_from(0), "0 up to the learning rate"),
        "warmup": (share, "a share of the steps, at least 0, below 1"),
        "schedule": (_schedule, f"one of {', '.join(_SCHEDULES)}; {_COMPILE}"),
        "weight_decay": (share, _SHARE),
        "label_smoothing": (share, _SHARE),
        "weight_averaging": (share, _SHARE),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.augmentation, Mapping):
            object.__setattr__(self, "augmentation", Augmentation.from_dict(self.augmentation))
        for name, is_right, expected in self._expectations():
            if not is_right:
                raise self._refusal(name, expected)

    def _expectations(self) -> Iterator[tuple[str, bool, str]]:
        """What no setting has to fulfil alone: its name, whether it is right, what was expected."""
        yield (
            "final_learning_rate",
            self.final_learning_rate <= self.learning_rate,
            "0 up to the learning rate",
        )
        yield (
            "label_smoothing",
            not self.label_smoothing or self.loss == _CROSSENTROPY,
            f"0 unless loss={_CROSSENTROPY!r}",
        )
        yield (
            "augmentation",
            isinstance(self.augmentation, Augmentation | None),
            "a mnistkit.Augmentation; a function is for fit(..., augmentation=function)",
        )

    def with_enough_epochs(self, steps_per_epoch: int) -> Recipe:
        """The same recipe with as many epochs as `min_steps` takes, or its own if they are more.

        Examples
        --------
        >>> Recipe(epochs=5, min_steps=400).with_enough_epochs(4)
        Recipe(epochs=100, min_steps=400)
        """
        return self.replace(epochs=max(self.epochs, math.ceil(self.min_steps / steps_per_epoch)))

    def replace(self, **changes: Any) -> Recipe:
        """The same recipe with some settings changed; an unknown setting is a TypeError."""
        return replace(self, **changes)


def with_recipes(**recipes: Recipe) -> Callable[[Builder], Builder]:
    """Attach named recipes to a function that builds a model; the first is the default.

    A model that the function returns keeps them, whether it was built by name or by calling the
    function: ``Trainer(mine(units=10), recipe="long")``.

    Parameters
    ----------
    **recipes : Recipe
        The name of each is what ``Trainer(recipe=...)`` takes.

    Examples
    --------
    >>> @with_recipes(default=Recipe(epochs=2), long=Recipe(epochs=20))
    ... def mine(*, num_classes=10, input_shape=(28, 28)):
    ...     ...
    >>> recipes_of(mine)["long"].epochs
    20
    """
    for name, recipe in recipes.items():
        if not isinstance(recipe, Recipe):
            raise RecipeError(
                f"The recipe {name!r} must be a mnistkit.Recipe, not {shown(recipe)}."
            )

    def decorate(builder: Builder) -> Builder:
        setattr(builder, _ATTRIBUTE, MappingProxyType(dict(recipes)))

        @functools.wraps(builder)
        def build(*args: Any, **options: Any) -> Any:
            model = builder(*args, **options)
            with contextlib.suppress(TypeError):  # no model, which whoever gets it refuses
                note_builder(model, builder)
            return model

        return cast(Builder, build)

    return decorate


def recipes_of(builder: Callable[..., Any] | None) -> Mapping[str, Recipe]:
    """The recipes that a builder carries; one without any gets ``Recipe()`` as ``"default"``."""
    while isinstance(builder, functools.partial):
        builder = builder.func
    return getattr(builder, _ATTRIBUTE, None) or {"default": Recipe()}


def choose_recipe(recipes: Mapping[str, Recipe], wanted: Recipe | str | None, model: str) -> Recipe:
    """The recipe that was asked for: itself, one of the model's by name, or the model's default.

    Raises
    ------
    RecipeError
        If the model has no recipe of that name.
    """
    if isinstance(wanted, Recipe):
        return wanted
    if wanted is None:
        return next(iter(recipes.values()))
    if not isinstance(wanted, str):
        raise RecipeError(f"recipe={shown(wanted)}: expected a mnistkit.Recipe or the name of one.")
    if wanted not in recipes:
        raise RecipeError(
            f"The model {model} has no recipe named {wanted!r}; it has "
            f"{', '.join(map(repr, recipes))}. Or pass a mnistkit.Recipe(...)."
        )
    return recipes[wanted]

"""Recipe: how a model is trained. Plain settings, carried by the function that builds the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from mnistkit.errors import RecipeError

Builder = TypeVar("Builder", bound=Callable[..., Any])
Schedule = Literal["constant", "cosine"]
_SCHEDULES = ("constant", "cosine")
_ATTRIBUTE = "__mnistkit_recipes__"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained.

    Attributes
    ----------
    epochs : int, default 6
        How many times every training image is seen.
    batch_size : int, default 32
        Images a step.
    optimizer : str, default "adam"
        A name in ``keras.optimizers``.
    optimizer_options : mapping, default empty
        More arguments of the optimizer, for instance ``{"beta_1": 0.8}``.
    learning_rate : float, default 0.001
        The highest learning rate.
    schedule : {"constant", "cosine"}, default "constant"
        Whether the learning rate stays, or falls along half a cosine, step by step, from its
        highest value to `final_learning_rate`.
    final_learning_rate : float, default 0.0
        Where the schedule ends; unused if it is constant.
    warmup : float, default 0.0
        The share of all steps in which the learning rate first rises from 0; unused if the
        schedule is constant.
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
    >>> recipe = Recipe(epochs=3, schedule="cosine")
    >>> recipe.replace(batch_size=64).batch_size
    64
    >>> Recipe(epochs=0)
    Traceback (most recent call last):
        ...
    mnistkit.errors.RecipeError: epochs=0: expected a whole number of at least 1.
    """

    epochs: int = 6
    batch_size: int = 32
    optimizer: str = "adam"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    learning_rate: float = 0.001
    schedule: Schedule = "constant"
    final_learning_rate: float = 0.0
    warmup: float = 0.0
    loss: str = "sparse_categorical_crossentropy"
    metrics: tuple[str, ...] = ("accuracy",)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise _refusal(name, value, "a whole number of at least 1")
            object.__setattr__(self, name, int(value))
        if isinstance(self.metrics, str):
            raise _refusal(
                "metrics", self.metrics, f"a tuple of names, such as ({self.metrics!r},)"
            )
        if "learning_rate" in self.optimizer_options:
            raise _refusal("optimizer_options", self.optimizer_options, "no learning_rate in it")
        if not 0 < self.learning_rate < math.inf:
            raise _refusal("learning_rate", self.learning_rate, "a number above 0")
        if not 0 <= self.final_learning_rate <= self.learning_rate:
            raise _refusal(
                "final_learning_rate", self.final_learning_rate, "0 up to the learning rate"
            )
        if not 0 <= self.warmup < 1:
            raise _refusal("warmup", self.warmup, "a share of the steps, at least 0, below 1")
        if self.schedule not in _SCHEDULES:
            raise _refusal("schedule", self.schedule, f"one of {', '.join(_SCHEDULES)}")
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "optimizer_options", dict(self.optimizer_options))

    def replace(self, **changes: Any) -> Recipe:
        """The same recipe with some settings changed; an unknown setting is a TypeError."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold; ``Recipe(**settings)`` reads them."""
        return asdict(self) | {"metrics": list(self.metrics)}


def with_recipes(**recipes: Recipe) -> Callable[[Builder], Builder]:
    """Attach named recipes to a function that builds a model; the first is the default.

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
            raise RecipeError(f"The recipe {name!r} must be a mnistkit.Recipe, not {recipe!r}.")

    def decorate(builder: Builder) -> Builder:
        setattr(builder, _ATTRIBUTE, MappingProxyType(dict(recipes)))
        return builder

    return decorate


def recipes_of(builder: Callable[..., Any] | None) -> Mapping[str, Recipe]:
    """The recipes that a builder carries; one without gets ``{"default": Recipe()}``."""
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
        raise RecipeError(f"recipe={wanted!r}: expected a mnistkit.Recipe or the name of one.")
    if wanted not in recipes:
        raise RecipeError(
            f"The model {model} has no recipe named {wanted!r}; it has "
            f"{', '.join(map(repr, recipes))}. Or pass a mnistkit.Recipe(...)."
        )
    return recipes[wanted]


def _refusal(name: str, value: Any, expected: str) -> RecipeError:
    return RecipeError(f"{name}={value!r}: expected {expected}.")

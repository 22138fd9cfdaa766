"""Recipe: how a model is trained. Plain settings, carried by the function that builds the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from numbers import Integral
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from mnistkit.errors import RecipeError
from mnistkit.models.augmentation import Augmentation

Builder = TypeVar("Builder", bound=Callable[..., Any])
Schedule = Literal["constant", "cosine"]
_CROSSENTROPY = "sparse_categorical_crossentropy"
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
    weight_decay : float, default 0.0
        By what share of itself, times the learning rate, every weight shrinks in a step (decoupled,
        as in AdamW); biases and the scales of normalisation layers are left alone.
    label_smoothing : float, default 0.0
        What share of the probability is expected of the wrong classes together; only with the
        sparse categorical cross-entropy.
    weight_averaging : float, default 0.0
        If above 0, the result is an exponential moving average of the weights, with this much of
        the old average kept in each step, for instance 0.999.
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
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    weight_averaging: float = 0.0
    augmentation: Augmentation | None = None
    loss: str = _CROSSENTROPY
    metrics: tuple[str, ...] = ("accuracy",)

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise _refusal(name, value, "a whole number of at least 1")
            object.__setattr__(self, name, int(value))
        if isinstance(self.augmentation, Mapping):
            object.__setattr__(self, "augmentation", Augmentation(**self.augmentation))
        for name, is_right, expected in self._expectations():
            if not is_right:
                raise _refusal(name, getattr(self, name), expected)
        object.__setattr__(self, "metrics", tuple(self.metrics))
        object.__setattr__(self, "optimizer_options", dict(self.optimizer_options))

    def _expectations(self) -> Iterator[tuple[str, bool, str]]:
        """Name of a setting, whether it is right, and what was expected; in this order."""
        yield (
            "metrics",
            not isinstance(self.metrics, str),
            f"a tuple of names, such as ({self.metrics!r},)",
        )
        yield (
            "optimizer_options",
            "learning_rate" not in self.optimizer_options,
            "no learning_rate in it",
        )
        yield "learning_rate", 0 < self.learning_rate < math.inf, "a number above 0"
        yield (
            "final_learning_rate",
            0 <= self.final_learning_rate <= self.learning_rate,
            "0 up to the learning rate",
        )
        yield "warmup", 0 <= self.warmup < 1, "a share of the steps, at least 0, below 1"
        yield "schedule", self.schedule in _SCHEDULES, f"one of {', '.join(_SCHEDULES)}"
        for name in ("weight_decay", "label_smoothing", "weight_averaging"):
            yield name, 0 <= getattr(self, name) < 1, "a share, at least 0, below 1"
        yield (
            "label_smoothing",
            not self.label_smoothing or self.loss == _CROSSENTROPY,
            f"0 unless loss={_CROSSENTROPY!r}",
        )
        yield (
            "augmentation",
            isinstance(self.augmentation, Augmentation | None),
            "a mnistkit.Augmentation",
        )

    def __repr__(self) -> str:
        """Only what differs from the defaults."""
        settings = ((one, getattr(self, one.name)) for one in fields(self))
        chosen = (f"{one.name}={value!r}" for one, value in settings if value != _default(one))
        return f"Recipe({', '.join(chosen)})"

    def replace(self, **changes: Any) -> Recipe:
        """The same recipe with some settings changed; an unknown setting is a TypeError."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold; ``Recipe(**settings)`` reads them."""
        return asdict(self) | {"metrics": list(self.metrics)}


SUITS_MOST = Recipe(epochs=6, batch_size=64, learning_rate=0.002, schedule="cosine", warmup=0.1)
"""How a model is trained that brings no recipe."""


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
    """The recipes that a builder carries; one without gets `SUITS_MOST` as ``"fast"``."""
    return getattr(builder, _ATTRIBUTE, None) or {"fast": SUITS_MOST}


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


def _default(setting: Field[Any]) -> Any:
    return {} if setting.default is MISSING else setting.default


def _refusal(name: str, value: Any, expected: str) -> RecipeError:
    return RecipeError(f"{name}={value!r}: expected {expected}.")

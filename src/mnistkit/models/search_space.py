"""Search spaces: what may be tried of a model's options and of its recipe, as plain data.

They lie beside the recipes, so that an architecture, the settings that train it well and those that
are worth a search are found together. Nothing here searches.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from mnistkit.errors import TuningError
from mnistkit.messages import shown
from mnistkit.models.recipe import Recipe
from mnistkit.models.settings import number, whole_number

Builder = TypeVar("Builder", bound=Callable[..., Any])
Plain = str | bool | int | float | None

_ATTRIBUTE = "__mnistkit_search_space__"


@dataclass(frozen=True)
class Choice:
    """One of several values; made by `choice`.

    Attributes
    ----------
    values : tuple of str, bool, int, float or None
    """

    values: tuple[Plain, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise TuningError("choice() has no values; give those to choose from: choice(8, 16).")
        for value in self.values:
            if not isinstance(value, Plain):
                raise TuningError(
                    f"choice(... {shown(value)} ...): expected plain values: texts, numbers, "
                    "booleans or None."
                )
        if len({(type(value), value) for value in self.values}) < len(self.values):
            raise TuningError(f"{self!r} has a value twice.")

    def __repr__(self) -> str:
        return f"choice({', '.join(map(repr, self.values))})"

    def __contains__(self, value: object) -> bool:
        """Whether a value is one of these."""
        return any(type(value) is type(one) and value == one for one in self.values)

    @property
    def ends(self) -> tuple[Plain, ...]:
        """All values: if each makes sense, so does what is chosen."""
        return self.values

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return {"choice": list(self.values)}


@dataclass(frozen=True)
class Range:
    """The numbers from one to another; made by `uniform`, `log_uniform` and `whole`.

    Attributes
    ----------
    low, high : float or int
        Both ends belong to it.
    log : bool
        Whether each doubling is as likely as any other.
    whole : bool
        Whether only whole numbers are meant.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        convert = whole_number if self.whole else number
        for name in ("low", "high"):
            value = convert(getattr(self, name))
            if value is None:
                kind = "a whole number" if self.whole else "a finite number"
                raise TuningError(f"{self!r}: {shown(getattr(self, name))} is not {kind}.")
            object.__setattr__(self, name, value)
        if self.low >= self.high:
            raise TuningError(
                f"{self!r} is empty: the first number must be smaller than the second one."
            )
        if self.log and self.low <= 0:
            raise TuningError(f"{self!r}: a range by doublings begins above 0.")

    def __repr__(self) -> str:
        if self.whole:
            return f"whole({self.low!r}, {self.high!r}{', log=True' if self.log else ''})"
        return f"{'log_uniform' if self.log else 'uniform'}({self.low!r}, {self.high!r})"

    def __contains__(self, value: object) -> bool:
        """Whether a number lies in it."""
        given = whole_number(value) if self.whole else number(value)
        return given is not None and self.low <= given <= self.high

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest number: if both make sense, so do those between them."""
        return self.low, self.high

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


SearchSpace = Mapping[str, Choice | Range]


def choice(*values: Plain) -> Choice:
    """One of these values.

    Parameters
    ----------
    *values : str, bool, int, float or None

    Raises
    ------
    TuningError
        If there are none, one is there twice, or one is no plain value.

    Examples
    --------
    >>> choice(8, 16, 24)
    choice(8, 16, 24)
    """
    return Choice(values)


def uniform(low: float, high: float) -> Range:
    """The numbers from `low` to `high`, each as likely as any other.

    Parameters
    ----------
    low, high : float

    Raises
    ------
    TuningError
        If there are none.

    Examples
    --------
    >>> uniform(0, 0.5)
    uniform(0.0, 0.5)
    >>> uniform(3, 3)
    Traceback (most recent call last):
        ...
    mnistkit.errors.TuningError: uniform(3.0, 3.0) is empty: the first number must be smaller \
than the second one.
    """
    return Range(low, high)


def log_uniform(low: float, high: float) -> Range:
    """The numbers from `low` to `high`, each doubling as likely as any other.

    Parameters
    ----------
    low, high : float
        Above 0.

    Raises
    ------
    TuningError
        If there are none.

    Examples
    --------
    >>> log_uniform(1e-3, 2e-2)
    log_uniform(0.001, 0.02)
    """
    return Range(low, high, log=True)


def whole(low: int, high: int, *, log: bool = False) -> Range:
    """The whole numbers from `low` to `high`.

    Parameters
    ----------
    low, high : int
    log : bool, default False
        Whether each doubling is as likely as any other.

    Raises
    ------
    TuningError
        If there are none.

    Examples
    --------
    >>> whole(1, 4)
    whole(1, 4)
    """
    return Range(low, high, log=log, whole=True)


def with_search_space(**space: Choice | Range) -> Callable[[Builder], Builder]:
    """Attach to a function that builds a model what is worth a search.

    Parameters
    ----------
    **space : Choice or Range
        By the names of the function's options, of a recipe's settings, or of an augmentation's; a
        name that several of these have is looked up in this order.

    Raises
    ------
    TuningError
        If something else is given than what `choice`, `uniform`, `log_uniform` and `whole` return.

    Examples
    --------
    >>> @with_search_space(units=choice(32, 64, 128), learning_rate=log_uniform(1e-3, 2e-2))
    ... def mine(*, num_classes=10, input_shape=(28, 28), units=64):
    ...     ...
    >>> search_space_of(mine)["units"]
    choice(32, 64, 128)
    """
    checked = checked_space(space)

    def decorate(builder: Builder) -> Builder:
        setattr(builder, _ATTRIBUTE, checked)
        return builder

    return decorate


def search_space_of(builder: Callable[..., Any] | None) -> SearchSpace | None:
    """The search space that a builder carries, or None."""
    while isinstance(builder, functools.partial):
        builder = builder.func
    space: SearchSpace | None = getattr(builder, _ATTRIBUTE, None)
    return space


def checked_space(space: Any) -> SearchSpace:
    """A search space that does not change any more.

    Raises
    ------
    TuningError
        If it is none.
    """
    if not isinstance(space, Mapping) or not space or not all(isinstance(n, str) for n in space):
        raise TuningError(
            f"space={shown(space)}: expected what to try by name, at least one, such as "
            "{'learning_rate': mnistkit.log_uniform(0.001, 0.02)}."
        )
    for name, one in space.items():
        if not isinstance(one, Choice | Range):
            raise TuningError(
                f"The search space has {name}={shown(one)}; expected what mnistkit.choice, uniform,"
                " log_uniform or whole return, such as mnistkit.choice(8, 16, 24)."
            )
    return MappingProxyType(dict(space))


def space_for(recipe: Recipe) -> SearchSpace:
    """What is worth a search of any recipe; the recipe itself lies in it.

    Examples
    --------
    >>> space_for(Recipe(learning_rate=0.01))["learning_rate"]
    log_uniform(0.002, 0.05)
    """
    sizes = sorted({32, 64, 128, recipe.batch_size})
    space: dict[str, Choice | Range] = {
        "learning_rate": log_uniform(recipe.learning_rate / 5, recipe.learning_rate * 5),
        "batch_size": choice(*sizes),
        "weight_decay": uniform(0, max(0.05, recipe.weight_decay)),
    }
    if recipe.loss == Recipe.loss:
        space["label_smoothing"] = uniform(0, max(0.1, recipe.label_smoothing))
    return MappingProxyType(space)

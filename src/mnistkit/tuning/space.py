"""A search space and the model that it is of: what each name is, and what a trial makes of it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from mnistkit.errors import TuningError
from mnistkit.models import Augmentation, Choice, Range, Recipe, SearchSpace

if TYPE_CHECKING:
    import optuna

Values = Mapping[str, Any]

_DIGITS = 4  # of a number that is tried: more only make it hard to read
_NOT_OF_A_SEARCH = ("num_classes", "input_shape", "augmentation", "optimizer_options", "metrics")


@dataclass(frozen=True)
class Names:
    """What a search may vary, by name.

    Attributes
    ----------
    options : tuple of str
        Of the function that builds the model.
    recipe, augmentation : tuple of str
        The settings of the recipe, and of its augmentation.
    any_option : bool
        Whether the function takes other names, too.
    """

    options: tuple[str, ...]
    recipe: tuple[str, ...]
    augmentation: tuple[str, ...]
    any_option: bool

    @classmethod
    def of(cls, builder: Callable[..., Any]) -> Names:
        """The names for a function that builds a model."""
        known = inspect.signature(builder).parameters.values()
        named = [one.name for one in known if one.kind is not one.VAR_KEYWORD]
        return cls(
            options=tuple(name for name in named if name not in _NOT_OF_A_SEARCH),
            recipe=_settings_of(Recipe),
            augmentation=_settings_of(Augmentation),
            any_option=len(named) < len(known),
        )

    def apply(
        self, values: Values, recipe: Recipe, options: Mapping[str, Any]
    ) -> tuple[Recipe, dict[str, Any]]:
        """The recipe and the model's options with these values in them.

        Raises
        ------
        RecipeError
            If a value makes no sense.
        """
        of_model = {n: v for n, v in values.items() if self._is_option(n)}
        of_recipe = {n: v for n, v in values.items() if n not in of_model and n in self.recipe}
        varied = {n: v for n, v in values.items() if n not in of_model and n not in of_recipe}
        if varied:
            usual = recipe.augmentation or Augmentation()
            of_recipe["augmentation"] = Augmentation.from_dict({**usual.to_dict(), **varied})
        return recipe.replace(**of_recipe), {**options, **of_model}

    def _is_option(self, name: str) -> bool:
        elsewhere = name in self.recipe or name in self.augmentation
        return name in self.options or (self.any_option and not elsewhere)

    def defaults(
        self, space: SearchSpace, builder: Callable[..., Any], recipe: Recipe, options: Values
    ) -> dict[str, Any] | None:
        """The values of the default, if all of them lie in the space."""
        known = inspect.signature(builder).parameters
        augmentation = recipe.augmentation or Augmentation()
        found: dict[str, Any] = {}
        for name, one in space.items():
            if self._is_option(name):
                value = options.get(name, getattr(known.get(name), "default", None))
            else:
                value = getattr(recipe if name in self.recipe else augmentation, name)
            if value not in one:
                return None
            found[name] = value
        return found

    def refuse_unknown(self, space: SearchSpace, model: str) -> None:
        """Raise a TuningError for a name that is nothing that a search may vary."""
        every = (*self.options, *self.recipe, *self.augmentation)
        for name in space:
            if name in _NOT_OF_A_SEARCH or not (self._is_option(name) or name in every):
                near = difflib.get_close_matches(name, every, n=1)
                raise TuningError(
                    f"The search space has {name!r}, which a search of {model} cannot vary."
                    + (f" Did you mean {near[0]!r}?" if near else "")
                    + f" Options of the model: {_listing(self.options)}; settings of the recipe: "
                    f"{_listing(self.recipe)}; of its augmentation: {_listing(self.augmentation)}."
                )

    def refuse_senseless(
        self,
        space: SearchSpace,
        recipe: Recipe,
        options: Mapping[str, Any],
        build: Callable[[Recipe, Mapping[str, Any]], object],
    ) -> None:
        """Try the default, and what is at the ends of each range; a TuningError if that fails.

        Parameters
        ----------
        space : mapping
        recipe : Recipe
        options : mapping
            Of the default.
        build : function
            Builds the model of a recipe and options; called where options are varied.
        """
        build(recipe, options)
        for name, one in space.items():
            for value in one.ends:
                try:
                    with_value = self.apply({name: value}, recipe, options)
                    if self._is_option(name):
                        build(*with_value)
                except Exception as error:  # a builder raises what it likes
                    raise TuningError(
                        f"The search space has {name}={one!r}, which makes no sense at {value!r}: "
                        f"{error}"
                    ) from error


def _settings_of(kind: type[Recipe | Augmentation]) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind) if one.name not in _NOT_OF_A_SEARCH)


def _listing(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def suggest(trial: optuna.Trial, space: SearchSpace) -> dict[str, Any]:
    """What a trial is to try."""
    return {name: _suggested(trial, name, one) for name, one in space.items()}


def _suggested(trial: optuna.Trial, name: str, one: Choice | Range) -> Any:
    if isinstance(one, Choice):
        return trial.suggest_categorical(name, one.values)
    if one.whole:
        return trial.suggest_int(name, int(one.low), int(one.high), log=one.log)
    return rounded(trial.suggest_float(name, one.low, one.high, log=one.log), one)


def rounded(value: float, within: Range) -> float:
    """A number as short as people write it, still within its range."""
    return min(max(float(f"{value:.{_DIGITS}g}"), within.low), within.high)


def distributions_of(space: SearchSpace) -> dict[str, Any]:
    """The space in Optuna's terms, for a trial whose values are known."""
    from optuna import distributions

    def distribution(one: Choice | Range) -> Any:
        if isinstance(one, Choice):
            return distributions.CategoricalDistribution(one.values)
        if one.whole:
            return distributions.IntDistribution(int(one.low), int(one.high), log=one.log)
        return distributions.FloatDistribution(one.low, one.high, log=one.log)

    return {name: distribution(one) for name, one in space.items()}


def tried(params: Values, space: SearchSpace) -> dict[str, Any]:
    """The values of a trial that Optuna tells, as they were tried."""
    return {
        name: rounded(params[name], one)
        if isinstance(one, Range) and not one.whole
        else params[name]
        for name, one in space.items()
        if name in params
    }

"""What a search is: the model and its default, the space, and the images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnistkit.comparison import Contender
from mnistkit.comparison.contender import Entrant, entrants_of
from mnistkit.comparison.one_model import forget_model, trainer_of
from mnistkit.comparison.splits import digest, splits_of
from mnistkit.datasets import Dataset, Split
from mnistkit.errors import TuningError
from mnistkit.models import MODELS, Recipe, SearchSpace, search_space_of, space_for
from mnistkit.models.search_space import checked_space
from mnistkit.training.description import as_json
from mnistkit.tuning.space import Names, Values, tried

FORMAT = 1
_HELD_OUT = 1 / 6  # of the images that the winner will be trained on


@dataclass(frozen=True, eq=False)
class Plan:
    """What a search is.

    Attributes
    ----------
    entrant : Entrant
        The default: the model, with its recipe and options.
    space : mapping
    names : Names
    train, validation : Split
        What trials are trained on, and measured on. The images that the winner is measured on in
        the end are in neither.
    held_out_by : {"writer", "class"}
        How both were set aside.
    seed : int
    """

    entrant: Entrant
    space: SearchSpace
    names: Names
    train: Split
    validation: Split
    held_out_by: Literal["writer", "class"]
    seed: int

    @property
    def recipe(self) -> Recipe:
        """The default's."""
        assert self.entrant.recipe is not None  # one that trains in its own way was refused
        return self.entrant.recipe

    @property
    def builder(self) -> Callable[..., Any]:
        """The function that builds the model."""
        return _builder(self.entrant)

    def with_values(self, values: Values) -> tuple[Recipe, dict[str, Any]]:
        """The recipe and the options of a trial."""
        defaults = self.defaults
        if defaults is not None and values == tried(defaults, self.space):
            return self.recipe, dict(self.entrant.options)
        return self.names.apply(values, self.recipe, self.entrant.options)

    @property
    def defaults(self) -> dict[str, Any] | None:
        """The default's values, if they lie in the space."""
        return self.names.defaults(self.space, self.builder, self.recipe, self.entrant.options)

    @property
    def settings(self) -> dict[str, Any]:
        """What must be the same for all who work on one study, as JSON can hold it."""
        parts = {"train": self.train, "validation": self.validation}
        settings: dict[str, Any] = as_json(
            {
                "format": FORMAT,
                **self.entrant.settings,
                "space": {name: one.to_dict() for name, one in self.space.items()},
                "data": {
                    name: {"name": part.name, "num_images": len(part), "digest": digest(part)}
                    for name, part in parts.items()
                },
                "seed": self.seed,
            }
        )
        return settings


def plan_of(
    model: str | Callable[..., Any],
    data: Dataset | str,
    *,
    space: SearchSpace | None,
    recipe: Recipe | str | None,
    options: Mapping[str, Any] | None,
    seed: int,
) -> Plan:
    """Look up everything, and refuse what makes no sense.

    Raises
    ------
    TuningError
        If the space has an unknown name or an empty range, or the model trains in its own way.
    UnknownNameError, AmbiguousNameError, PluginError, OptionError, RecipeError, ModelError
        If the model is none that can be trained.
    """
    splits = splits_of(data, "holdout", (), robustness=False)
    assert splits.held_out_by is not None  # these are no test images
    contender = Contender(model, recipe=recipe, options=options, title="default")
    (entrant,) = entrants_of([contender], len(splits.train.classes))
    if entrant.trains_itself or entrant.recipe is None:
        raise TuningError(
            f"{entrant.model_name!r} trains in its own way, so there is no recipe to search. Tune "
            "a function that builds a model."
        )
    if "accuracy" not in entrant.recipe.metrics:
        raise TuningError(
            f"The recipe measures {', '.join(entrant.recipe.metrics) or 'nothing'}; a search goes "
            "by the accuracy: put 'accuracy' among its metrics."
        )
    builder = _builder(entrant)
    chosen = search_space_of(builder) if space is None else checked_space(space)
    chosen = chosen or space_for(entrant.recipe)
    names = Names.of(builder)
    names.refuse_unknown(chosen, repr(entrant.model_name))
    train, validation = splits.train.holdout(_HELD_OUT, by=splits.held_out_by, seed=1)
    try:
        names.refuse_senseless(
            chosen,
            entrant.recipe,
            entrant.options,
            lambda recipe, options: trainer_of(entrant.model, recipe, options, train),
        )
    finally:
        forget_model()
    return Plan(entrant, chosen, names, train, validation, splits.held_out_by, seed)


def _builder(entrant: Entrant) -> Callable[..., Any]:
    return entrant.model if callable(entrant.model) else MODELS.get(entrant.model)

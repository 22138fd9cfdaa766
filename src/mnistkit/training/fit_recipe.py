"""The recipe of one fit: the trainer's, with what `fit` was told, and on the data that it gets."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from mnistkit.errors import RecipeError
from mnistkit.models import Augmentation, Recipe
from mnistkit.training.data import TrainingData


def recipe_for_fit(
    recipe: Recipe,
    epochs: int | None,
    initial_epoch: int | None,
    batch_size: int | None,
    augmentation: Any,
) -> Recipe:
    """A recipe with what `fit` was told in place of its own; epochs are those of this fit.

    Raises
    ------
    RecipeError
        If an argument makes no sense.
    """
    given = {"epochs": epochs, "batch_size": batch_size}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if augmentation is not None:  # a function takes the place of the recipe's settings
        is_settings = isinstance(augmentation, Augmentation)
        changes["augmentation"] = augmentation if is_settings else None
    return _from_epoch(recipe.replace(**changes), initial_epoch)


def recipe_on_data(recipe: Recipe, data: TrainingData, batch_size: int | None) -> Recipe:
    """The same with the batches that data comes in, if it comes in batches.

    Raises
    ------
    RecipeError
        If another `batch_size` was asked for.
    """
    if data.batch_size is None:
        return recipe
    if batch_size is not None:
        raise RecipeError(
            f"batch_size={batch_size}: a tf.data.Dataset has batches of its own, here of "
            f"{data.batch_size}. Leave it out, or write dataset.unbatch().batch({batch_size})."
        )
    return recipe.replace(batch_size=data.batch_size)


def with_enough_epochs(recipe: Recipe, data: TrainingData) -> Recipe:
    """The same with more epochs if the images are so few that its `min_steps` asks for it."""
    if not data.says_its_length:
        return recipe
    return recipe.with_enough_epochs(data.steps_per_epoch(recipe.batch_size))


def _from_epoch(recipe: Recipe, initial_epoch: int | None) -> Recipe:
    """A recipe whose epochs are counted from 0, for a fit that begins with another one.

    Raises
    ------
    RecipeError
        If there is no such epoch.
    """
    if initial_epoch is None:
        return recipe
    if not isinstance(initial_epoch, Integral) or not 0 <= initial_epoch < recipe.epochs:
        raise RecipeError(
            f"initial_epoch={initial_epoch!r}: expected a whole number from 0 to below "
            f"epochs={recipe.epochs}, which is where the fit ends. Without initial_epoch it "
            "goes on with the next epoch, and epochs says how many to train."
        )
    return recipe.replace(epochs=recipe.epochs - int(initial_epoch))

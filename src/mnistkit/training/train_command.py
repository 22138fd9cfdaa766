"""The command that repeats a run, if there is one that gives the very same training."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from mnistkit.datasets import Dataset, Split
from mnistkit.errors import MnistKitError
from mnistkit.models import MODELS, Recipe, recipes_of
from mnistkit.training.data import training_data
from mnistkit.training.description import Description, temperature_in
from mnistkit.training.repetition import Repetition, is_a_scripts, option_words, recipe_words

if TYPE_CHECKING:
    import keras

_DECIMALS = (1, 2, 3, 4)
_WAYS: tuple[Literal["class", "writer"], ...] = ("class", "writer")


def train_command(
    description: Description, model: keras.Model, data: Dataset | None, folder: str
) -> Repetition:
    """The command that repeats a run.

    Parameters
    ----------
    description : dict
        What the run's folder says.
    model : keras.Model
        The trained one.
    data : Dataset or None
        The data set that the run says it was trained on, to hold the parts against.
    folder : str
        What to call the folder.
    """
    obstacle = next(_obstacles(description, data), None)
    if obstacle is None and data is not None:
        part = _part_options(description, model, data)
        if part is not None:
            words = [*_model_words(description), *part, "--seed", str(description["seed"])]
            command = f"{shlex.join(words)} --out {shlex.quote(folder)}"
            return Repetition(command, "console", _calibration(description))
        obstacle = (
            f"its {description['data']['num_images']:,} images to train on are a part of "
            f"{description['data']['loaded_as']!r} that was chosen in Python"
        )
    return Repetition("", "none", f"No single command repeats this run: {obstacle}.")


def _calibration(description: Description) -> str:
    """What was done to the probabilities after the training."""
    temperature = temperature_in(description)
    if temperature == 1:
        return ""
    return f"After the training it was calibrated, to the temperature {temperature:.4g}."


def _obstacles(description: Description, data: Dataset | None) -> Iterator[str]:
    """Why no command can repeat a run."""
    model = description["model"]
    if description["status"] == "not trained":
        yield "it was not trained by a Trainer"
    if "name" not in model:
        yield "its model was made in Python, without a name; its folder holds all of it"
    if is_a_scripts(model.get("name", "")):
        yield f"its model is the function {model['name']!r} of a script"
    if model.get("weights"):
        yield f"it began with the weights {model['weights']!r}"
    if description["earlier_fits"] or description.get("parent") or description.get("first_epoch"):
        yield "its model had been trained before"
    if description.get("changed_after_fit"):
        yield "its model was changed after the training"
    if (
        description.get("callbacks")
        or description.get("code")
        or description.get("own_augmentation")
    ):
        yield "it was trained with callbacks or code of its own"
    if description.get("example_weights") or description.get("inputs", "images") != "images":
        yield "its images have weights, or are no images of 0 to 255"
    if not _is_compiled_by_recipe(description):
        yield "its model was compiled in Python"
    if data is None:
        yield "its data has no name by which it can be loaded"


def _is_compiled_by_recipe(description: Description) -> bool:
    recipe, compiled = description["recipe"], description.get("compiled")
    optimizer = compiled.get("optimizer") if isinstance(compiled, dict) else None
    if not isinstance(compiled, dict) or not isinstance(optimizer, dict):
        return False
    named = str(optimizer.get("class_name")).casefold() == recipe["optimizer"].casefold()
    losses = [recipe["loss"]] if not recipe["label_smoothing"] else [compiled.get("loss")]
    return (
        named
        and compiled.get("loss") in losses
        and compiled.get("metrics") == list(recipe["metrics"])
        and not compiled.get("weighted_metrics")
    )


def _model_words(description: Description) -> list[str]:
    """The model with its options, and the recipe with what differs."""
    model, recipe = description["model"], description["recipe"]
    words = ["mnistkit", "train", model["name"], "--dataset", description["data"]["loaded_as"]]
    usual = {"num_classes", "input_shape", *model["defaults"]}
    words += option_words({n: v for n, v in model["options"].items() if n not in usual})
    chosen, differing = _nearest_recipe(model["name"], recipe)
    if chosen is not None:
        words += ["--recipe", chosen]
    return [*words, *recipe_words(recipe, differing)]


def _nearest_recipe(model: str, recipe: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """The model's recipe with the fewest differences, None for its first, and the differences."""
    if ":" in model:  # a function is not called because a file names it
        recipes: Mapping[str, Recipe] = {}
    else:
        recipes = recipes_of(MODELS.get(model))
    if not recipes:
        usual = Recipe().to_dict()
        # Of a function it is not known what its recipe is, so everything is said.
        return None, [name for name in recipe if ":" in model or recipe[name] != usual[name]]
    found = {
        name: [one for one, value in usual.to_dict().items() if recipe.get(one) != value]
        for name, usual in recipes.items()
    }
    nearest = min(found, key=lambda name: len(found[name]))
    return (None if nearest == next(iter(recipes)) else nearest), found[nearest]


def _part_options(description: Description, model: keras.Model, data: Dataset) -> list[str] | None:
    """The options that give the images it was trained on, as their digests say; None if none do."""
    seed, wanted = description["seed"], description["data"]
    for words, rest, held_out in _divisions(data.train, description["validation"], seed):
        size = wanted["num_images"]
        if size > len(rest):
            continue
        part = rest if size == len(rest) else rest.take(size, by="class", seed=seed)
        try:
            found = training_data(model, part, held_out, seed=seed)
        except MnistKitError:
            continue
        if found.train_record() == {**wanted} and (
            held_out is None or found.validation_record() == description["validation"]
        ):
            return words if part is rest else [*words, "--train-size", str(size)]
    return None


def _divisions(
    train: Split, validation: Mapping[str, Any] | None, seed: int
) -> Iterator[tuple[list[str], Split, Split | None]]:
    """Ways to set aside as many images as were."""
    if validation is None:
        yield [], train, None
        return
    share = validation["num_images"] / len(train)
    for fraction in dict.fromkeys(round(share, decimals) for decimals in _DECIMALS):
        for by in _WAYS:
            try:
                rest, held_out = train.holdout(fraction, by=by, seed=seed)
            except MnistKitError:
                continue
            if len(held_out) == validation["num_images"]:
                words = ["--validation", f"{fraction:g}"]
                yield [*words, "--validation-by", by] if by == "writer" else words, rest, held_out

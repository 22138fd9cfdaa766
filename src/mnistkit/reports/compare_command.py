"""The commands that repeat a comparison, or the Python where commands cannot."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Literal

from mnistkit.comparison import Comparison, Contender, ContenderResult
from mnistkit.errors import MnistKitError
from mnistkit.models import MODELS, choose_recipe, recipes_of
from mnistkit.training.repetition import Repetition, is_a_scripts

_INDENT = "    "


def compare_command(comparison: Comparison, dataset: str) -> Repetition:
    """The commands that repeat a comparison.

    Parameters
    ----------
    comparison : Comparison
    dataset : str
        The name of its data set, as digests have shown; empty if it is not known.
    """
    folder = "" if comparison.run_dir is None else comparison.run_dir.name
    groups = _by_seeds(comparison.contenders)
    commands = [
        _command(comparison, dataset, folder, seeds, some)
        for seeds, every in groups.items()
        for some in _by_recipe(every)
    ]
    if dataset and all(commands) and (folder or len(commands) == 1):
        return Repetition("\n".join(map(str, commands)), "console")
    calls = [_call(comparison, dataset, folder, *group) for group in groups.items()]
    notes = []
    if any(is_a_scripts(one.model) for one in comparison.contenders):
        notes.append("names without quotation marks are functions of the script")
    if not dataset:
        data = comparison.name or "images"
        notes.append(f"data stands for the data set that was given then ({data})")
    note = "; ".join(notes)
    code = "\n".join(["import mnistkit", "", *calls])
    return Repetition(code, "python", f"{note[:1].upper()}{note[1:]}." if note else "")


def _by_seeds(results: Sequence[ContenderResult]) -> dict[int, list[ContenderResult]]:
    """The contenders by how many seeds they have, those that failed among them."""
    groups: dict[int, list[ContenderResult]] = {}
    for one in results:
        count = max((*one.evaluations, *one.errors), default=0) + 1
        groups.setdefault(count, []).append(one)
    return groups


def _by_recipe(results: Sequence[ContenderResult]) -> list[list[ContenderResult]]:
    """The contenders by the recipe's name, which a command has for all of them."""
    groups: dict[object, list[ContenderResult]] = {}
    for one in results:
        groups.setdefault(_recipe_name(one), []).append(one)
    return list(groups.values())


def _command(
    comparison: Comparison,
    dataset: str,
    folder: str,
    seeds: int,
    results: Sequence[ContenderResult],
) -> str | None:
    """A command for contenders of one recipe's name; None if there is no such command."""
    recipe = _recipe_name(results[0])
    if recipe is False or any(is_a_scripts(one.model) for one in results):
        return None
    words = ["mnistkit", "compare", *(one.model for one in results)]
    words += ["--dataset", dataset, "--seeds", str(seeds)]
    words += ["--recipe", str(recipe)] if recipe else []
    words += ["--test"] if comparison.on == "test" else []
    words += [word for name in comparison.also_on for word in ("--also-on", name)]
    words += ["--robustness"] if comparison.kinds else []
    words += ["--out", folder] if folder else []
    return shlex.join(words)


def _recipe_name(one: ContenderResult) -> str | Literal[False] | None:
    """The name that gives its recipe, None for the model's first one; False if no name does."""
    if one.options:
        return False
    if ":" in one.model or is_a_scripts(one.model):
        usual = Contender(one.model).name
        if one.title == usual:
            return None
        return one.title.removeprefix(f"{usual}, ") if one.title.startswith(f"{usual}, ") else False
    try:
        recipes = recipes_of(MODELS.get(one.model))
        for name in (None, *recipes):
            if Contender(one.model, recipe=name).name == one.title and (
                one.recipe is None or choose_recipe(recipes, name, one.model) == one.recipe
            ):
                return name
    except MnistKitError:
        return False
    return False


def _call(
    comparison: Comparison,
    dataset: str,
    folder: str,
    seeds: int,
    results: Sequence[ContenderResult],
) -> str:
    """A call of `mnistkit.compare`."""
    arguments = [
        "[\n" + "".join(f"{2 * _INDENT}{_contender(one)},\n" for one in results) + f"{_INDENT}]",
        repr(dataset) if dataset else "data",
        f"seeds={seeds}",
    ]
    arguments += ['on="test"'] if comparison.on == "test" else []
    arguments += [f"also_on={list(comparison.also_on)!r}"] if comparison.also_on else []
    arguments += ["robustness=True"] if comparison.kinds else []
    arguments += [f"run_dir={folder!r}"] if folder else []
    lines = "".join(f"{_INDENT}{one},\n" for one in arguments)
    return f"mnistkit.compare(\n{lines})"


def _contender(one: ContenderResult) -> str:
    """A contender as Python."""
    is_function = ":" in one.model and is_a_scripts(one.model)
    model = one.model.rpartition(":")[2].rpartition(".")[2] if is_function else repr(one.model)
    recipe = _recipe_name(one)
    if recipe is None:
        return model
    settings = []
    if recipe:
        settings.append(f"recipe={recipe!r}")
    elif one.recipe is not None:
        recipe_code = repr(one.recipe).replace("Augmentation(", "mnistkit.Augmentation(")
        settings.append(f"recipe=mnistkit.{recipe_code}")
    if one.options:
        settings.append(f"options={dict(one.options)!r}")
    if not recipe:
        settings.append(f"title={one.title!r}")
    return f"mnistkit.Contender({', '.join([model, *settings])})"

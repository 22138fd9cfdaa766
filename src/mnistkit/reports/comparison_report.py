"""The page of a comparison."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from mnistkit.comparison import (
    Comparison,
    ContenderResult,
    Cost,
    MeasuredImages,
    measured_images,
)
from mnistkit.comparison import comparison_table as tables
from mnistkit.comparison.contender import folder_name
from mnistkit.datasets import Dataset
from mnistkit.errors import RunFolderError
from mnistkit.reports.compare_command import compare_command
from mnistkit.reports.facts import Facts, data_fact, machine_facts, settings_facts
from mnistkit.reports.figures import comparison_figure
from mnistkit.reports.interval_strip import strips, with_names
from mnistkit.reports.model_section import ModelSection, model_section
from mnistkit.reports.page import render
from mnistkit.reports.robustness_table import RobustnessTable, table_of
from mnistkit.training.description import Description
from mnistkit.training.history_file import History
from mnistkit.training.run_folder import RunFolder

if TYPE_CHECKING:
    from markupsafe import Markup

_MISTAKES, _FEWER_MISTAKES, _FEW_CONTENDERS = 18, 12, 4


@dataclass(frozen=True)
class TableRow:
    """A contender's row: its cells as text, and what went wrong with it."""

    cells: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of the contenders: the titles of the columns, and the rows."""

    titles: tuple[str, ...]
    rows: tuple[TableRow, ...]


def comparison_page(comparison: Comparison, data: Dataset | str | None) -> str:
    """The page of a comparison."""
    images = measured_images(comparison, data)
    accuracies = comparison.accuracies
    differences = () if accuracies is None else accuracies.differences
    measured, costs = _tables(comparison)
    described = list(_descriptions(comparison))
    return render(
        "comparison.html",
        title=_title(comparison),
        comparison=comparison,
        lead=_lead(comparison),
        strips=strips(differences),
        alone=() if differences or accuracies is None else tuple(map(str, accuracies.contenders)),
        note=_note(comparison),
        measured=measured,
        costs=costs,
        figure=None if accuracies is None else comparison_figure(comparison),
        sections=_sections(comparison, images),
        robustness=_robustness(comparison, images),
        repetition=compare_command(comparison, images.dataset),
        facts=_facts(comparison, described),
        version=described[0]["versions"].get("mnistkit", "") if described else "",
    )


def _title(comparison: Comparison) -> str:
    titles = [one.title for one in comparison.contenders]
    if len(titles) > 3:
        return f"Which of these {len(titles)} is best?"
    return f"{', '.join(titles[:-1])} or {titles[-1]}?" if len(titles) > 1 else titles[0]


def _lead(comparison: Comparison) -> Markup | None:
    """Of more than two contenders, which is the best, if that can be told."""
    accuracies = comparison.accuracies
    if accuracies is None or len(accuracies.differences) < 2:
        return None
    names = tuple(one.name for one in accuracies.contenders)
    told = [(one.better, {one.first, one.second}) for one in accuracies.differences if one.better]
    beaten = {name for better, pair in told for name in pair - {better}}
    best = tuple(name for name in names if name not in beaten)
    wins = [better for better, _ in told]
    if len(best) == 1 and wins.count(best[0]) == len(names) - 1:
        return with_names(f"`{best[0]}` is better than each of the others.", names)
    if not told:
        return with_names("No difference can be told between any of them.", ())
    listed = " or ".join(f"`{name}`" for name in best)
    return with_names(
        f"No single one can be told to be the best; none is better than {listed}.", names
    )


def _note(comparison: Comparison) -> str:
    accuracies = comparison.accuracies
    pairs = 0 if accuracies is None else len(accuracies.differences)
    parts = [f"Measured on {comparison.what}."]
    if accuracies is not None and accuracies.num_writers is not None:
        parts.append(f"Intervals count {accuracies.num_writers:,} writers, not single images.")
    if pairs > 1:
        parts.append(f"Differences are corrected for {pairs} pairs (Holm).")
    if accuracies is not None and any(not one.training_included for one in accuracies.contenders):
        parts.append("One seed says nothing of the chance in training.")
    if comparison.on == "holdout":
        parts.append("The test images were not touched.")
    return " ".join(parts)


def _tables(comparison: Comparison) -> tuple[Table, Table]:
    """What was measured, and what it costs."""
    rows = tables.rows_of(comparison.contenders, comparison.accuracies)
    columns = tables.columns(comparison.also_on, robustness=bool(comparison.kinds))
    of_cost = {one.name for one in fields(Cost)}
    first = columns[0]
    halves = (
        [one for one in columns if one.name not in of_cost],
        [first, *(one for one in columns if one.name in of_cost)],
    )
    measured, costs = (
        Table(
            tuple(column.title for column in half),
            tuple(
                TableRow(tuple(column.cell(row) for column in half), _errors(row.result))
                for row in rows
            ),
        )
        for half in halves
    )
    return measured, costs


def _errors(one: ContenderResult) -> tuple[str, ...]:
    """What went wrong with a contender, the same with several seeds once."""
    seeds: dict[str, list[int]] = {}
    for seed, error in one.errors.items():
        seeds.setdefault(" ".join(error.split()), []).append(seed)
    return tuple(
        f"Failed with seed{'s' if len(some) > 1 else ''} {', '.join(map(str, some))}: {error}"
        for error, some in seeds.items()
    )


def _sections(comparison: Comparison, images: MeasuredImages) -> tuple[ModelSection, ...]:
    shown = [one for one in comparison.contenders if one.evaluations]
    count = _MISTAKES if len(shown) <= _FEW_CONTENDERS else _FEWER_MISTAKES
    return tuple(
        _section(comparison, one, images, f"contender-{number}", count)
        for number, one in enumerate(shown, start=1)
    )


def _section(
    comparison: Comparison, one: ContenderResult, images: MeasuredImages, name: str, count: int
) -> ModelSection:
    seed = _median_seed(one)
    several = len(one.evaluations) > 1
    return model_section(
        images.split,
        one.evaluations[seed],
        title=one.title,
        name=name,
        note=f"Seed {seed}, the training with the median accuracy." if several else "",
        history=_history(comparison, one, seed),
        every=tuple(one.evaluations.values()),
        count=count,
    )


def _median_seed(one: ContenderResult) -> int:
    """The training with the median accuracy; of two in the middle the lower one."""
    accuracies = {seed: result.accuracy for seed, result in one.evaluations.items()}
    middle = statistics.median_low(accuracies.values())
    return next(seed for seed, accuracy in accuracies.items() if accuracy == middle)


def _run_folder(comparison: Comparison, one: ContenderResult, seed: int) -> RunFolder | None:
    if comparison.run_dir is None:
        return None
    return RunFolder(comparison.run_dir / folder_name(one.title) / f"seed-{seed}")


def _history(comparison: Comparison, one: ContenderResult, seed: int) -> History:
    """What was measured in each epoch; empty if it was not kept."""
    folder = _run_folder(comparison, one, seed)
    try:
        return {} if folder is None else folder.history
    except RunFolderError:
        return {}


def _descriptions(comparison: Comparison) -> Iterator[Description]:
    """What the runs' folders say, of each contender its first one."""
    for one in comparison.contenders:
        for seed in list(one.evaluations)[:1]:
            folder = _run_folder(comparison, one, seed)
            if folder is not None and folder.status is not None:
                yield folder.description


def _robustness(comparison: Comparison, images: MeasuredImages) -> RobustnessTable | None:
    sound = [one for one in comparison.contenders if one.corrupted and one.evaluations]
    return table_of(
        {
            kind: {
                one.title: statistics.fmean(each.accuracy for each in one.corrupted[kind].values())
                for one in sound
            }
            for kind in comparison.kinds
            if sound
        },
        images.split,
    )


def _facts(comparison: Comparison, described: list[Description]) -> tuple[Facts, ...]:
    data = tuple(
        data_fact(what, {"name": name, "num_images": count}, comparison.digests.get(part, "-"))
        for what, part, name, count in (
            ("trained on", "train", comparison.loaded_as, comparison.num_train),
            ("measured on", "measured", comparison.name, comparison.num_measured),
        )
    )
    recipes = (
        settings_facts(
            f"Recipe of {one.title}",
            {"model": one.model, **one.options, **(one.recipe.to_dict() if one.recipe else {})},
        )
        for one in comparison.contenders
    )
    machines = dict.fromkeys(facts for one in described for facts in machine_facts(one))
    return (*recipes, Facts("Data", data), *machines)

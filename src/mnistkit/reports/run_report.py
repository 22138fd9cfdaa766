"""The page of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mnistkit.comparison import Comparison, Cost, load_comparison, measured_images
from mnistkit.comparison.comparison_table import cost_cells
from mnistkit.comparison.contender import folder_name
from mnistkit.comparison.cost import untimed_cost
from mnistkit.comparison.splits import digest
from mnistkit.datasets import Dataset, Split, load_dataset
from mnistkit.errors import ReportError, RunFolderError
from mnistkit.evaluation import Evaluation
from mnistkit.messages import shown
from mnistkit.reports.compare_command import compare_command
from mnistkit.reports.facts import Facts, data_fact, machine_facts, settings_facts
from mnistkit.reports.model_section import model_section
from mnistkit.reports.page import render
from mnistkit.reports.robustness_table import RobustnessTable, robustness_table
from mnistkit.training import Trainer
from mnistkit.training.description import Description
from mnistkit.training.repetition import Repetition
from mnistkit.training.run_folder import RunFolder
from mnistkit.training.saved_model import Builder
from mnistkit.training.train_command import train_command

_MISTAKES = 36


def run_page(
    folder: Path, data: Dataset | Split | str | None, builder: Builder | str | None
) -> str:
    """The page of the run in a folder."""
    description = _checked_description(folder)
    if not isinstance(data, Split):
        within = _comparison_around(folder)
        if within is not None:
            return _page_of_measured(folder, description, data, *within)
    dataset = _dataset(description, data, folder)
    split = dataset if isinstance(dataset, Split) else dataset.test
    trainer = Trainer.load(folder, builder=builder)
    loaded_as = (description["data"] or {}).get("loaded_as")
    known = dataset if isinstance(dataset, Dataset) else None
    if known is not None and (not loaded_as or known.train.loaded_as != loaded_as):
        known = None
    return _page(
        description,
        split,
        trainer.evaluate(split),
        title=description["model"].get("name") or trainer.model.name,
        history=trainer.history,
        cost=untimed_cost(trainer.model, float(description.get("duration", 0.0))),
        robustness=None,
        repetition=train_command(description, trainer.model, known, folder.name),
    )


def _checked_description(folder: Path) -> Description:
    """What the folder says of the run; what the page goes on from is of the right type.

    Raises
    ------
    RunFolderError
        If it is not.
    """
    description = RunFolder(folder).description
    types = {"name": str, "loaded_as": str, "num_images": int, "sha256": str}
    for part in ("data", "validation"):
        record = description.get(part)
        if record is None:
            continue
        if not isinstance(record, dict) or not all(
            isinstance(record.get(name), kind) for name, kind in types.items()
        ):
            raise RunFolderError(
                f"{str(folder / 'run.json')!r} is damaged: {part!r} is {shown(record)}; expected "
                f"{', '.join(types)} of images. Restore it from a copy, or train again."
            )
    return description


def _comparison_around(folder: Path) -> tuple[Comparison, str, int] | None:
    """The comparison that a run is part of, the contender and the seed; None if it is of none."""
    if not (folder.parent.parent / "comparison.json").exists():
        return None
    comparison = load_comparison(folder.parent.parent)
    for one in comparison.contenders:
        for seed in one.evaluations:
            if folder.parts[-2:] == (folder_name(one.title), f"seed-{seed}"):
                return comparison, one.title, seed
    return None


def _page_of_measured(
    folder: Path,
    description: Description,
    data: Dataset | str | None,
    comparison: Comparison,
    title: str,
    seed: int,
) -> str:
    """The page of a run that a comparison has measured: on no other images than it has."""
    images = measured_images(comparison, data)
    one = comparison[title]
    corrupted = {kind: {title: seeds[seed]} for kind, seeds in one.corrupted.items()}
    return _page(
        description,
        images.split,
        one.evaluations[seed],
        title=f"{title}, seed {seed}",
        history=RunFolder(folder).history,
        cost=one.costs[seed],
        robustness=robustness_table(corrupted, images.split),
        repetition=compare_command(comparison, images.dataset),
    )


def _dataset(
    description: Description, data: Dataset | Split | str | None, folder: Path
) -> Dataset | Split:
    if isinstance(data, Dataset | Split):
        return data
    if data is None:
        data = (description["data"] or {}).get("loaded_as") or ""
        if not isinstance(data, str) or not data or ":" in data:
            told = f"the data of the function {shown(data)}" if data else "data without a name"
            raise ReportError(
                f"The run in {str(folder)!r} was trained on {told}, so it is not known what to "
                "measure it on. Give the data: data=..., or --dataset NAME."
            )
    return load_dataset(data)


def _page(
    description: Description,
    split: Split,
    result: Evaluation,
    *,
    title: str,
    history: Mapping[str, Sequence[float]],
    cost: Cost,
    robustness: RobustnessTable | None,
    repetition: Repetition,
) -> str:
    return render(
        "run.html",
        title=title,
        result=result,
        verdict=_verdict(result),
        section=model_section(
            split, result, title=title, name="model", history=history, count=_MISTAKES
        ),
        cost=cost,
        costs=cost_cells(cost),
        robustness=robustness,
        repetition=repetition,
        facts=_facts(description, split),
        version=description["versions"].get("mnistkit", ""),
    )


def _verdict(result: Evaluation) -> str:
    low, high = result.accuracy_interval
    whose = "of the writers" if "writer" in result.interval_method else "of the images"
    return (
        f"{result.accuracy:.2%} of {result.num_examples:,} images are read correctly; "
        f"{100 * low:.2f} to {100 * high:.2f}% with the chance in the choice {whose} (95% "
        "interval). It is one training: another seed gives another model, and that chance is not "
        "in the interval."
    )


def _facts(description: Description, split: Split) -> tuple[Facts, ...]:
    model = description["model"]
    about = {"name": model.get("name"), **model.get("options", {}), "seed": description["seed"]}
    about |= {"epochs done": description["epochs_done"]}
    about |= {"temperature": description.get("temperature")}  # where it was calibrated
    trained = [
        data_fact(what, data, data["sha256"][:32])
        for what, data in (
            ("trained on", description["data"]),
            ("validated on", description.get("validation")),
        )
        if data
    ]
    measured = data_fact(
        "measured on", {"name": split.name, "num_images": len(split)}, digest(split)
    )
    return (
        settings_facts("Model", about),
        settings_facts("Recipe", description["recipe"]),
        Facts("Data", (*trained, measured)),
        *machine_facts(description),
    )

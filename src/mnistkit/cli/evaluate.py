"""``mnistkit evaluate``: measure a saved model."""

from __future__ import annotations

import json
from pathlib import Path

import click

from mnistkit.cli.local_code import allow_local_code
from mnistkit.errors import UnknownNameError


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--dataset", metavar="NAME", help="What to test on; by default what it was trained on."
)
@click.option(
    "--builder",
    metavar="MODULE:FUNCTION",
    help="The function that builds the model, if it was trained by one that has no name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate(folder: Path, dataset: str | None, builder: str | None, as_json: bool) -> None:
    """Measure the model saved in FOLDER on the test images of a data set."""
    from mnistkit.datasets import load_dataset
    from mnistkit.training.run_folder import RunFolder

    allow_local_code(dataset, builder)
    data = load_dataset(dataset or _checked(RunFolder(folder).data_name, folder))
    from mnistkit.quiet import quiet_tensorflow

    quiet_tensorflow()
    from mnistkit.training import Trainer

    result = Trainer.load(folder, builder=builder).evaluate(data.test)
    click.echo(json.dumps(result.to_dict(), indent=2) if as_json else result.report())


def _checked(trained_on: str, folder: Path) -> str:
    """The name of what a run was trained on, if that is something that can be loaded by name."""
    from mnistkit.datasets import DATASETS

    if not trained_on:
        raise click.UsageError(
            f"The run in {str(folder)!r} was not trained on data that was loaded by a name. "
            "Give --dataset NAME."
        )
    if ":" in trained_on:  # whatever it is, a file alone cannot have it called
        raise click.UsageError(
            f"The run in {str(folder)!r} was trained on the data of the function {trained_on!r}. A "
            "function is not called because a file names it. If you trust it, give --dataset "
            f"{trained_on}."
        )
    try:
        DATASETS.find(trained_on)
    except UnknownNameError:
        raise click.UsageError(
            f"The run in {str(folder)!r} was trained on {trained_on!r}, which is not the name of "
            "a data set. Give --dataset NAME, or module:function."
        ) from None
    return trained_on

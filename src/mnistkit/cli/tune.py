"""``mnistkit tune``: search for better settings, and say whether they are better."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from mnistkit.cli.local_code import allow_local_code
from mnistkit.cli.names import refuse_unknown
from mnistkit.cli.search_space import as_space
from mnistkit.cli.settings import as_settings
from mnistkit.packages import require

_OF_THE_DATA = dict.fromkeys(("num_classes", "input_shape"), "follows from the data set")


@click.command()
@click.argument("model")
@click.option(
    "--dataset",
    metavar="NAME",
    default="mnist",
    show_default=True,
    help="What to train and measure on.",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many trials in all, those of earlier calls and other machines counted.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For how long to begin new trials.",
)
@click.option(
    "--space",
    "spaces",
    multiple=True,
    metavar="NAME=VALUES",
    help="What to try in place of what the model declares, such as 'width=choice(8, 16)' or "
    "'learning_rate=log_uniform(0.001, 0.02)'; can be given several times.",
)
@click.option(
    "--recipe", metavar="NAME", help="The recipe to surpass; by default the model's first one."
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the model that stays, such as width=32; can be given several times.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="How many times to train winner and default for the verdict; 0 for a search alone.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Fixes what is tried, and how.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to keep the trials in; repeated with it, what is done is not done again.",
)
@click.option(
    "--storage",
    metavar="FILE|URL",
    help="Where the study is kept: a file, or a database's URL. All who name the same one share "
    "the work. By default a file in the folder.",
)
@click.option(
    "--study",
    metavar="NAME",
    default="mnistkit",
    show_default=True,
    help="The study's name, for several in one storage.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="How to print the result: text or json.",
)
def tune(
    model: str,
    dataset: str,
    trials: int | None,
    timeout: float | None,
    spaces: tuple[str, ...],
    recipe: str | None,
    options: tuple[str, ...],
    seeds: int,
    seed: int,
    out: Path | None,
    storage: str | None,
    study: str,
    form: Literal["text", "json"],
) -> None:
    """Search for better settings of MODEL, and say whether they are better than the default.

    MODEL is one of 'mnistkit models', or module:function. Trials are trained and measured on parts
    of the training images; the winner and the default are then trained anew, and measured on a part
    that no trial has seen. The same command on several machines, with a folder or a storage that
    they share, shares the work; a trial whose process dies is taken up again.
    """
    if trials is None and timeout is None:
        raise click.UsageError("A search needs an end: --trials N, --timeout SECONDS, or both.")
    model_options = as_settings("--option", options, _OF_THE_DATA)
    space = as_space(spaces)
    allow_local_code(model, dataset)
    refuse_unknown([model], [dataset])
    require("optuna", to="search for better settings")
    from mnistkit.quiet import quiet_tensorflow

    quiet_tensorflow()
    import mnistkit

    tuning = mnistkit.tune(
        model,
        dataset,
        trials=trials,
        timeout=timeout,
        space=space,
        recipe=recipe,
        options=model_options or None,
        seeds=seeds,
        seed=seed,
        run_dir=out,
        storage=storage,
        study=study,
    )
    if form == "json":
        click.echo(tuning.to_json())
        return
    click.echo(str(tuning))
    if tuning.better is False:
        click.echo("Keep the default settings.")
    elif tuning.training_command is not None:
        click.echo(f"Train the winner on all images: {tuning.training_command}")
    if out is None and storage is None:
        click.echo("Not kept; --out FOLDER would have kept the trials.", err=True)

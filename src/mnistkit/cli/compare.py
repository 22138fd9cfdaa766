"""``mnistkit compare``: train models from several seeds, and say which is better."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Literal

import click

from mnistkit.cli.local_code import allow_local_code
from mnistkit.cli.names import refuse_unknown


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--dataset",
    metavar="NAME",
    default="mnist",
    show_default=True,
    help="What to train and measure on.",
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many times to train each model.",
)
@click.option(
    "--recipe", metavar="NAME", help="A recipe that all have; by default each one's first."
)
@click.option(
    "--test",
    is_flag=True,
    help="Train on all training images and measure on the test images: for the end, once.",
)
@click.option(
    "--also-on",
    multiple=True,
    metavar="NAME",
    help="Measure on this data set's test images too; can be given several times.",
)
@click.option(
    "--robustness",
    is_flag=True,
    help="Measure under MNIST-C's 15 corruptions too, made again.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to keep the runs in; repeated with it, what is done is not done again.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Train so many at a time, in processes of their own, which share the processors.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "csv", "json"]),
    default="text",
    show_default=True,
    metavar="FORMAT",
    help="How to print the result: text, markdown, csv or json.",
)
def compare(
    models: tuple[str, ...],
    dataset: str,
    seeds: int,
    recipe: str | None,
    test: bool,
    also_on: tuple[str, ...],
    robustness: bool,
    out: Path | None,
    jobs: int,
    form: Literal["text", "markdown", "csv", "json"],
) -> None:
    """Train each MODEL from several seeds, measure all on the same images, and say who is better.

    MODEL is one of 'mnistkit models', or module:function. They are measured on a sixth of the
    training images, by writers that none of them has seen, where the writers are known. The exit
    status is 1 if a training failed; the others are told all the same.
    """
    allow_local_code(*models, dataset, *also_on)
    refuse_unknown(models, (dataset, *also_on))
    from mnistkit.quiet import quiet_tensorflow

    quiet_tensorflow()
    import mnistkit

    with _workers(jobs) as executor:
        comparison = mnistkit.compare(
            [mnistkit.Contender(model, recipe=recipe) for model in models],
            dataset,
            seeds=seeds,
            on="test" if test else "holdout",
            run_dir=out,
            executor=executor,
            also_on=also_on,
            robustness=robustness,
        )
    write = {
        "text": comparison.__str__,
        "markdown": comparison.to_markdown,
        "csv": comparison.to_csv,
        "json": comparison.to_json,
    }[form]
    click.echo(write().rstrip("\n"))
    if out is None:
        click.echo("Not kept; --out FOLDER would have kept the runs.", err=True)
    if comparison.errors:
        raise SystemExit(1)


@contextlib.contextmanager
def _workers(jobs: int) -> Iterator[Executor | None]:
    """Processes of their own for several trainings at a time; none for one."""
    if jobs == 1:
        yield None
        return
    from mnistkit.quiet import quiet_tensorflow

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=quiet_tensorflow) as executor:
        yield executor

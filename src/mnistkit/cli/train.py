"""``mnistkit train``: train, measure, save."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mnistkit.cli.local_code import allow_local_code
from mnistkit.cli.names import refuse_unknown
from mnistkit.cli.settings import as_settings, recipe_settings

if TYPE_CHECKING:
    from mnistkit.datasets import Dataset, Split

_OF_THE_DATA = "follows from the data set, or has an option of its own"
_OPTIONS_ELSEWHERE = {
    **dict.fromkeys(("num_classes", "input_shape", "seed"), _OF_THE_DATA),
    "model": "is the argument MODEL",
}


@click.command()
@click.argument("model")
@click.option(
    "--dataset",
    metavar="NAME",
    default="mnist",
    show_default=True,
    help="What to train and test on.",
)
@click.option(
    "--recipe", metavar="NAME", help="One of the model's recipes; by default its first one."
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="An option of the model, such as width=32; can be given several times.",
)
@click.option(
    "--recipe-option",
    "recipe_options",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another setting of the recipe, such as weight_decay=0.01; can be given several times.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="In place of the recipe's.")
@click.option("--batch-size", type=click.IntRange(min=1), help="In place of the recipe's.")
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="The highest learning rate, in place of the recipe's.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Fixes what is left to chance: initial weights, order and choice of the images.",
)
@click.option(
    "--train-size",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train on so many images, drawn at random, of each class its share.",
)
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share of the training images to set aside and measure after every epoch.",
)
@click.option(
    "--validation-by",
    type=click.Choice(["class", "writer"]),
    help="Set aside the same share of every class (the default), or all images of some writers.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to save the run to, step by step; without one it is only measured.",
)
@click.option("--resume", is_flag=True, help="Continue the run in the folder, if there is one.")
@click.option("--overwrite", is_flag=True, help="Replace a run that is in the folder already.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "xla", "graph", "keras"]),
    default="auto",
    show_default=True,
    metavar="ENGINE",
    help="How to train: xla or graph (compiled programs), keras (its own fit), or auto.",
)
def train(
    model: str,
    dataset: str,
    recipe: str | None,
    options: tuple[str, ...],
    recipe_options: tuple[str, ...],
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    seed: int,
    train_size: int | None,
    validation: float | None,
    validation_by: Literal["class", "writer"] | None,
    out: Path | None,
    resume: bool,
    overwrite: bool,
    engine: Literal["auto", "xla", "graph", "keras"],
) -> None:
    """Train MODEL, measure it on the test images, and save it.

    MODEL is one of 'mnistkit models', or module:function. A run that is interrupted, even killed,
    can be continued with --resume, to the very same weights.
    """
    if resume and (out is None or overwrite):
        raise click.UsageError("--resume needs --out FOLDER, and excludes --overwrite.")
    if validation_by and validation is None:
        raise click.UsageError("--validation-by goes with --validation SHARE.")
    model_options = as_settings("--option", options, _OPTIONS_ELSEWHERE)
    settings = recipe_settings(recipe_options)
    if learning_rate is not None:
        settings["learning_rate"] = learning_rate
    allow_local_code(model, dataset)
    _refuse_what_would_fail_later(model, dataset, out, replacing=resume or overwrite)
    from mnistkit.datasets import load_dataset

    data = load_dataset(dataset)
    train_part, held_out = _parts(data, train_size, validation, validation_by or "class", seed)
    from mnistkit.quiet import quiet_tensorflow

    quiet_tensorflow()
    from mnistkit.models import builder_of, choose_recipe, create_model, recipes_of
    from mnistkit.training import Trainer
    from mnistkit.training.run_folder import RunFolder

    if resume and out is not None and RunFolder(out).status == "finished":
        click.echo("The run is finished, and is not trained again.", err=True)
    built = create_model(
        model,
        num_classes=len(data.classes),
        input_shape=data.train.images.shape[1:],
        seed=seed,
        **model_options,
    )
    chosen = choose_recipe(recipes_of(builder_of(built)), recipe, repr(model)).replace(**settings)
    trainer = Trainer(built, recipe=chosen, seed=seed, run_dir=out, engine=engine)
    trainer.fit(
        train_part,
        validation=held_out,
        epochs=epochs,
        batch_size=batch_size,
        resume=resume,
        overwrite=overwrite and out is not None,
    )
    click.echo(str(trainer.evaluate(data.test)))
    if out is None:
        click.echo("Not saved; --out FOLDER would have saved it.", err=True)
        return
    click.echo(f"Saved to {out}")


def _parts(
    dataset: Dataset,
    size: int | None,
    validation: float | None,
    by: Literal["class", "writer"],
    seed: int,
) -> tuple[Split, Split | None]:
    """What to train on, and what to measure after every epoch."""
    train, held_out = dataset.train, None
    if validation is not None:
        train, held_out = train.holdout(validation, by=by, seed=seed)
    if size is not None:
        if size > len(train):
            raise click.UsageError(
                f"--train-size {size}: there are {len(train):,} images to train on."
            )
        train = train.take(size, by="class", seed=seed)
    return train, held_out


def _refuse_what_would_fail_later(
    model: str, dataset: str, out: Path | None, *, replacing: bool
) -> None:
    """Look before anything takes long; imports no plugin and no TensorFlow."""
    from mnistkit.models.keras_settings import require_keras
    from mnistkit.training.run_folder import RunFolder

    if out is not None:
        if not replacing:
            RunFolder(out).refuse_existing()
        _refuse_unwritable(out)
    refuse_unknown([model], [dataset])
    require_keras()


def _refuse_unwritable(out: Path) -> None:
    existing = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    problem = "cannot be written to" if existing.is_dir() else "is not a folder"
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise click.UsageError(
            f"The run cannot be saved to {str(out)!r}: {str(existing)!r} {problem}."
        )

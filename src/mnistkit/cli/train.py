"""``mnistkit train``: train, measure, save."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("model")
@click.option("--dataset", default="mnist", show_default=True, help="What to train and test on.")
@click.option("--recipe", help="One of the model's recipes by name; the first by default.")
@click.option("--epochs", type=click.IntRange(min=1), help="In place of the recipe's.")
@click.option("--batch-size", type=click.IntRange(min=1), help="In place of the recipe's.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--validation",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="The share of the training images to set aside and measure after every epoch.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to save the trained model to.",
)
@click.option("--overwrite", is_flag=True, help="Replace a run that is in the folder already.")
def train(
    model: str,
    dataset: str,
    recipe: str | None,
    epochs: int | None,
    batch_size: int | None,
    seed: int,
    validation: float | None,
    out: Path | None,
    overwrite: bool,
) -> None:
    """Train MODEL, measure it on the test images, and save it.

    MODEL is one of 'mnistkit models', or module:function.
    """
    from mnistkit.training.run_folder import refuse_existing

    if out is not None and not overwrite:
        refuse_existing(out)
    from mnistkit.models import MODELS

    MODELS.get(model)  # a misspelt name should not have to wait for TensorFlow
    from mnistkit.datasets import load_dataset

    data = load_dataset(dataset)
    from mnistkit.quiet import quiet_tensorflow

    quiet_tensorflow()
    from mnistkit.models import create_model
    from mnistkit.training import Trainer

    built = create_model(
        model,
        num_classes=len(data.classes),
        input_shape=data.train.images.shape[1:],
        seed=seed,
    )
    trainer = Trainer(built, recipe=recipe, seed=seed)
    trainer.fit(data.train, validation=validation, epochs=epochs, batch_size=batch_size)
    click.echo(str(trainer.evaluate(data.test)))
    if out is not None:
        trainer.save(out)
        click.echo(f"Saved to {out}")

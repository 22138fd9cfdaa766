"""``mnistkit export``: write a saved model as a file that runs elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from mnistkit.cli.local_code import allow_local_code


@click.command()
@click.argument("folder", metavar="RUN", type=click.Path(file_okay=False, path_type=Path))
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["onnx", "litert", "saved_model"]),
    metavar="FORMAT",
    help="One of onnx, litert and saved_model; by default what the name of FILE ends with.",
)
@click.option(
    "--quantize",
    type=click.Choice(["int8"]),
    metavar="int8",
    help="Compute with 8-bit integers, for LiteRT: a quarter of the size.",
)
@click.option(
    "--input",
    "input_type",
    type=click.Choice(["uint8", "float32"]),
    default="uint8",
    show_default=True,
    metavar="TYPE",
    help="What the file takes: uint8 from 0 to 255, or float32 from 0 to 1.",
)
@click.option(
    "--output",
    type=click.Choice(["probabilities", "logits"]),
    default="probabilities",
    show_default=True,
    metavar="OUTPUT",
    help="What the file returns: calibrated probabilities, or logits.",
)
@click.option(
    "--dataset",
    metavar="NAME",
    help="What to check the file on; by default what the run was trained on.",
)
@click.option(
    "--builder",
    metavar="MODULE:FUNCTION",
    help="The function that builds the model, if it was trained by one that has no name.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def export(
    folder: Path,
    path: Path,
    file_format: Literal["onnx", "litert", "saved_model"] | None,
    quantize: Literal["int8"] | None,
    input_type: Literal["uint8", "float32"],
    output: Literal["probabilities", "logits"],
    dataset: str | None,
    builder: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write the model saved in RUN to FILE, for programs without Keras.

    FILE is model.onnx, model.tflite (LiteRT), or the folder of a SavedModel. It is run on test
    images, and kept only if it does what the model does.
    """
    from mnistkit.datasets import load_dataset
    from mnistkit.exporting.formats import format_of
    from mnistkit.exporting.output_path import new_output_path

    allow_local_code(dataset, builder)
    place = new_output_path(path, overwrite=overwrite)  # before anything takes long
    format_of(place, file_format, quantize)
    data = None if dataset is None else load_dataset(dataset)
    from mnistkit.quiet import quiet_tensorflow, standard_error_closed

    quiet_tensorflow()
    from mnistkit.exporting import export as write
    from mnistkit.training import Trainer

    trainer = Trainer.load(folder, builder=builder)
    with standard_error_closed():  # the converters' messages; what fails is raised
        exported = write(
            trainer,
            path,
            format=file_format,
            quantize=quantize,
            input_type=input_type,
            output=output,
            data=data,
            overwrite=overwrite,
        )
    click.echo(json.dumps(exported.to_dict(), indent=2) if as_json else str(exported))

"""``mnistkit weights``: make the files with which a package offers trained weights."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--out",
    "folder",
    required=True,
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to put the files; a folder of your package.",
)
@click.option(
    "--name", help="What weights=NAME will take; by default the data set that RUN was trained on."
)
@click.option(
    "--also-on",
    multiple=True,
    metavar="DATASET",
    help="Measure on these test images, too; may be given several times.",
)
@click.option("--licence", metavar="TEXT", help="What holds for the weights.")
@click.option("--overwrite", is_flag=True, help="Replace such files that are there already.")
def weights(
    run: Path,
    folder: Path,
    name: str | None,
    also_on: tuple[str, ...],
    licence: str | None,
    overwrite: bool,
) -> None:
    """Make the files with which a package offers the trained weights of RUN.

    Three files: the weights as plain numbers, an ONNX network, checked beside Keras, and a card
    that says what it was trained on and how, and how good it is. The package names FOLDER in an
    entry point of the group mnistkit.weights.
    """
    from mnistkit.cli.local_code import allow_local_code
    from mnistkit.cli.names import refuse_unknown
    from mnistkit.quiet import quiet_tensorflow, standard_error_closed

    allow_local_code(*also_on)
    refuse_unknown([], also_on)
    from mnistkit.exporting.package_weights import checked_name, package_weights

    name = checked_name(run, folder, name, overwrite=overwrite)  # before anything takes long
    quiet_tensorflow()

    with standard_error_closed():  # the converter's messages; what fails is raised
        card = package_weights(
            run, folder, name=name, also_on=also_on, licence=licence, overwrite=overwrite
        )
    click.echo(str(card))

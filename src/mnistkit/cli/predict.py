"""``mnistkit predict``: read the digits in pictures."""

from __future__ import annotations

import csv
import glob
import io
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from mnistkit.cli.local_code import allow_local_code
from mnistkit.cli.tables import print_table
from mnistkit.errors import MissingPackageError, PictureError
from mnistkit.images.names import is_litter, is_picture_name
from mnistkit.packages import require
from mnistkit.progress import progress
from mnistkit.recognition.reading import percent

if TYPE_CHECKING:
    import keras

    from mnistkit.recognition import Explanation, Reading

_STANDARD_INPUT = "-"
_LONGEST = 250  # characters of a name that is looked for; a longer one is an error of its own


@click.command()
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@click.option(
    "--model",
    default="cnn",
    show_default=True,
    metavar="NAME",
    help="A model that comes trained, an ONNX file of 'mnistkit export', or a saved run's folder.",
)
@click.option(
    "--builder",
    metavar="MODULE:FUNCTION",
    help="The function that builds the model of the saved run, if it has no name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of comma-separated values.")
@click.option(
    "--explain",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw how the picture was read, and write it to this file.",
)
def predict(
    pictures: tuple[str, ...],
    model: str,
    builder: str | None,
    as_json: bool,
    as_csv: bool,
    explain: Path | None,
) -> None:
    """Read the digits in pictures: files, folders of files, patterns, or - for standard input."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    paths = _expanded(pictures)
    if explain and len(paths) != 1:
        raise click.UsageError(f"--explain draws one picture; {len(paths):,} were given.")
    if explain and paths[0] == _STANDARD_INPUT:
        raise click.UsageError("--explain takes the name of a file, not standard input.")
    _print_any_name()
    chosen = _model(model, builder)
    readings = _explained(paths[0], chosen, explain) if explain else _readings(paths, chosen)
    if len(paths) > 1 and not ((as_json or as_csv) and sys.stdout.isatty()):
        readings = _with_progress(readings, len(paths))
    if as_json:
        failed = _print_json(readings)
    elif as_csv:
        failed = _print_csv(readings)
    elif len(paths) == 1:
        failed = _print_one(next(readings))
    else:
        failed = _print_all(readings)
    if failed:
        sys.exit(1)


def _expanded(pictures: Iterable[str]) -> list[str]:
    """Files as they are, the pictures of folders, and what matches a pattern; none twice."""
    paths: dict[str, None] = {}
    for picture in pictures:
        if picture == _STANDARD_INPUT or len(picture) > _LONGEST or Path(picture).is_file():
            found = [picture]
        elif Path(picture).is_dir():
            found = _pictures_in(picture)
        else:
            # Not every shell does this; and a file that is missing is reported among the others.
            found = sorted(glob.glob(picture)) or [picture]  # noqa: PTH207  (absolute patterns too)
        paths.update(dict.fromkeys(found))
    return list(paths)


def _pictures_in(folder: str) -> list[str]:
    try:
        inside = sorted(Path(folder).iterdir())
    except OSError as error:
        raise click.UsageError(f"The folder {folder!r} cannot be read ({error}).") from error
    # Hidden files are nobody's pictures, and a FIFO would block forever. A link that leads nowhere
    # is reported among the others.
    found = [
        path
        for path in inside
        if is_picture_name(path.name)
        and not (is_litter(path.name) or path.name.startswith("."))
        and (path.is_file() or not path.exists())
    ]
    if not found:
        raise click.UsageError(f"There are no pictures in the folder {folder!r}.")
    return list(map(str, found))


def _print_any_name() -> None:
    """Let no file name that this terminal or pipe cannot show end the command half-way."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


# Reading ##########################################################################################


def _readings(paths: list[str], model: str | keras.Model) -> Iterator[Reading]:
    """Read one picture after the other; a mistake in the model is found before the first."""
    from mnistkit.recognition.loading import load_network
    from mnistkit.recognition.recognize import iterate_readings

    return _named(paths, iterate_readings(map(_source, paths), load_network(model)))


def _named(paths: list[str], readings: Iterator[Reading]) -> Iterator[Reading]:
    for path, reading in zip(paths, readings, strict=True):
        yield replace(reading, source=path)


def _source(path: str) -> str | BinaryIO:
    if path != _STANDARD_INPUT:
        return path
    if sys.stdin is None:
        raise click.UsageError("There is no standard input to read a picture from.")
    return sys.stdin.buffer


def _explained(path: str, model: str | keras.Model, out: Path) -> Iterator[Reading]:
    from mnistkit.recognition import Reading, explain

    try:
        explanation = explain(path, model=model)
    except PictureError as error:
        return iter([Reading(source=path, error=error)])
    _draw(explanation, out)
    return iter([explanation.reading])


def _draw(explanation: Explanation, out: Path) -> None:
    require("matplotlib", to="draw a plot")
    import matplotlib as mpl

    mpl.use("Agg")  # a window is not wanted, and there may be no screen
    from mnistkit.plots import plot_recognition

    figure = plot_recognition(explanation)
    try:
        figure.savefig(out, dpi=150)
    except (OSError, ValueError) as error:  # ValueError: a suffix that matplotlib does not know
        raise click.ClickException(f"{str(out)!r} cannot be written ({error}).") from error


def _model(model: str, builder: str | None) -> str | keras.Model:
    """The model as `recognize` takes it: a name, a file, a run's folder, or what was built."""
    is_folder = len(model) < _LONGEST and Path(model).is_dir()
    if builder and not is_folder:
        raise click.UsageError("--builder goes with --model FOLDER, the folder of a saved run.")
    if is_folder:  # then TensorFlow is needed
        from mnistkit.quiet import quiet_tensorflow

        try:
            quiet_tensorflow()
        except MissingPackageError as error:
            error.add_note(
                "An ONNX file needs neither: write one with 'mnistkit export' elsewhere."
            )
            raise
    if not builder:
        return model
    from mnistkit.training import Trainer

    allow_local_code(builder)
    return Trainer.load(model, builder=builder).model


def _with_progress(readings: Iterator[Reading], count: int) -> Iterator[Reading]:
    with progress("Reading", count) as advance:
        for reading in readings:
            yield reading
            advance(1)


# Printing #########################################################################################


def _print_one(reading: Reading) -> bool:
    if reading.error:
        click.echo(f"Error: {reading.error}", err=True)
        return True
    for digit in reading:
        words = "".join(f"  {warning}" for warning in digit.warnings)
        click.echo(f"{digit.label}  {percent(digit.probability)}{words}")
    for warning in reading.warnings:
        click.echo(warning, err=bool(reading))
    return False


def _print_all(readings: Iterator[Reading]) -> bool:
    failed: list[Reading] = []

    def rows() -> Iterator[tuple[str, ...]]:
        for reading in readings:
            if reading.error:
                failed.append(reading)
            else:
                sure = percent(reading.probability) if reading else ""
                yield reading.source, reading.text, sure, "; ".join(reading.all_warnings)

    print_table(("picture", "digits", "probability", "remarks"), rows(), folding={"remarks"})
    for reading in failed:
        click.echo(f"Error: {reading.error}", err=True)
    return bool(failed)


def _print_json(readings: Iterator[Reading]) -> bool:
    """Print an array, a line a picture, as they come: there may be more than fit into memory."""
    failed, before = False, "[\n"
    for reading in readings:
        click.echo(before + json.dumps(reading.to_dict()), nl=False)
        failed, before = failed or bool(reading.error), ",\n"
    click.echo("\n]")
    return failed


def _print_csv(readings: Iterator[Reading]) -> bool:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("picture", "digits", "probability", "warnings", "error"))
    failed = False
    for reading in readings:
        error = "" if reading.error is None else str(reading.error)
        failed = failed or bool(error)
        sure = f"{reading.probability:.6f}" if reading else ""
        table.writerow((reading.source, reading.text, sure, "; ".join(reading.all_warnings), error))
    return failed

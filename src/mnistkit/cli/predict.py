"""``mnistkit predict``: read the digits in pictures."""

from __future__ import annotations

import csv
import glob
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from mnistkit.cli.tables import print_table

if TYPE_CHECKING:
    from mnistkit.recognition import Reading

_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
_STANDARD_INPUT = "-"


@click.command()
@click.argument("pictures", nargs=-1, required=True, metavar="PICTURE...")
@click.option(
    "--model",
    default="cnn",
    show_default=True,
    metavar="NAME",
    help="A model that comes trained, or the folder of a saved run.",
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
    pictures: tuple[str, ...], model: str, as_json: bool, as_csv: bool, explain: Path | None
) -> None:
    """Read the digits in pictures: files, folders of files, patterns, or - for standard input."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other.")
    paths = _expanded(pictures)
    if explain and len(paths) != 1:
        raise click.UsageError(f"--explain draws one picture; {len(paths):,} were given.")
    from mnistkit.recognition.network import network_of
    from mnistkit.recognition.recognize import iterate_readings

    if explain:
        _explain(paths[0], model, explain)
    network = network_of(model)
    readings = iterate_readings(map(_source, _progress(paths)), network)
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
        if picture == _STANDARD_INPUT or Path(picture).is_file():
            found = [picture]
        elif Path(picture).is_dir():
            inside = sorted(Path(picture).iterdir())
            found = [str(path) for path in inside if path.suffix.lower() in _SUFFIXES]
            if not found:
                raise click.UsageError(f"There are no pictures in the folder {picture!r}.")
        else:
            # Not every shell does this; and a file that is missing is reported among the others.
            found = sorted(glob.glob(picture)) or [picture]  # noqa: PTH207  (absolute patterns too)
        paths.update(dict.fromkeys(found))
    return list(paths)


def _source(path: str) -> str | BinaryIO:
    return sys.stdin.buffer if path == _STANDARD_INPUT else path


def _progress(paths: list[str]) -> Iterable[str]:
    if len(paths) < 2 or not sys.stderr.isatty():
        return paths
    from rich.console import Console
    from rich.progress import track

    return track(paths, description="Reading", console=Console(stderr=True), transient=True)


def _explain(path: str, model: str, out: Path) -> None:
    if path == _STANDARD_INPUT:
        raise click.UsageError("--explain takes the name of a file, not standard input.")
    import matplotlib as mpl

    mpl.use("Agg")  # a window is not wanted, and there may be no screen
    from mnistkit.plots import plot_recognition

    try:
        plot_recognition(path, model=model).savefig(out)  # type: ignore[union-attr]
    except (OSError, ValueError) as error:
        if not isinstance(error, OSError) and "ormat" not in str(error):
            raise
        raise click.ClickException(f"{str(out)!r} cannot be written ({error}).") from error


def _print_one(reading: Reading) -> bool:
    if reading.error:
        click.echo(f"Error: {reading.error}", err=True)
        return True
    for digit in reading:
        words = "".join(f"  {warning}" for warning in digit.warnings)
        click.echo(f"{digit.label}  {_percent(digit.probability)}{words}")
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
                sure = _percent(reading.probability) if reading else ""
                yield reading.source, reading.text, sure, _words(reading)

    print_table(("picture", "digits", "probability", "remarks"), rows(), folding={"remarks"})
    for reading in failed:
        click.echo(f"Error: {reading.error}", err=True)
    return bool(failed)


def _percent(probability: float) -> str:
    """No network is certain, so 100.0% is not said."""
    return ">99.9%" if probability > 0.9994 else f"{probability:.1%}"


def _words(reading: Reading) -> str:
    """All warnings, each once."""
    every = (*reading.warnings, *(word for digit in reading for word in digit.warnings))
    return "; ".join(dict.fromkeys(every))


def _print_json(readings: Iterator[Reading]) -> bool:
    every = [reading.to_dict() for reading in readings]
    click.echo(json.dumps(every, indent=2))
    return any(each["error"] for each in every)


def _print_csv(readings: Iterator[Reading]) -> bool:
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(("picture", "digits", "probability", "warnings", "error"))
    failed = False
    for reading in readings:
        error = "" if reading.error is None else str(reading.error)
        failed = failed or bool(error)
        sure = f"{reading.probability:.6f}" if reading else ""
        table.writerow((reading.source, reading.text, sure, _words(reading), error))
    return failed

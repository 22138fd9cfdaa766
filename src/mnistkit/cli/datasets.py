"""``mnistkit datasets``: list, fetch and verify."""

from __future__ import annotations

import click

from mnistkit.cli.local_code import allow_local_code
from mnistkit.cli.tables import print_table


@click.group(invoke_without_command=True)
@click.pass_context
def datasets(context: click.Context) -> None:
    """List, fetch and verify data sets."""
    if context.invoked_subcommand is None:
        _print_catalogue()


@datasets.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def fetch(names: tuple[str, ...]) -> None:
    """Download data sets, and make them ready for use.

    What is here already is not downloaded again, unless it is damaged.
    """
    from mnistkit.datasets import DATASETS, load_dataset
    from mnistkit.datasets.local_files import replace_damaged_files

    allow_local_code(*names)
    for name in names:
        DATASETS.get(name)  # a misspelt name should not have to wait for another's download
    for name in names:
        replace_damaged_files(name)
        click.echo(repr(load_dataset(name)).strip("<>"))


@datasets.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
def verify(names: tuple[str, ...]) -> None:
    """Check the files on this disk against the catalogue's hashes.

    Without a NAME every data set of which there is a file is checked. Damaged files are named, not
    removed, and end the command with status 1; 'mnistkit datasets fetch' replaces them.
    """
    from mnistkit.datasets.local_files import check_files

    checks = list(check_files(names or None))
    if not checks:
        click.echo("There are no files to check.", err=True)
        return
    print_table(
        ("data set", "file", "state"),
        [(check.dataset, check.path.name, check.state) for check in checks],
        folding=("file", "state"),
    )
    damaged = [check for check in checks if check.is_damaged]
    if damaged:
        files = "\n".join(f"  {check.path}" for check in damaged)
        owners = " ".join(dict.fromkeys(check.dataset for check in damaged))
        raise click.ClickException(
            f"{len(damaged)} of {len(checks)} files cannot be used:\n{files}\n"
            f"'mnistkit datasets fetch {owners}' replaces what is damaged."
        )


def _print_catalogue() -> None:
    from mnistkit.datasets.local_files import catalogue_rows

    rows = [
        (
            row.name,
            row.title,
            _megabytes(row.download_size),
            "yes" if row.on_disk else "",
            row.licence,
        )
        for row in catalogue_rows()
    ]
    print_table(
        ("name", "what it is", "download", "here", "licence"),
        rows,
        folding=("what it is", "licence"),
    )


def _megabytes(size: int | None) -> str:
    return "?" if size is None else f"{size / 1e6:.0f} MB" if size else "none"

"""``mnistkit datasets``: list, fetch and verify."""

from __future__ import annotations

import click

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
    """Download data sets, and make them ready for use."""
    from mnistkit.datasets import load_dataset

    for name in names:
        click.echo(repr(load_dataset(name)).strip("<>"))


@datasets.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
def verify(names: tuple[str, ...]) -> None:
    """Check the files on this disk against the catalogue's hashes.

    Without a NAME every data set of which there is a file is checked. Damaged files are named, not
    removed: the next use replaces them.
    """
    from mnistkit.datasets.inventory import check_files

    rows, damaged = [], 0
    for check in check_files(names or None):
        damaged += check.is_damaged
        rows.append((check.dataset, check.path.name, check.state))
    if not rows:
        click.echo("There are no downloaded files yet.")
        return
    print_table(("data set", "file", "state"), rows)
    if damaged:
        raise click.ClickException(
            f"{damaged} damaged; 'mnistkit datasets fetch NAME' replaces them."
        )


def _print_catalogue() -> None:
    from mnistkit.datasets.inventory import catalogue

    rows = [
        (
            row.name,
            row.title,
            _megabytes(row.download_size),
            "yes" if row.on_disk else "",
            row.licence,
        )
        for row in catalogue()
    ]
    print_table(("name", "what it is", "download", "here", "licence"), rows)


def _megabytes(size: int | None) -> str:
    return "?" if size is None else f"{size / 1e6:.0f} MB" if size else "none"

"""``mnistkit models``: list models."""

from __future__ import annotations

import click

from mnistkit.cli.tables import print_table


@click.command()
@click.argument("pattern", default="*")
def models(pattern: str) -> None:
    """List models; with a PATTERN, those whose name matches it.

    PATTERN is shell-style, for example "dense*". No plugin is imported.
    """
    from mnistkit.models import MODELS

    entries = MODELS.entries(pattern)
    if not entries:
        raise click.ClickException(
            f"No model matches {pattern!r}. 'mnistkit models' lists all of them."
        )
    rows = [
        (
            entry.name,
            entry.origin,
            entry.provider,
            f"{entry.target} (hidden by {entry.hidden_by})" if entry.hidden_by else entry.target,
        )
        for entry in entries
    ]
    print_table(("name", "origin", "provider", "function"), rows, folding=("provider", "function"))

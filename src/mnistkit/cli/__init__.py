"""The command line: thin, parses first, imports late."""

from __future__ import annotations

from mnistkit.cli.commands import cli

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    cli(prog_name="mnistkit")

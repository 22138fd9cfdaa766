"""The command line: thin, parses first, imports late."""

from __future__ import annotations

import os
import sys

from mnistkit.cli.commands import cli

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    if not sys.flags.safe_path:
        # For module:function. Last, so that no file that lies here hides an installed package.
        sys.path.append(os.getcwd())  # noqa: PTH109  (sys.path takes text)
    cli(prog_name="mnistkit")

"""The tree of commands; each command's work is in a file of its own, imported when it runs."""

from __future__ import annotations

import importlib
from typing import Any

import click

from mnistkit.errors import MnistKitError

_COMMANDS = {
    "compare": "mnistkit.cli.compare:compare",
    "datasets": "mnistkit.cli.datasets:datasets",
    "evaluate": "mnistkit.cli.evaluate:evaluate",
    "export": "mnistkit.cli.export:export",
    "models": "mnistkit.cli.models:models",
    "predict": "mnistkit.cli.predict:predict",
    "report": "mnistkit.cli.report:report",
    "train": "mnistkit.cli.train:train",
    "tune": "mnistkit.cli.tune:tune",
    "weights": "mnistkit.cli.weights:weights",
}
_HELP = {
    "compare": "Train models from several seeds, and say which is better.",
    "datasets": "List, fetch and verify data sets.",
    "evaluate": "Measure a saved model.",
    "export": "Write a saved model as ONNX, LiteRT or SavedModel.",
    "models": "List models.",
    "predict": "Read the digits in your own pictures.",
    "report": "Write a run or a comparison as one page.",
    "train": "Train a model, measure it, and save it.",
    "tune": "Search for better settings, and say whether they are better.",
    "weights": "Make the files with which a package offers trained weights.",
}


class LazyGroup(click.Group):
    """A group that imports a command when it runs, and shows our errors without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Name the commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Describe the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_HELP.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run, and turn mnistkit's own errors into a message."""
        try:
            return super().invoke(ctx)
        except MnistKitError as error:
            notes = "\n".join(getattr(error, "__notes__", []))
            raise click.ClickException(f"{error}\n{notes}".rstrip()) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mnistkit", message="%(prog)s %(version)s")
def cli() -> None:
    """Handwritten digits: data sets, models, training, evaluation."""

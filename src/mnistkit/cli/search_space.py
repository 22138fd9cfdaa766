"""Search spaces on the command line: NAME=choice(8, 16), written as in Python, but never run."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mnistkit.errors import TuningError

if TYPE_CHECKING:
    from mnistkit.models import Choice, Range

_FORM = (
    "expected NAME=choice(8, 16, 24), NAME=uniform(0, 0.5), NAME=log_uniform(0.001, 0.02) or "
    "NAME=whole(1, 4), in quotes"
)


def as_space(given: Sequence[str]) -> dict[str, Choice | Range] | None:
    """What is to be tried, by name; None if nothing was given.

    Parameters
    ----------
    given : sequence of str
    """
    space: dict[str, Choice | Range] = {}
    for text in given:
        name, equals, written = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise click.UsageError(f"--space {text!r}: {_FORM}.")
        if name in space:
            raise click.UsageError(f"--space {text!r}: {name} was given before.")
        space[name] = _read(written, text)
    return space or None


def _read(written: str, text: str) -> Choice | Range:
    from mnistkit.models import choice, log_uniform, uniform, whole

    known = {one.__name__: one for one in (choice, uniform, log_uniform, whole)}
    try:
        call = ast.parse(written.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise click.UsageError(f"--space {text!r}: {_FORM}.")
        function = known[call.func.id]
        values = [ast.literal_eval(one) for one in call.args]
        named = {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
        return function(*values, **named)
    except TuningError as error:
        raise click.UsageError(f"--space {text!r}: {error}") from error
    except (SyntaxError, ValueError, KeyError, TypeError) as error:
        raise click.UsageError(f"--space {text!r}: {_FORM}.") from error

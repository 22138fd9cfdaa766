"""Settings on the command line: NAME=VALUE, for models and recipes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import click

_OPTIONS_OF_THEIR_OWN = {
    name: f"has an option of its own, --{name.replace('_', '-')}"
    for name in ("epochs", "batch_size", "learning_rate")
}


def as_settings(option: str, given: Sequence[str], elsewhere: Mapping[str, str]) -> dict[str, Any]:
    """Names and values; a value is a number, true, false, null, JSON, or else text.

    Parameters
    ----------
    option : str
        What they were given with, for messages.
    given : sequence of str
    elsewhere : mapping of str to str
        Names that are refused, and where they belong.
    """
    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"{option} {text!r}: expected NAME=VALUE, such as width=32.")
        if name in elsewhere:
            raise click.UsageError(f"{option} {text!r}: {name} {elsewhere[name]}.")
        if name in settings:
            raise click.UsageError(f"{option} {text!r}: {name} was given before.")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


def recipe_settings(given: Sequence[str]) -> dict[str, Any]:
    """What is to differ in a recipe, by names that a recipe has."""
    from mnistkit.models import Recipe

    settings = as_settings("--recipe-option", given, _OPTIONS_OF_THEIR_OWN)
    known = [one.name for one in fields(Recipe)]
    for name in settings:
        if name not in known:
            others = ", ".join(one for one in known if one not in _OPTIONS_OF_THEIR_OWN)
            raise click.UsageError(
                f"--recipe-option {name}=...: a recipe has no such setting; it has {others}."
            )
    return settings

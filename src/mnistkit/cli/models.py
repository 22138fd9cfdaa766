"""``mnistkit models``: list models."""

from __future__ import annotations

import inspect

import click

from mnistkit.cli.tables import print_table
from mnistkit.errors import MnistKitError
from mnistkit.quiet import standard_error_closed


def _description(name: str) -> str:
    """Everything that is known of one model."""
    from mnistkit.models import MODELS, list_weights, recipes_of, search_space_of

    entry = MODELS.find(name)
    with standard_error_closed():  # a plugin may import Keras, and TensorFlow has much to tell
        builder = MODELS.get(name)
    summary = (inspect.getdoc(builder) or "").partition("\n\n")[0]
    options = (
        f"  {option}={parameter.default!r}"
        for option, parameter in inspect.signature(builder).parameters.items()
    )
    recipes = (f"  {title}: {recipe}" for title, recipe in recipes_of(builder).items())
    space = search_space_of(builder) or {}
    searched = [f"  {title}={values!r}" for title, values in space.items()]
    weights = [_card(name, one) for one in list_weights(name)]
    return "\n".join(
        [
            f"{name}, {entry.origin}, from {entry.provider}, {entry.target}",
            *([summary] if summary else []),
            "",
            "options",
            *options,
            "",
            "recipes, the first by default",
            *recipes,
            "",
            "what 'mnistkit tune' tries",
            *(searched or ["  what suits any recipe"]),
            "",
            "trained weights",
            *("  " + line for card in weights or ["none"] for line in card.splitlines()),
        ]
    )


def _card(model: str, weights: str) -> str:
    """What is known of trained weights; if their card is no use, the rest is worth knowing."""
    from mnistkit.models import model_card

    try:
        return str(model_card(model, weights))
    except MnistKitError as error:
        return f"{weights!r} cannot be used: {error}"


@click.command()
@click.argument("pattern", default="*")
def models(pattern: str) -> None:
    """List models; with a PATTERN, those whose name matches it.

    PATTERN is shell-style, for example "dense*"; no plugin is imported. With the name of a model,
    its options, recipes, search space and trained weights are shown.
    """
    from mnistkit.models import MODELS

    if pattern in MODELS.names():
        click.echo(_description(pattern))
        return
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

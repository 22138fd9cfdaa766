"""``mnistkit models``."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import mnistkit
from mnistkit.cli.commands import cli

VERSION = mnistkit.__version__
BUILT_IN = {
    "cnn": f"cnn\tbuilt-in\tmnistkit {VERSION}\tmnistkit.models.cnn:cnn",
    "dense128": f"dense128\tbuilt-in\tmnistkit {VERSION}\tmnistkit.models.dense128:dense128",
}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [([], ["cnn", "dense128"]), (["dense*"], ["dense128"]), (["[ab]nn"], []), (["?nn"], ["cnn"])],
)
def test_in_a_pipe_columns_are_separated_by_tabs(run_light, pattern, names):
    done = run_light("models", *pattern)
    assert done.stdout.splitlines() == [BUILT_IN[name] for name in names]
    assert done.returncode == (0 if names else 1)
    assert done.stderr == (
        "" if names else "Error: No model matches '[ab]nn'. 'mnistkit models' lists all of them.\n"
    )


def test_on_a_terminal_it_is_a_table(run_on_terminal):
    status, shown = run_on_terminal("models")
    assert status == 0
    header, *rows = shown.splitlines()
    assert header.split() == ["name", "origin", "provider", "function"]
    assert [row.split() for row in rows] == [BUILT_IN[name].split() for name in BUILT_IN]
    for title, cell in zip(header.split(), BUILT_IN["dense128"].split("\t"), strict=True):
        assert header.index(title) == rows[1].index(cell)


def test_a_name_shows_everything_about_the_model(run_light):
    done = run_light("models", "cnn")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"cnn, built-in, from mnistkit {VERSION}, mnistkit.models.cnn:cnn"
    assert "  width=16" in lines
    assert any(line.startswith("  best: Recipe(epochs=") for line in lines)
    assert "  create_model('cnn', weights='mnist')" in lines
    assert any("mnist test: 99." in line for line in lines)


def test_a_model_without_weights():
    mnistkit.register_model("plain")(lambda *, num_classes=10, input_shape=(28, 28): None)
    done = CliRunner().invoke(cli, ["models", "plain"], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2:] == ["trained weights", "  none"]


def test_a_model_is_described_although_the_card_of_its_weights_is_no_use(install):
    points = (
        "copied = mnistkit.models.cnn:cnn\n[mnistkit.weights]\ncopied = mnistkit.models.weights.cnn"
    )
    install("copied-package", points)
    done = CliRunner().invoke(cli, ["models", "copied"], catch_exceptions=False)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "  width=16" in lines
    assert any(line.startswith("  best: Recipe(epochs=") for line in lines)
    (said,) = [line for line in lines if line.startswith("  'mnist' cannot be used: ")]
    assert "is about the weights 'mnist' of 'cnn'" in said
    assert said.endswith("If it is your package, make them again with 'mnistkit weights'.")

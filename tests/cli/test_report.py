"""``mnistkit report`` as a person calls it."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from mnistkit.cli.commands import cli
from mnistkit.training.run_folder import RunFolder


def test_a_run_becomes_a_page_with_the_command_that_repeats_it(trained, tmp_path) -> None:
    arguments = ["report", str(trained[1]), "--out", str(tmp_path / "page.html")]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.fullmatch(r"Written to .*page\.html \(\d+ kB\)\n", done.stdout)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Run, measured on digits test" in page
    assert repeating(page) == (
        "mnistkit train dense128 --dataset digits --epochs 1 --validation 0.1 --seed 0 --out first"
    )
    again = CliRunner().invoke(cli, arguments)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "is there already. Choose another file, or have it replaced" in again.stderr


def test_a_folder_without_a_run_is_refused(run_light, tmp_path) -> None:
    done = run_light("report", tmp_path, "--out", tmp_path / "page.html")
    assert done.returncode == 1
    assert "holds neither a run nor a comparison" in done.stderr


@pytest.mark.slow
def test_the_command_on_the_page_gives_the_same_weights(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = (
        "train", "dense128", "--dataset", "digits", "--epochs", "2", "--learning-rate", "0.003",
        "--recipe-option", "warmup=0.2", "--validation", "0.15", "--train-size", "600",
        "--seed", "3",
    )  # fmt: skip
    assert run(*given, "--out", "first").returncode == 0
    assert run("report", "first", "--out", "page.html").returncode == 0
    words = shlex.split(repeating((tmp_path / "page.html").read_text(encoding="utf-8")))
    assert words[-2:] == ["--out", "first"]
    assert run(*words[1:-1], "second").returncode == 0
    weights = [RunFolder(name).description["final_weights"] for name in ("first", "second")]
    assert weights[0] == weights[1]


def repeating(page: str) -> str:
    """The command that a page says repeats it."""
    (command,) = re.findall(r'<span class="prompt">\$ </span>(.*)', page)
    return command

"""The README and the documentation keep what they promise: commands, code and links."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnistkit

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

FENCE = re.compile(
    r"^(?P<fence>`{3,})(?P<language>[^\n]*)\n(?P<body>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"""\]\(\s*<?([^)\s>]+)>?[^)]*\)|\b(?:src|href)=["']([^"']+)["']""")
NOT_A_FILE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.IGNORECASE)


def blocks(page: str, language: str) -> list[str]:
    """The bodies of a page's fenced blocks of one language."""
    return [match["body"] for match in FENCE.finditer(page) if match["language"] == language]


def relative_links(page: Path) -> list[str]:
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = ["".join(match.groups(default="")) for match in LINK.finditer(prose)]
    return [link for link in links if not NOT_A_FILE.match(link)]


def page_code(name: str) -> str:
    """All Python of a page of the documentation, as its reader would type it in."""
    return "\n".join(blocks((ROOT / "docs" / name).read_text(encoding="utf-8"), "python"))


def make_own_data(folder: Path) -> None:
    """Write the files that the documentation calls the reader's own."""
    data = mnistkit.load_dataset("digits").train[:200]
    for number, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
        picture = folder / "my-digits" / str(label) / f"{number}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - image).save(picture)
    header = ",".join(["label", *(f"pixel{number}" for number in range(28 * 28))])
    table = np.column_stack([data.labels, data.images.reshape(len(data), -1)])
    np.savetxt(folder / "train.csv", table, fmt="%d", delimiter=",", header=header, comments="")
    np.savez(folder / "digits.npz", x_train=data.images, y_train=data.labels)
    for name, array in (
        ("images-idx3-ubyte.gz", data.images),
        ("labels-idx1-ubyte.gz", data.labels),
    ):
        magic = bytes([0, 0, 8, array.ndim])
        sizes = np.array(array.shape, dtype=">i4").tobytes()
        (folder / name).write_bytes(gzip.compress(magic + sizes + array.tobytes()))


KERAS_ON_NUMPY_2 = "ignore:__array__ implementation doesn't accept:DeprecationWarning"


def run_python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-W", KERAS_ON_NUMPY_2, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_has_two_commands_that_make_their_own_environments() -> None:
    commands = blocks(README, "sh")
    assert len(commands) == 2
    environments = []
    for command in commands:
        assert command.count("\n") == 1, "a command is one line, to be copied whole"
        made = re.match(r"python3 -m venv (\S+) && (.*)", command)
        assert made is not None
        environment, steps = made.groups()
        environments.append(environment)
        for step in steps.split(" && "):
            assert step.startswith(f"{environment}/bin/python "), "only that environment is used"
    assert len(set(environments)) == 2
    assert "examples/walkthrough.py" in commands[0]
    assert commands[1].rstrip().endswith("-m pytest")


@pytest.mark.mirror
def test_the_five_lines_of_the_readme_run(tmp_path: Path) -> None:
    five_lines = blocks(README, "python")[0]
    lines = [line for line in five_lines.splitlines() if line]
    assert len(lines) == 1 + 5
    assert lines[0] == "import mnistkit"
    measured = run_python(five_lines + "\nprint(result)", tmp_path).splitlines()[-1]
    name, accuracy = re.fullmatch(r"(.+): (\d+\.\d\d)% correct .*", measured).groups()
    assert name == "mnist test"
    assert float(accuracy) > 97


def test_the_other_python_of_the_readme_runs(tmp_path: Path) -> None:
    _, *others = blocks(README, "python")
    assert others
    run_python("\n".join(others), tmp_path)


@pytest.mark.slow
def test_the_python_of_the_page_on_models_runs(tmp_path: Path) -> None:
    run_python(page_code("models.md"), tmp_path)


@pytest.mark.mirror
def test_the_python_of_the_page_on_data_sets_runs(tmp_path: Path) -> None:
    make_own_data(tmp_path)
    run_python(page_code("datasets.md"), tmp_path)


@pytest.mark.slow
def test_the_python_of_the_page_on_training_runs(tmp_path: Path) -> None:
    run_python(page_code("training.md"), tmp_path)
    assert (tmp_path / "runs" / "first" / "weights.npz").exists()


@pytest.mark.slow
def test_the_python_of_the_page_on_evaluation_runs(tmp_path: Path) -> None:
    run_python(page_code("evaluation.md"), tmp_path)


@pytest.mark.slow
@pytest.mark.mirror
def test_the_python_of_the_page_on_comparing_runs(tmp_path: Path) -> None:
    run_python(page_code("comparing.md"), tmp_path)
    assert (tmp_path / "runs" / "mine-or-dense128" / "mine" / "seed-2" / "run.json").is_file()


@pytest.mark.slow
def test_the_python_of_the_page_on_tuning_runs(tmp_path: Path) -> None:
    run_python(page_code("tuning.md"), tmp_path)


def test_the_network_of_the_package_runs_as_the_page_on_exporting_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "exporting.md").read_text(encoding="utf-8")
    (code,) = [code for code in blocks(page, "python") if "resources" in code]
    label, _, probability = run_python(code, tmp_path).partition(" ")
    assert label == "1"
    assert float(probability) > 0.5


@pytest.mark.slow
@pytest.mark.mirror
def test_the_python_of_the_quickstart_runs(tmp_path: Path) -> None:
    run_python(page_code("quickstart.md"), tmp_path)
    assert (tmp_path / "runs" / "first" / "run.json").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_that_exist(page: Path) -> None:
    missing = [
        link for link in relative_links(page) if not (page.parent / link.split("#")[0]).exists()
    ]
    assert missing == []

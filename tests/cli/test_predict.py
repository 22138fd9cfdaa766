"""``mnistkit predict``."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from mnistkit.cli.commands import cli

SEVEN = [(60, 40), (140, 40), (95, 160)]
ONE = [(100, 30), (96, 170)]


def predict(*arguments, **options):
    return CliRunner().invoke(cli, ["predict", *map(str, arguments)], **options)


def draw(path, *strokes):
    image = Image.new("RGB", (200 * max(len(strokes), 1), 200), (244, 240, 230))
    for place, stroke in enumerate(strokes):
        moved = [(x + 200 * place, y) for x, y in stroke]
        ImageDraw.Draw(image).line(moved, fill=(30, 30, 60), width=8, joint="curve")
    image.save(path)
    return path


@pytest.fixture
def folder(tmp_path):
    """Four pictures, one of them damaged, and a file that is none."""
    draw(tmp_path / "a.png", SEVEN)
    draw(tmp_path / "b.jpg", SEVEN, ONE)
    draw(tmp_path / "c.PNG")
    (tmp_path / "d.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_one_picture(folder):
    done = predict(folder / "a.png")
    assert done.exit_code == 0
    label, probability = done.stdout.split()
    assert label == "7"
    assert probability.endswith("%")
    assert done.stderr == ""


def test_several_digits_of_one_picture_are_lines(folder):
    lines = predict(folder / "b.jpg").stdout.splitlines()
    assert [line[0] for line in lines] == ["7", "1"]
    assert all("several digits found" in line for line in lines)


def test_an_empty_sheet_is_said_and_is_no_mistake(folder):
    done = predict(folder / "c.PNG")
    assert done.exit_code == 0
    assert "empty" in done.stdout


def test_a_folder_lists_all_its_pictures(folder):
    done = predict(folder)
    assert done.exit_code == 1
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [(row[0][-5:], row[1]) for row in rows] == [("a.png", "7"), ("b.jpg", "71"),
                                                       ("c.PNG", "")]  # fmt: skip
    assert "d.png' is not a picture that can be read" in done.stderr
    assert "notes" not in done.output


def test_patterns_are_expanded_and_nothing_is_read_twice(folder):
    done = predict(folder / "*.png", folder / "a.png", "--json")
    sources = [each["source"][-5:] for each in json.loads(done.stdout)]
    assert sources == ["a.png", "d.png"]


def test_json(folder):
    done = predict(folder, "--json")
    assert done.exit_code == 1
    first, second, third, fourth = json.loads(done.stdout)
    assert first["text"] == "7"
    assert len(first["digits"][0]["probabilities"]) == 10
    assert second["text"] == "71"
    assert third["digits"] == []
    assert third["warnings"]
    assert "no picture" in fourth["error"]


def test_csv(folder):
    done = predict(folder, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["digits"] for row in rows] == ["7", "71", "", ""]
    assert [bool(row["error"]) for row in rows] == [False, False, False, True]
    assert float(rows[0]["probability"]) > 0.5


def test_standard_input(folder):
    done = predict("-", input=(folder / "a.png").read_bytes())
    assert done.exit_code == 0
    assert done.stdout.startswith("7")


def test_explain_writes_a_picture(folder):
    out = folder / "why.png"
    done = predict(folder / "a.png", "--explain", out)
    assert done.exit_code == 0, done.output
    with Image.open(out) as picture:
        assert min(picture.size) > 300


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'PICTURE...'"),
        (("a.png", "--json", "--csv"), "--json and --csv exclude each other"),
        (("a.png", "b.jpg", "--explain", "why.png"), "--explain draws one picture; 2 were given"),
        (("-", "--explain", "why.png"), "not standard input"),
    ],
)
def test_wrong_usage(folder, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    done = predict(*arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_what_cannot_be_done_is_said(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    for arguments, message in (
        (("nowhere.png",), "'nowhere.png'"),
        (("empty",), "There are no pictures in the folder 'empty'"),
        (("a.png", "--model", "cnnn"), "no trained weights for model='cnnn'"),
        (("a.png", "--explain", "why.xyz"), "'why.xyz' cannot be written"),
    ):
        done = predict(*arguments)
        assert done.exit_code in (1, 2)
        assert message in done.output
        assert "Traceback" not in done.output


def test_nothing_heavy_is_imported(folder, run_light):
    done = run_light("predict", folder / "a.png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7")
    assert done.stderr == ""


def test_explaining_says_which_file_is_wrong(folder):
    out = folder / "why.png"
    done = predict(folder / "d.png", "--explain", out)
    assert done.exit_code == 1
    assert "d.png' is not a picture that can be read" in done.stderr
    assert "written" not in done.output
    assert not out.exists()


def test_an_explained_picture_is_printed_too(folder):
    done = predict(folder / "b.jpg", "--explain", folder / "why.png", "--json")
    assert [reading["text"] for reading in json.loads(done.stdout)] == ["71"]


def test_json_is_printed_as_the_pictures_come(folder):
    first, *pictures, last = predict(folder, "--json").stdout.splitlines()
    assert (first, last) == ("[", "]")
    assert [json.loads(line.rstrip(","))["text"] for line in pictures] == ["7", "71", "", ""]


def test_standard_input_among_files(folder):
    done = predict("-", folder / "b.jpg", "--csv", input=(folder / "a.png").read_bytes())
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["picture"], row["digits"]) for row in rows] == [
        ("-", "7"),
        (str(folder / "b.jpg"), "71"),
    ]


def test_hidden_files_of_a_folder_are_left_out(folder):
    (folder / "._a.png").write_bytes(b"what macOS leaves on foreign disks")
    assert "._a.png" not in predict(folder).output


def test_more_pictures_than_are_read_at_once(tmp_path):
    for number in range(70):
        draw(tmp_path / f"{number:02}.png", SEVEN)
    rows = predict(tmp_path).stdout.splitlines()
    assert [row.split("\t")[0][-6:-4] for row in rows] == [f"{number:02}" for number in range(70)]
    assert {row.split("\t")[1] for row in rows} == {"7"}


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes only on Linux")
def test_a_file_name_that_is_no_text_stops_nothing(folder):
    (folder / "c\udcff.png").write_bytes((folder / "a.png").read_bytes())
    for option in ([], ["--csv"], ["--json"]):
        done = predict(folder, *option)
        assert done.exit_code == 1, done.exception
        assert "b.jpg" in done.stdout
        assert "udcff" in done.stdout


def test_a_tab_in_a_file_name_does_not_break_the_table(tmp_path):
    draw(tmp_path / "a\tb.png", SEVEN)
    draw(tmp_path / "c.png", ONE)
    rows = [line.split("\t") for line in predict(tmp_path).stdout.splitlines()]
    assert [len(row) for row in rows] == [4, 4]
    assert rows[0][0].endswith("a\\tb.png")


def test_a_saved_run_is_quiet(trained, folder, run):
    done = run("predict", folder / "a.png", "--model", trained[1])
    assert done.returncode == 0
    assert "%" in done.stdout
    assert done.stderr == ""


def test_a_terminal_shows_a_table(folder, run_on_terminal):
    status, shown = run_on_terminal("predict", folder, columns=200)
    assert status == 1
    assert "picture" in shown
    assert "71" in shown


def test_as_a_pipe(folder):
    """As people use it: a picture through standard input, in a process of its own."""
    with (folder / "a.png").open("rb") as picture:
        done = subprocess.run(
            [sys.executable, "-m", "mnistkit", "predict", "-"], stdin=picture,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.startswith("7")

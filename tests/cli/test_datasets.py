"""``mnistkit datasets``, ``fetch`` and ``verify``."""

from __future__ import annotations

import hashlib

import pytest
from click.testing import CliRunner

import mnistkit
from mnistkit.cli.commands import cli

OWN = """
import numpy as np

from mnistkit import Dataset, DatasetInfo
from mnistkit.datasets import RemoteFile, described_by
from mnistkit.datasets.download import fetch

PIXELS = RemoteFile("own", "pixels.raw", 15_680, "sha256:{sha256}", urls=())


@described_by(DatasetInfo("own", files=(PIXELS,)))
def twenty():
    (path,) = fetch([PIXELS])
    images = np.frombuffer(path.read_bytes(), np.uint8).reshape(20, 28, 28)
    return Dataset.from_arrays((images, np.arange(20) % 10), test=0.5)
"""
PIXELS = bytes(range(160)) * 98


@pytest.fixture
def own(tmp_path, home, monkeypatch):
    """A data set with one source file, to be had from a mirror; where that file is kept."""
    mirror = tmp_path / "mirror"
    (mirror / "own").mkdir(parents=True)
    (mirror / "own" / "pixels.raw").write_bytes(PIXELS)
    monkeypatch.setenv("MNISTKIT_MIRROR", str(mirror))
    code = OWN.format(sha256=hashlib.sha256(PIXELS).hexdigest())
    (tmp_path / "own_data.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return home / "own" / "pixels.raw"


def test_in_a_pipe_columns_are_separated_by_tabs(run_light, home):
    done = run_light("datasets")
    assert done.returncode == 0
    assert done.stderr == ""
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == mnistkit.list_datasets()
    assert {len(row) for row in rows} == {5}
    by_name = {name: row for name, *row in rows}
    assert by_name["mnist"][1:] == ["12 MB", "", "CC BY-SA 3.0"]
    assert by_name["digits"][1:] == ["none", "yes", "CC BY 4.0"]
    assert by_name["emnist/letters"][1:3] == ["562 MB", ""]


@pytest.mark.parametrize("columns", [60, 80, 180])
def test_on_a_terminal_it_is_a_table_no_wider_than_that(run_on_terminal, columns):
    status, shown = run_on_terminal("datasets", columns=columns)
    assert status == 0
    lines = shown.splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[0].split() == ["name", "what", "it", "is", "download", "here", "licence"]
    begins = lines[0].index("what it is")
    assert [name for line in lines[1:] if (name := line[:begins].strip())] == (
        mnistkit.list_datasets()
    )
    if columns >= 80:  # else long words go over two lines too
        ends = lines[0].index("download")
        text = " ".join(line[begins:ends].strip() for line in lines)
        assert "small digits that come with scikit-learn, 1,437 + 360 images, no download" in text
    if columns >= 180:
        assert len(lines) == 1 + len(mnistkit.list_datasets())


def test_fetch_says_what_is_there(run_light, home):
    done = run_light("datasets", "fetch", "digits")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "Dataset digits: 1,437 + 360 images of 28x28, 10 classes\n",
        "",
    )


def test_fetch_looks_at_every_name_before_it_fetches_one(run_light, home):
    done = run_light("datasets", "fetch", "digits", "kminst")
    assert done.returncode == 1
    assert "There is no data set named 'kminst'. Did you mean 'kmnist'?" in done.stderr
    assert not home.exists()


def test_fetch_that_cannot_be_done_says_which_file_to_put_where(run_light, home):
    done = run_light("datasets", "fetch", "usps")
    assert done.returncode == 1
    assert "Error: 'zip.train.gz' of the data set 'usps' is not on this machine.\n" in done.stderr
    assert "$MNISTKIT_OFFLINE forbids the network" in done.stderr
    assert f"into {home / 'usps'} yourself and call again." in done.stderr


def test_verify_where_nothing_is(run_light, home):
    done = run_light("datasets", "verify")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "There are no files to check.\n")
    done = run_light("datasets", "verify", "usps")
    assert done.returncode == 0
    assert done.stdout == "usps\tzip.train.gz\tnot downloaded\nusps\tzip.test.gz\tnot downloaded\n"


def test_verify_names_a_damaged_file_and_fetch_replaces_it(run_light, own):
    name = "own_data:twenty"
    assert run_light("datasets", "fetch", name).stdout.startswith("Dataset arrays: 10 + 10 images")
    done = run_light("datasets", "verify", name)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name}\tpixels.raw\tok\n", "")

    own.write_bytes(PIXELS[:-1])
    done = run_light("datasets", "verify", name)
    assert done.returncode == 1
    assert done.stdout == (f"{name}\tpixels.raw\tdamaged: it has 15,679 bytes, expected 15,680.\n")
    assert done.stderr == (
        f"Error: 1 of 1 files cannot be used:\n  {own}\n"
        f"'mnistkit datasets fetch {name}' replaces what is damaged.\n"
    )
    assert own.read_bytes() == PIXELS[:-1]  # looked at, not removed

    done = run_light("datasets", "fetch", name)
    assert done.returncode == 0
    assert f"Not used, because it is damaged: {str(own)!r}" in done.stderr
    assert own.read_bytes() == PIXELS


def test_a_damaged_file_stays_when_it_cannot_be_had_again(run_light, own, monkeypatch):
    run_light("datasets", "fetch", "own_data:twenty")
    own.write_bytes(b"damage")
    monkeypatch.delenv("MNISTKIT_MIRROR")
    done = run_light("datasets", "fetch", "own_data:twenty")
    assert done.returncode == 1
    assert "'pixels.raw' of the data set 'own' is not on this machine" in done.stderr
    assert own.read_bytes() == b"damage"


def in_process(*arguments):
    """The same commands without the cost of a process."""
    return CliRunner().invoke(cli, ["datasets", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("position", [0, 100, 5000, 1_000_000, -30])
def test_verify_notices_damage_in_decoded_arrays(home, position):
    in_process("fetch", "digits")
    (archive,) = (home / "digits").glob("decoded-*.npz")
    assert in_process("verify").stdout == f"digits\t{archive.name}\tok\n"

    content = bytearray(archive.read_bytes())
    content[position] ^= 0xFF
    archive.write_bytes(content)
    done = in_process("verify")
    assert done.exit_code == 1
    assert done.stdout.startswith(f"digits\t{archive.name}\tdamaged: ")
    assert f"  {archive}\n'mnistkit datasets fetch digits' replaces" in done.stderr

    assert in_process("fetch", "digits").exit_code == 0
    assert in_process("verify").exit_code == 0


def test_verify_on_a_terminal_is_a_table(run_on_terminal, home):
    labels = home / "mnist" / "train-labels-idx1-ubyte.gz"
    labels.parent.mkdir(parents=True)
    labels.write_bytes(b"x" * 28_881)  # of the right size
    status, shown = run_on_terminal("datasets", "verify", columns=100)
    assert status == 1
    table, _, error = shown.partition("Error: ")
    lines = table.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["data", "set", "file", "state"]
    assert lines[1].startswith("mnist     train-labels-idx1-ubyte.gz  damaged: it has the sha256")
    assert error.startswith("1 of 1 files cannot be used:\n")


@pytest.mark.mirror
def test_real_files_are_fetched_verified_and_replaced(run_light, home):
    done = run_light("datasets", "fetch", "usps")
    assert done.stdout == "Dataset usps: 7,291 + 2,007 images of 28x28, 10 classes\n"
    assert done.stderr == ""
    assert "usps\tdigits of postcodes" in run_light("datasets").stdout
    row = next(line for line in run_light("datasets").stdout.splitlines() if line[:4] == "usps")
    assert row.split("\t")[3] == "yes"

    done = run_light("datasets", "verify")
    assert done.returncode == 0
    assert [line.split("\t")[1:] for line in done.stdout.splitlines()] == [
        ["zip.train.gz", "ok"],
        ["zip.test.gz", "ok"],
        ["decoded-images-v2.npz", "ok"],
    ]

    # Loading does not look at the source while there are decoded arrays; fetch does.
    source = home / "usps" / "zip.test.gz"
    source.write_bytes(source.read_bytes()[:-1])
    done = run_light("datasets", "verify", "usps")
    assert done.returncode == 1
    assert f"1 of 3 files cannot be used:\n  {source}\n" in done.stderr
    assert run_light("datasets", "fetch", "usps").returncode == 0
    assert run_light("datasets", "verify", "usps").returncode == 0

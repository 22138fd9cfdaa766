"""Files that are whole or not there, whatever happens to who writes them."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import textwrap
import time

import pytest

from mnistkit.files import atomic
from mnistkit.files.atomic import (
    new_path,
    remove_unfinished,
    write_atomically,
    write_together,
)

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")
LONGEST = 60  # seconds; nothing here takes them unless it hangs


def writing(content):
    return lambda file: file.write(content)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def run(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class WritingError(Exception):
    pass


def failing(file):
    file.write(b"a part")
    file.flush()
    raise WritingError


def test_new_file_and_replaced_file(tmp_path):
    for content in (b"old", b"new"):
        write_atomically(tmp_path / "file", writing(content))
        assert (tmp_path / "file").read_bytes() == content
        assert names(tmp_path) == ["file"]


@posix
def test_links_at_names_that_can_be_guessed_are_not_followed(tmp_path):
    """With the number of this process in them, as temporary names often have it."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    guesses = [
        pattern.format(pid=os.getpid())
        for pattern in (
            ".unfinished.{pid}.file", ".unfinished.file", ".unfinished..file", ".unfinished.{pid}",
            "file.tmp", "file.{pid}", "file.{pid}.tmp", ".file.tmp", "file~",
        )
    ]  # fmt: skip
    for guess in guesses:
        (folder / guess).symlink_to(victim)
    write_atomically(folder / "file", writing(b"new"))
    assert (folder / "file").read_bytes() == b"new"
    assert victim.read_bytes() == b"precious"
    assert names(folder) == sorted([*guesses, "file"])


@posix
def test_link_at_the_very_name_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda size: "guessed")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".unfinished.guessed.file").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", writing(b"new"))
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "file").exists()


def test_what_another_made_at_the_very_name_is_not_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.secrets, "token_hex", lambda size: "guessed")
    (tmp_path / ".unfinished.guessed.file").write_bytes(b"another's")
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "file", writing(b"new"))
    assert (tmp_path / ".unfinished.guessed.file").read_bytes() == b"another's"


def test_no_name_is_used_twice(tmp_path):
    seen = set()
    for _ in range(20):
        write_atomically(tmp_path / "file", lambda file: seen.add(file.name))
    assert len(seen) == 20


@posix
@pytest.mark.parametrize("exists", [True, False], ids=["to a file", "to nothing"])
def test_link_in_the_file_s_place_is_replaced(tmp_path, exists):
    target, link = tmp_path / "target", tmp_path / "file"
    if exists:
        target.write_bytes(b"precious")
    link.symlink_to(target)
    write_atomically(link, writing(b"new"))
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
    assert (target.read_bytes() if exists else target.exists()) == (b"precious" if exists else 0)


@posix
def test_fifo_in_the_file_s_place_is_replaced(tmp_path):
    os.mkfifo(tmp_path / "file")
    script = """
        import sys
        from pathlib import Path
        from mnistkit.files.atomic import write_atomically
        write_atomically(Path(sys.argv[1]), lambda file: file.write(b"new"))
    """
    run(script, tmp_path / "file")
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)
    assert (tmp_path / "file").read_bytes() == b"new"


@pytest.mark.parametrize("inside", [[], ["precious"]], ids=["empty", "full"])
def test_folder_in_the_file_s_place(tmp_path, inside):
    (tmp_path / "file").mkdir()
    for name in inside:
        (tmp_path / "file" / name).touch()
    with pytest.raises(OSError, match="file"):
        write_atomically(tmp_path / "file", writing(b"new"))
    assert names(tmp_path) == ["file"]
    assert names(tmp_path / "file") == inside


def test_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "file", writing(b"new"))
    assert names(tmp_path) == []


def test_writer_that_fails_leaves_the_old_content_and_nothing_else(tmp_path):
    write_atomically(tmp_path / "file", writing(b"old"))
    with pytest.raises(WritingError):
        write_atomically(tmp_path / "file", failing)
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_none_is_moved_before_all_are_written(tmp_path):
    seen = []

    def last(file):
        seen.append({name: (tmp_path / name).read_bytes() for name in ("one", "two")})
        file.write(b"new 3")

    for name in ("one", "two"):
        write_atomically(tmp_path / name, writing(b"old"))
    write_together(tmp_path, {"one": writing(b"new 1"), "two": writing(b"new 2"), "three": last})
    assert seen == [{"one": b"old", "two": b"old"}]
    assert names(tmp_path) == ["one", "three", "two"]
    assert [(tmp_path / name).read_bytes()[-1:] for name in ("one", "two", "three")] == [
        b"1", b"2", b"3",
    ]  # fmt: skip


def test_if_the_last_cannot_be_written_the_first_stay_old(tmp_path):
    for name in ("one", "two"):
        write_atomically(tmp_path / name, writing(b"old"))
    with pytest.raises(WritingError):
        write_together(tmp_path, {"one": writing(b"new"), "two": writing(b"new"), "three": failing})
    assert names(tmp_path) == ["one", "two"]
    assert {(tmp_path / name).read_bytes() for name in ("one", "two")} == {b"old"}


@posix
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_mode_follows_the_umask(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", writing(b"content"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@posix
def test_full_disk_leaves_the_old_content(tmp_path):
    """The limit on the size of files stands for a full disk: the system refuses to write on."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from mnistkit.files.atomic import write_atomically, write_together

        folder = Path(sys.argv[1])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        write_atomically(folder / "file", lambda file: file.write(b"old"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        # The second is small enough to fail only when the buffer is flushed.
        for size in (1_000_000, 100_001):
            large = {"file": lambda file, size=size: [file.write(b"n") for _ in range(size)]}
            try:
                write_together(folder, {"small": lambda file: file.write(b"new"), **large})
            except OSError as error:
                print(error.strerror)
    """
    assert run(script, tmp_path).splitlines() == ["File too large"] * 2
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


REWRITING = """
    import sys
    from pathlib import Path
    from mnistkit.files.atomic import write_atomically

    def write(file, version):
        for piece in range(20):  # so that a part of it can be on the disk
            file.write(b"%07d\\n" % version * 1000)
            file.flush()

    version = 0
    while True:
        version += 1
        write_atomically(Path(sys.argv[1]), lambda file: write(file, version))
        if version == 1:
            print("writing", flush=True)
"""


@posix
@pytest.mark.parametrize(
    "kills", [10, pytest.param(50, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_killed_at_any_moment_a_whole_version_is_there(tmp_path, kills):
    path = tmp_path / "file"
    script = textwrap.dedent(REWRITING)
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout.readline() == "writing\n"
                time.sleep(random.uniform(0, 0.2))
            finally:
                process.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 20 * 1000 * 8
        assert len(set(content.splitlines())) == 1
    remove_unfinished(tmp_path)
    assert names(tmp_path) == ["file"]


def test_remove_unfinished_leaves_everything_else(tmp_path):
    for name in (".unfinished.0123.file", ".unfinished.", "unfinished", ".unfinishe", "file"):
        (tmp_path / name).touch()
    (tmp_path / ".unfinished.folder").mkdir()
    remove_unfinished(tmp_path)
    assert names(tmp_path) == [".unfinishe", ".unfinished.folder", "file", "unfinished"]


# New paths ########################################################################################


def test_a_new_file_or_folder_is_moved_to_its_place_at_the_end(tmp_path):
    with new_path(tmp_path / "file") as unfinished:
        unfinished.write_bytes(b"content")
        assert not (tmp_path / "file").exists()
    with new_path(tmp_path / "folder") as unfinished:
        (unfinished / "inside").mkdir(parents=True)
        (unfinished / "inside" / "file").write_bytes(b"content")
    assert names(tmp_path) == ["file", "folder"]
    assert (tmp_path / "folder" / "inside" / "file").read_bytes() == b"content"


@pytest.mark.parametrize("kind", ["file", "folder", "nothing"])
def test_what_ends_in_an_error_leaves_nothing_behind(tmp_path, kind):
    def fail():
        with new_path(tmp_path / "name") as unfinished:
            if kind == "file":
                unfinished.write_bytes(b"half")
            elif kind == "folder":
                (unfinished / "inside").mkdir(parents=True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == []


@pytest.mark.parametrize("new", ["file", "folder"])
@pytest.mark.parametrize("old", ["file", "folder", "link"])
def test_what_is_there_is_replaced_if_that_is_asked_for(tmp_path, old, new):
    place, elsewhere = tmp_path / "name", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if old == "link":
        place.symlink_to(elsewhere)
    elif old == "folder":
        place.mkdir()
        (place / "old").touch()
    else:
        place.touch()
    with new_path(place, overwrite=True) as unfinished:
        assert os.path.lexists(place)
        if new == "folder":
            unfinished.mkdir()
            (unfinished / "new").touch()
        else:
            unfinished.write_bytes(b"new")
    assert names(tmp_path) == ["elsewhere", "name"]
    assert not place.is_symlink()
    assert names(place) == ["new"] if new == "folder" else place.read_bytes() == b"new"


def test_what_is_there_by_then_is_not_overwritten(tmp_path):
    def write():
        with new_path(tmp_path / "name") as unfinished:
            unfinished.write_bytes(b"new")
            (tmp_path / "name").write_bytes(b"somebody else's")

    with pytest.raises(FileExistsError, match="is there already"):
        write()
    assert names(tmp_path) == ["name"]
    assert (tmp_path / "name").read_bytes() == b"somebody else's"

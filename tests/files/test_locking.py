"""Locks between real processes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest

from mnistkit.files.locking import LockedError, locked

posix = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX system")
LONGEST = 60  # seconds; nothing here takes them unless it hangs


def started(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process, longest=LONGEST):
    try:
        printed, errors = process.communicate(timeout=longest)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    return printed


ENTERING = """
    import os, sys, time
    from pathlib import Path
    from mnistkit.files.locking import LockedError, locked

    folder, entries = Path(sys.argv[1]), int(sys.argv[2])
    entered = doubles = 0
    while entered < entries:
        try:
            with locked(folder / "lock", wait=False):
                try:
                    os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
                except FileExistsError:
                    doubles += 1
                else:
                    (folder / "inside").unlink()
                entered += 1
        except LockedError:
            time.sleep(0.0001)
    print(entered, doubles)
"""

HOLDING = """
    import sys
    from pathlib import Path
    from mnistkit.files.locking import locked

    with locked(Path(sys.argv[1]), wait=False):
        print("held", flush=True)
        sys.stdin.read()
"""

TRYING = """
    import sys
    from pathlib import Path
    from mnistkit.files.locking import LockedError, locked

    try:
        with locked(Path(sys.argv[1]), wait=sys.argv[2] == "waits"):
            print("entered")
    except LockedError:
        print("locked")
    except OSError as error:
        print("OSError:", error)
"""


def tried(path, mode):
    return output(started(TRYING, path, mode)).strip()


@pytest.fixture(params=["waits", "does not wait"])
def mode(request):
    return request.param


@pytest.mark.parametrize(
    "entries", [500, pytest.param(5000, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_of_six_processes_one_is_inside_at_a_time(tmp_path, entries):
    processes = [started(ENTERING, tmp_path, entries) for _ in range(6)]
    counts = [output(process, longest=1200) for process in processes]
    assert counts == [f"{entries} 0\n"] * 6
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


@posix
def test_a_killed_process_frees_its_lock(tmp_path, mode):
    path = tmp_path / "lock"
    holder = started(HOLDING, path)
    try:
        assert holder.stdout.readline() == "held\n"
        assert tried(path, "does not wait") == "locked"
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate(timeout=LONGEST)
    assert tried(path, mode) == "entered"


def test_who_waits_enters_when_the_lock_is_released(tmp_path):
    path = tmp_path / "lock"
    holder = started(HOLDING, path)
    assert holder.stdout.readline() == "held\n"
    waiting = started(TRYING, path, "waits")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=1)
    output(holder)
    assert output(waiting) == "entered\n"


def test_the_file_stays_the_same(tmp_path):
    path = tmp_path / "lock"
    with locked(path, wait=False):
        inode = path.stat().st_ino
    for wait in (True, False, True):
        with locked(path, wait=wait):
            assert path.stat().st_ino == inode
    assert path.stat().st_ino == inode


def test_it_is_released_when_what_is_inside_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock", wait=False):
        _ = 1 / 0
    assert tried(tmp_path / "lock", "does not wait") == "entered"


def test_another_thread_of_the_process_is_locked_out(tmp_path):
    found = []

    def enter():
        try:
            with locked(tmp_path / "lock", wait=False):
                found.append("entered")
        except LockedError:
            found.append("locked")

    with locked(tmp_path / "lock", wait=False):
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(LONGEST)
    enter()
    assert found == ["locked", "entered"]


def test_a_thread_that_holds_it_is_locked_out_too(tmp_path):
    with locked(tmp_path / "lock", wait=False):
        with pytest.raises(LockedError), locked(tmp_path / "lock", wait=False):
            pass
        assert tried(tmp_path / "lock", "does not wait") == "locked"


@posix
@pytest.mark.parametrize("content", ["precious", None], ids=["to a file", "to nothing"])
def test_symbolic_link_is_refused_and_not_followed(tmp_path, mode, content):
    target, link = tmp_path / "target", tmp_path / "lock"
    if content:
        target.write_text(content)
    link.symlink_to(target)
    assert tried(link, mode).endswith("is a symbolic link; remove it")
    assert link.is_symlink()
    assert (target.read_text() if content else target.exists()) == (content or False)


def lay_fifo(path):
    os.mkfifo(path)


def lay_folder(path):
    path.mkdir()


def lay_socket(path):
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is limited to about 100 characters
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


@posix
@pytest.mark.parametrize("lay", [lay_fifo, lay_folder, lay_socket])
def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path, mode, lay):
    lay(tmp_path / "lock")
    kind = (tmp_path / "lock").stat().st_mode
    assert "is not a regular file" in tried(tmp_path / "lock", mode)
    assert (tmp_path / "lock").stat().st_mode == kind


def test_missing_folder_is_not_made(tmp_path, mode):
    assert "there is no folder" in tried(tmp_path / "missing" / "lock", mode)
    assert list(tmp_path.iterdir()) == []


def test_file_in_place_of_the_folder(tmp_path, mode):
    (tmp_path / "folder").write_text("no folder")
    assert tried(tmp_path / "folder" / "lock", mode).startswith("OSError:")
    assert (tmp_path / "folder").read_text() == "no folder"


def test_name_too_long_for_the_system(tmp_path, mode):
    assert tried(tmp_path / ("n" * 300), mode).startswith("OSError:")


UNPRIVILEGED = """
    import os, sys
    from pathlib import Path
    import filelock  # before the rights are given up: it could lie where only root may read
    from mnistkit.files.locking import locked

    if os.geteuid() == 0:  # nothing is forbidden to root
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    path = Path(sys.argv[1])
    try:
        path.with_name("probe").touch()
    except PermissionError:
        print("forbidden")
    try:
        with locked(path, wait=sys.argv[2] == "waits"):
            print("entered")
    except OSError as error:
        print(type(error).__name__)
"""


@posix
def test_folder_without_permission_to_write(mode):
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    folder.chmod(0o555)
    try:
        printed = output(started(UNPRIVILEGED, folder / "lock", mode))
        assert printed.split() == ["forbidden", "PermissionError"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)

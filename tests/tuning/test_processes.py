"""One study shared by real processes: in a journal, and in a real PostgreSQL."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import optuna
import pytest

from mnistkit.training.run_folder import RunFolder
from mnistkit.tuning.slots import INHERITED, PROCESS, slots_of
from mnistkit.tuning.storage import opened_storage, quiet_optuna

NET = """
import mnistkit

@mnistkit.with_search_space(learning_rate=mnistkit.log_uniform(1e-3, 1e-1))
@mnistkit.with_recipes(usual=mnistkit.Recipe(epochs=30, batch_size=8))
def net(*, num_classes=10, input_shape=(28, 28)):
    import keras
    layers = [keras.layers.Flatten(), keras.layers.Dense(num_classes, "softmax")]
    return keras.Sequential([keras.Input(input_shape), *layers])
"""
TRIALS = 6
PATIENCE = 240  # seconds


@pytest.fixture
def start(tmp_path, monkeypatch) -> Callable[[str], subprocess.Popen[str]]:
    """Start a worker: the same command, again and again."""
    (tmp_path / "net_of_a_test.py").write_text(NET, encoding="utf-8")

    def start_worker(storage: str) -> subprocess.Popen[str]:
        command = (
            *("tune", "net_of_a_test:net", "--dataset", "digits", "--trials", str(TRIALS)),
            *("--seeds", "0", "--out", "shared", "--storage", storage),
        )
        return subprocess.Popen(
            [sys.executable, "-m", "mnistkit", *command],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start_worker


def begun(storage: optuna.storages.BaseStorage) -> optuna.Study:
    """The study, once there is one."""
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        with contextlib.suppress(KeyError):
            return optuna.load_study(study_name="mnistkit", storage=storage)
        time.sleep(0.1)
    raise AssertionError("there is no study")


def kill_at_work(worker: subprocess.Popen[str], study: optuna.Study) -> int:
    """Kill a worker in the midst of a trial, after an epoch; the trial's number."""
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        for attempt in study.trials:
            its = attempt.user_attrs.get(PROCESS, "").endswith(f", {worker.pid}")
            if its and not attempt.state.is_finished() and attempt.intermediate_values:
                os.kill(worker.pid, signal.SIGKILL)
                worker.communicate()
                return attempt.number
        time.sleep(0.02)
    raise AssertionError("it never came to an epoch")


def check(start: Callable[[str], subprocess.Popen[str]], storage: str, folder: Path) -> None:
    """Three workers, of which one is killed, do all trials once."""
    workers = [start(storage) for _ in range(3)]
    with quiet_optuna(), opened_storage(storage, folder) as opened:
        study = begun(opened)
        killed = kill_at_work(workers[0], study)
        for worker in workers[1:]:
            said, _ = worker.communicate(timeout=PATIENCE)
            assert worker.returncode == 0, said
            assert f"({TRIALS} trials" in said
        slots = slots_of(study.trials)
    assert len(slots) == TRIALS
    assert all(slot.state in {"complete", "pruned"} for slot in slots)
    attempts = {slot.number: slot.num_attempts for slot in slots}
    assert attempts.pop(killed) == 2
    assert set(attempts.values()) == {1}
    # It went on: an epoch that one process had reported was not trained by another.
    (taken_up,) = (slot.last for slot in slots if slot.number == killed)
    assert taken_up.user_attrs[INHERITED] >= 1
    assert taken_up.user_attrs[PROCESS].split(", ")[1] != str(workers[0].pid)
    run = RunFolder(folder / "shared" / "trials" / f"{killed:04d}").description
    assert run["status"] == "finished"
    assert run["epochs_done"] == len(taken_up.intermediate_values)


@pytest.mark.slow
def test_three_processes_share_a_journal_and_one_is_killed(start, tmp_path) -> None:
    check(start, str(tmp_path / "study.journal"), tmp_path)


@pytest.mark.slow
def test_three_processes_share_a_postgresql_and_one_is_killed(start, tmp_path, postgresql) -> None:
    check(start, postgresql, tmp_path)


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of an empty database, of a server on a free port that lives as long as the test."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    if initdb is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    # It refuses to be run by root.
    user = "nobody" if getpass.getuser() == "root" else None
    folder = Path(tempfile.mkdtemp(prefix="mnistkit-postgresql-"))
    if user is not None:
        shutil.chown(folder, user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, bin_folder = folder / "data", Path(initdb).resolve().parent
    try:
        subprocess.run(
            [initdb, "-D", data, "-U", "tester", "-A", "trust", "--no-locale", "-E", "UTF8"],
            check=True,
            capture_output=True,
            user=user,
            cwd=folder,
        )
        server = subprocess.Popen(
            [
                *(bin_folder / "postgres", "-D", data, "-p", str(port), "-k", folder),
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            cwd=folder,
        )
        try:
            _wait_for(port, server)
            yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # at once, whoever is connected
            server.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience and server.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(f"host=127.0.0.1 port={port} user=tester dbname=postgres").close()
            return
        time.sleep(0.1)
    raise AssertionError("PostgreSQL does not answer")

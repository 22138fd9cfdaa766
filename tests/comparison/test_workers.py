"""Executors: real pools of threads and processes, and a worker that is killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import mnistkit
from mnistkit.comparison.workers import threads_each
from mnistkit.errors import ComparisonError


def losses(compared: mnistkit.Comparison) -> dict[str, list[float]]:
    return {
        one.title: [evaluation.loss for evaluation in one.evaluations.values()]
        for one in compared.contenders
    }


def spawning(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def test_threads_give_the_same_numbers_as_one_after_the_other(small, contenders, compared) -> None:
    with ThreadPoolExecutor(3) as executor:
        by_threads = mnistkit.compare(contenders, small, seeds=2, executor=executor)
    assert losses(by_threads) == losses(compared)


def test_processes_share_the_processors() -> None:
    with spawning(2) as two:
        assert threads_each(two) == max(1, len(os.sched_getaffinity(0)) // 2)
    with ThreadPoolExecutor(2) as threads:
        assert threads_each(threads) is None
    assert threads_each(None) is None


def test_a_function_that_cannot_be_sent_is_refused_at_once(small) -> None:
    with spawning(1) as executor, pytest.raises(ComparisonError, match="at the top of a module"):
        mnistkit.compare([lambda train, images, seed: None], small, seeds=1, executor=executor)


MODULE = """
import os, time
import numpy as np

def trains(train, images, seed, *, folder=""):
    if seed == 1 and folder and not os.path.exists(f"{folder}/died"):
        open(f"{folder}/died", "w").close()
        os.kill(os.getpid(), 9)
    return np.random.default_rng(seed).dirichlet([1] * len(train.classes), len(images))

def dies(train, images, seed):
    os._exit(1)
"""


@pytest.fixture
def module(tmp_path, monkeypatch) -> Path:
    """A module that processes can import, as a plugin's."""
    (tmp_path / "contenders_of_a_test.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_a_lost_worker_costs_one_job_which_is_run_again(module, small) -> None:
    name = "contenders_of_a_test:trains"
    expected = mnistkit.compare([name], small, seeds=3)
    fatal = mnistkit.Contender(name, options={"folder": str(module)})
    with spawning(2) as executor:
        compared = mnistkit.compare([fatal], small, seeds=3, executor=executor)
    assert (module / "died").exists()
    assert compared.errors == ()
    assert losses(compared) == losses(expected)


@pytest.mark.slow
def test_what_kills_every_worker_is_given_up_and_the_others_go_on(module, small) -> None:
    names = ["contenders_of_a_test:dies", "contenders_of_a_test:trains"]
    with spawning(2) as executor:
        compared = mnistkit.compare(names, small, seeds=1, executor=executor)
    assert "its process ended without a word, 3 times" in compared["dies"].errors[0]
    assert compared["trains"].errors == {}


@pytest.mark.slow
def test_a_pool_that_forks_is_replaced_and_models_train_in_processes(small, tmp_path) -> None:
    recipe = mnistkit.Recipe(epochs=1)
    contender = mnistkit.Contender("dense128", recipe=recipe)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as executor:
        compared = mnistkit.compare(
            [contender], small, seeds=2, executor=executor, run_dir=tmp_path / "c"
        )
    assert compared.errors == ()
    assert (tmp_path / "c" / "dense128" / "seed-1" / "run.json").exists()
    again = mnistkit.compare([contender], small, seeds=2, run_dir=tmp_path / "c")
    assert losses(again) == losses(compared)


@pytest.mark.slow
def test_dask_trains_and_survives_the_loss_of_a_worker(module, small, tmp_path) -> None:
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    name = "contenders_of_a_test:trains"
    dense = mnistkit.Contender("dense128", recipe=mnistkit.Recipe(epochs=1))
    expected = mnistkit.compare([name], small, seeds=3)
    fatal = mnistkit.Contender(name, options={"folder": str(module)})
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        compared = mnistkit.compare(
            [fatal, dense], small, seeds=3, executor=client.get_executor(), run_dir=tmp_path / "c"
        )
    assert (module / "died").exists()
    assert compared.errors == ()
    assert losses(compared)["trains"] == losses(expected)["trains"]
    assert (tmp_path / "c" / "dense128" / "seed-2" / "run.json").exists()


@pytest.mark.slow
def test_a_training_whose_worker_is_killed_goes_on_to_the_same_weights(small, tmp_path) -> None:
    contender = mnistkit.Contender("dense128", recipe=mnistkit.Recipe(epochs=60, batch_size=2))
    with spawning(1) as executor:
        expected = mnistkit.compare([contender], small, seeds=1, executor=executor)
    with spawning(1) as executor:
        stop = threading.Event()

        def kill() -> None:
            while not stop.is_set() and not list(tmp_path.rglob("checkpoint-*2.npz")):
                time.sleep(0.005)
            for process in list(executor._processes or ()):
                os.kill(process, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        compared = mnistkit.compare(
            [contender], small, seeds=1, executor=executor, run_dir=tmp_path / "killed"
        )
        stop.set()
        killer.join()
    assert losses(compared) == losses(expected)


SCRIPT = """
import sys
from concurrent.futures import ProcessPoolExecutor
import mnistkit

@mnistkit.register_model("mine")
def mine(*, num_classes=10, input_shape=(28, 28)):
    import keras
    layers = [keras.layers.Flatten(), keras.layers.Dense(num_classes, "softmax")]
    return keras.Sequential([keras.Input(input_shape), *layers])

if __name__ == "__main__":
    recipe = mnistkit.Recipe(epochs=1)
    contenders = [mnistkit.Contender("mine", recipe=recipe)]
    with ProcessPoolExecutor(1) as executor:
        mnistkit.compare(contenders, "digits", seeds=1, run_dir=sys.argv[1], executor=executor)
    trainer = mnistkit.Trainer("mine", recipe=recipe, run_dir=f"{sys.argv[1]}/mine/seed-0")
    data = mnistkit.load_dataset("digits").train.holdout(1 / 6, seed=0)[0]
    trainer.fit(data, resume=True, verbose=0)  # the same run, so nothing is refused
    print(trainer.history["accuracy"])
"""


@pytest.mark.slow
def test_a_model_of_a_script_is_the_same_in_its_processes(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "kept")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("[0.")

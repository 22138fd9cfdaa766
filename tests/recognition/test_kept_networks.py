"""Networks that are kept: loaded once, a few of them, and anew when their source has changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mnistkit
from mnistkit.recognition.kept_networks import forget_networks, kept_network
from mnistkit.recognition.loading import load_network
from mnistkit.recognition.network import Network

NETWORK = Network("", lambda images: np.zeros((len(images), 10), np.float32))


@pytest.fixture(autouse=True)
def _forgotten():
    forget_networks()
    yield
    forget_networks()


def counting(loaded, name):
    def load():
        loaded.append(name)
        return Network(name, NETWORK.logits)

    return load


def test_it_is_loaded_once_for_each_stamp():
    loaded = []
    for stamp in (1, 1, 2, 2, 1):
        kept_network("a", stamp, counting(loaded, f"a{stamp}"))
    assert loaded == ["a1", "a2", "a1"]


def test_only_those_that_were_asked_for_last_are_kept():
    loaded = []
    names = [f"network {number}" for number in range(9)]
    for name in [*names[:8], names[0], names[8], names[0], names[1]]:
        kept_network(name, None, counting(loaded, name))
    assert loaded == [*names, names[1]]


def test_one_that_fails_to_load_is_not_kept():
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept_network("a", None, fail)
    assert kept_network("a", None, lambda: NETWORK) is NETWORK


def test_a_run_is_loaded_once_and_again_when_it_was_saved_anew(tmp_path):
    trainer = mnistkit.Trainer("dense128")
    trainer.save(tmp_path / "run")
    first = load_network(tmp_path / "run")
    assert load_network(str(tmp_path / "run")) is first
    weights = [weight + 0.01 for weight in trainer.model.get_weights()]
    trainer.model.set_weights(weights)
    trainer.save(tmp_path / "run")
    again = load_network(tmp_path / "run")
    assert again is not first
    assert load_network(tmp_path / "run") is again


SCRIPT = """
import sys
import mnistkit, numpy as np

def memory():
    with open("/proc/self/status") as status:
        return int(status.read().split("RssAnon:")[1].split()[0]) / 1024

mnistkit.quiet_tensorflow()
images = mnistkit.load_dataset("digits").test.images
model = sys.argv[1] if len(sys.argv) > 1 else mnistkit.create_model("dense128")
for image in images[:100]:
    mnistkit.recognize(image, model=model)
before = memory()
for image in images[:300]:
    mnistkit.recognize(image, model=model)
print(memory() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell")
@pytest.mark.parametrize("what", ["model", "folder"])
def test_three_hundred_calls_do_not_grow_memory(what, tmp_path):
    arguments = []
    if what == "folder":
        arguments = [str(mnistkit.Trainer("dense128").save(tmp_path / "run"))]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 10  # MB

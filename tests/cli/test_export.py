from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import mnistkit


def test_train_export_read(run, run_light, trained, tmp_path):
    """What was trained is exported, and pictures are read with that without TensorFlow."""
    _, folder = trained
    done = run("export", folder, tmp_path / "mine.onnx")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "mine.onnx: " in done.stdout
    assert "of Keras' on 360 images of digits test" in done.stdout
    digit = np.pad(mnistkit.load_dataset("digits").test.images[0], 10)
    Image.fromarray(np.kron(digit, np.ones((3, 3), np.uint8))).save(tmp_path / "digit.png")
    read = run_light("predict", tmp_path / "digit.png", "--model", tmp_path / "mine.onnx")
    assert read.returncode == 0, read.stderr
    assert read.stdout.split()[0].isdigit()


@pytest.mark.slow
def test_eight_bit_integers_as_json(run, trained, tmp_path):
    _, folder = trained
    done = run("export", folder, tmp_path / "mine.tflite", "--quantize", "int8", "--json")
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["format"] == "litert"
    assert told["metadata"]["precision"] == "int8"
    assert told["agreement"]["accuracy"] > 0.5
    assert (tmp_path / "mine.tflite").stat().st_size == told["size"]


def test_mistakes(run, run_light, trained, tmp_path):
    _, folder = trained
    (tmp_path / "there.onnx").write_bytes(b"")
    done = run_light("export", folder, tmp_path / "there.onnx")  # before TensorFlow is started
    assert done.returncode == 1
    assert "is there already, and is not overwritten" in done.stderr
    done = run("export", tmp_path, tmp_path / "there.onnx", "--overwrite")
    assert done.returncode == 1
    assert "holds no saved run" in done.stderr
    assert (tmp_path / "there.onnx").exists()
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    done = run_light("predict", tmp_path / "any.png", "--model", tmp_path / "broken.onnx")
    assert done.returncode == 1
    assert "no ONNX network that can be run" in done.stderr

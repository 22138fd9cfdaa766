"""Keras' settings for the whole process are refused, or do no harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import mnistkit


def run_with_keras_settings(tmp_path, settings, script, **environment):
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_HOME": str(tmp_path), **environment},
    )


REFUSALS = """
import mnistkit
for call in (lambda: mnistkit.create_model("cnn"), lambda: mnistkit.Trainer("dense128")):
    try:
        call()
    except mnistkit.errors.ModelError as error:
        print(error)
"""


@pytest.mark.parametrize("backend", ["torch", "theano", "jax"])
def test_another_backend_is_refused_in_words(tmp_path, backend):
    done = run_with_keras_settings(tmp_path, {"backend": backend}, REFUSALS)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr[-2000:]
    for line in lines:
        assert f"the backend '{backend}' in '{tmp_path / 'keras.json'}'" in line
        assert "Set the environment variable KERAS_BACKEND=tensorflow" in line
    done = run_with_keras_settings(tmp_path, {}, REFUSALS, KERAS_BACKEND=backend)
    assert "in the environment variable KERAS_BACKEND" in done.stdout


def test_the_environment_variable_that_is_advised(tmp_path):
    script = "import mnistkit; print(mnistkit.create_model('cnn').name)"
    settings = {"backend": "theano", "image_data_format": "channels_first"}
    done = run_with_keras_settings(tmp_path, settings, script, KERAS_BACKEND="tensorflow")
    assert done.stdout.strip() == "cnn", done.stderr[-2000:]


def test_channels_come_last_whatever_keras_is_set_to():
    expected = mnistkit.create_model("cnn").to_json()
    keras.config.set_image_data_format("channels_first")
    try:
        model = mnistkit.create_model("cnn", weights="mnist")
        assert keras.config.image_data_format() == "channels_first"
        plain = mnistkit.create_model("cnn")
        images = np.zeros((2, 28, 28), np.uint8)
        assert mnistkit.Trainer(model).predict(images).shape == (2, 10)
        mnistkit.Trainer(plain).fit((images, [0, 1]), epochs=1, verbose=0)
    finally:
        keras.config.set_image_data_format("channels_last")
    assert plain.to_json().count("channels_first") == expected.count("channels_first") == 0

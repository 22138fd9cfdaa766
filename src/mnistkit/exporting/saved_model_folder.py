"""SavedModel, TensorFlow's own format: for TensorFlow Serving, and for other converters."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.exporting.program import INPUT, Program
from mnistkit.models.network_metadata import METADATA_KEY

SIGNATURE = "serving_default"
METADATA_FILE = Path("assets.extra", f"{METADATA_KEY}.json")
"""Where a SavedModel has files that TensorFlow itself does not read."""


def write(program: Program, path: Path, images: NDArray[np.float32] | None) -> None:  # noqa: ARG001  (no integers here)
    """Write the folder of a SavedModel."""
    import tensorflow as tf

    function = program.function()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow's own deprecated functions
        tf.saved_model.save(program.module(function), str(path), signatures=function)
    (path / METADATA_FILE).parent.mkdir()
    text = json.dumps(program.metadata.to_dict(), indent=2) + "\n"
    (path / METADATA_FILE).write_text(text, encoding="utf-8")


def load(path: Path, output: str) -> Callable[[NDArray[Any]], NDArray[np.float32]]:
    """The folder as a function of images, run by TensorFlow without Keras."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures[SIGNATURE]

    def run(images: NDArray[Any]) -> NDArray[np.float32]:
        # The variables live as long as what was loaded.
        assert loaded is not None
        outputs: NDArray[np.float32] = signature(**{INPUT: tf.constant(images)})[output].numpy()
        return outputs

    return run

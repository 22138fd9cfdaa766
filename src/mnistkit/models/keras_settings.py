"""Keras' settings for a whole process, as far as they decide whether anything works at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mnistkit.errors import ModelError
from mnistkit.packages import require_tensorflow


def require_keras() -> None:
    """Refuse to go on without Keras on TensorFlow, before it is imported.

    Raises
    ------
    MissingPackageError
        If one of them is not installed.
    ModelError
        If Keras is set to another backend; the message names the setting, where it stands, and
        the remedy.
    """
    require_tensorflow()
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        backend, where = keras.config.backend(), "this process"
    else:
        backend, where = _backend_to_be()
    if backend != "tensorflow":
        raise ModelError(
            f"Keras is set to the backend {backend!r} in {where}; mnistkit works with TensorFlow. "
            "Set the environment variable KERAS_BACKEND=tensorflow before Python starts, or "
            "correct the setting."
        )


def _backend_to_be() -> tuple[str, str]:
    """The backend that Keras will take, and where that is set; as Keras itself reads it."""
    if chosen := os.environ.get("KERAS_BACKEND"):
        return chosen, "the environment variable KERAS_BACKEND"
    home = os.environ.get("KERAS_HOME")
    path = (Path(home) if home else Path("~/.keras").expanduser()) / "keras.json"
    try:
        settings: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        settings = {}  # Keras passes over it, too
    backend = settings.get("backend") if isinstance(settings, dict) else None
    return str(backend or "tensorflow"), repr(str(path))


@contextlib.contextmanager
def channels_last() -> Iterator[None]:
    """Build layers for images with the channels last, as all images here are.

    ``image_data_format`` in ``keras.json`` may say otherwise for layers that do not.
    """
    import keras

    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_image_data_format(before)

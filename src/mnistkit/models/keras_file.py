"""A whole model in a file of Keras' own, which is written, and read in safe mode."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import RunFolderError, WrongTypeError
from mnistkit.messages import shown

if TYPE_CHECKING:
    import keras

MODEL_FILE = "model.keras"


def write_keras_model(model: keras.Model) -> bytes:
    """A model as Keras saves it, which it does to a path only."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / MODEL_FILE)
        return (Path(folder) / MODEL_FILE).read_bytes()


def read_keras_model(
    content: bytes, source: Path, custom_objects: Mapping[str, Any] | None = None
) -> keras.Model:
    """Have Keras read a model in safe mode: no code of the file's is run.

    Parameters
    ----------
    content : bytes
        What was verified; Keras gets a file of its own with it.
    source : pathlib.Path
        Where it came from, for messages.
    custom_objects : mapping, optional
        The caller's own classes and functions in it by name.

    Raises
    ------
    RunFolderError
        If Keras cannot read it.
    """
    import keras

    if not isinstance(custom_objects, Mapping | None):
        raise WrongTypeError(
            f"custom_objects={shown(custom_objects)}: expected a mapping of names to your classes "
            "and functions, such as {'Mine': Mine}."
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / MODEL_FILE
        path.write_bytes(content)
        try:
            objects = _by_every_name(custom_objects, path) if custom_objects else {}
            with keras.saving.custom_object_scope(objects):
                return keras.saving.load_model(path, safe_mode=True)
        # A forged file makes Keras raise anything.
        except Exception as error:
            reason = str(error).replace(str(path), MODEL_FILE)
            raise RunFolderError(
                f"Keras cannot read {str(source)!r}: {reason}. If the model has layers of your "
                "own, import the module that registers them first, or give them: Trainer.load(..., "
                "custom_objects={'Mine': Mine}); or give the model a name with "
                "mnistkit.register_model, so that it is built again from your code."
            ) from error


def _by_every_name(objects: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The caller's objects also by the names that they were registered with, ``package>Name``."""
    with zipfile.ZipFile(path) as archive:
        configuration = archive.read("config.json").decode()
    packaged = set(re.findall(r'"([^"]*>([^"]*))"', configuration))
    registered = {full: objects[name] for full, name in packaged if name in objects}
    return {**registered, **objects}

"""Networks by what a user names: trained weights, an ONNX file, a run's folder, a Keras model.

The first two run in onnxruntime, which starts in a fraction of TensorFlow's time. Keras is imported
only for the others.
"""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import UnknownNameError
from mnistkit.recognition.kept_networks import kept_network
from mnistkit.recognition.network import Network
from mnistkit.recognition.onnx_network import onnx_network, read_network

if TYPE_CHECKING:
    import keras

_RUN_FILE = "run.json"  # the last to be written of a run


def load_network(model: str | os.PathLike[str] | keras.Model | Any) -> Network:
    """Load the network that a user names; what comes from a file is kept until that changes.

    Parameters
    ----------
    model : str, path-like or keras.Model
        The name of a model with trained weights in the package, an ONNX file that `export` wrote,
        the folder of a saved run, or a Keras model.

    Raises
    ------
    UnknownNameError
        If there are no trained weights of that name, and no such file or folder.
    ModelError
        If the model does not classify 28x28 images of ten digits.
    OnnxError
        If the file is none that `export` wrote, or not of such a model.
    WeightsError
        If a file of the package is damaged.
    RunFolderError
        If the folder holds no saved run.
    """
    if not isinstance(model, str | os.PathLike):
        from mnistkit.recognition.keras_network import keras_network

        return keras_network(model)
    if isinstance(model, str):
        weights = _weights_for_pictures(model)
        if weights:
            return pretrained_network(model, weights)
    path = _existing(model)
    if path is None:
        raise UnknownNameError(
            f"There are no trained weights for model={str(model)!r}, and no file and no folder of "
            f"that name. Trained weights come with {', '.join(map(repr, _models_with_weights()))}. "
            "A model of your own is given as the ONNX file that mnistkit.export wrote, as the "
            "folder that Trainer.save wrote, or as a Keras model."
        )
    if path.is_dir():
        return kept_network(str(path), _stamp(path / _RUN_FILE), lambda: _run_network(path))
    return kept_network(str(path), _stamp(path), lambda: read_network(path))


def _existing(model: str | os.PathLike[str]) -> Path | None:
    """The file or folder of that name, if there is one."""
    try:
        path = Path(model).expanduser().absolute()
        return path if os.fspath(model) and path.exists() else None
    except (OSError, ValueError, RuntimeError):  # too long a name, say, or nobody's home
        return None


def _stamp(path: Path) -> Hashable:
    """What is another one when a file was written anew."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _run_network(folder: Path) -> Network:
    from mnistkit.recognition.keras_network import keras_network
    from mnistkit.training import Trainer

    return keras_network(Trainer.load(folder).model, name=str(folder))


def _weights_for_pictures(model: str) -> str | None:
    """The name of the weights that suit people's own pictures best; None if there are none."""
    from mnistkit.models.pretrained import list_weights

    names = list_weights(model)
    return next((name for name in ("handwriting", "mnist", *names) if name in names), None)


def _models_with_weights() -> list[str]:
    from mnistkit.models.catalogue import list_models

    return [name for name in list_models() if _weights_for_pictures(name)]


def pretrained_network(model: str, weights: str) -> Network:
    """The network of trained weights in the package; loaded once, and safe to use from threads.

    Raises
    ------
    WeightsError
        If the file is damaged.
    OnnxError
        If it is none that `export` wrote, or not of a model that reads digits.
    """
    return kept_network(f"{model}-{weights}", None, lambda: _load(model, weights))


def _load(model: str, weights: str) -> Network:
    from mnistkit.models.pretrained import pretrained_onnx

    return onnx_network(pretrained_onnx(model, weights), f"{model}-{weights}")

"""Networks that classify images of digits: the trained ones of the package, and anybody's own.

The package's run in onnxruntime, which starts in a fraction of TensorFlow's time. Keras is
imported only for a model that comes as one, or as the folder of a run.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError, UnknownNameError
from mnistkit.images.normalize import to_unit_floats

if TYPE_CHECKING:
    import keras

NUM_DIGITS = 10
_BATCH = 256


@dataclass(frozen=True)
class Network:
    """Classifies images of single digits.

    Attributes
    ----------
    name : str
        What messages call it.
    logits : function
        Float32 (n, 28, 28) in [0, 1] to (n, 10), or (n, 11) where the last class is "no digit".
    temperature : float
        What the logits are divided by, so that probabilities are as often right as they say.
    """

    name: str
    logits: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    temperature: float = 1.0

    def classify(
        self, images: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return probabilities of the ten digits, and that of being a digit at all.

        Parameters
        ----------
        images : numpy.ndarray of uint8, shape (n, 28, 28)

        Returns
        -------
        probabilities : numpy.ndarray of float32, shape (n, 10)
        scores : numpy.ndarray of float32, shape (n,)
            1 for a network that knows no class "no digit".
        """
        parts = [
            self.logits(to_unit_floats(images[start : start + _BATCH]))
            for start in range(0, len(images), _BATCH)
        ]
        logits = np.concatenate(parts) if parts else np.zeros((0, NUM_DIGITS), np.float32)
        probabilities = _softmax(logits / self.temperature)
        digits = probabilities[:, :NUM_DIGITS]
        # An image that is surely no digit has nothing left to divide by.
        share = np.maximum(digits.sum(axis=1, keepdims=True), 1e-12)
        return digits / share, np.minimum(share[:, 0], 1)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    normalized: NDArray[np.float32] = shifted / shifted.sum(axis=1, keepdims=True)
    return normalized


_pretrained: dict[tuple[str, str], Network] = {}
_lock = threading.RLock()  # of a kind that the thread which holds it may take again, to fork


def _wait_for_other_threads() -> None:
    """Before a fork: let nobody be loading, since onnxruntime has locks of its own while it does.

    In the child they would be held forever, by a thread that is not there.
    """
    _lock.acquire()


def _release() -> None:
    """After a fork, in the parent."""
    _lock.release()


def _forget_networks() -> None:
    """After a fork, in the child: a free lock, and nothing loaded.

    The threads of a session stay behind in the parent. Without them it may wait forever when it
    is run, and may crash the process when it is destroyed. So the sessions are forgotten, but each
    keeps a reference that is never given back.
    """
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()
    for network in _pretrained.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(network))
    _pretrained.clear()


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(
        before=_wait_for_other_threads, after_in_parent=_release, after_in_child=_forget_networks
    )


def load_network(model: str | os.PathLike[str] | keras.Model | Any) -> Network:
    """Load the network that a user names.

    Parameters
    ----------
    model : str, path-like or keras.Model
        The name of a model with trained weights in the package, the folder of a saved run, or a
        Keras model.

    Raises
    ------
    UnknownNameError
        If there are no trained weights of that name, and no such folder.
    ModelError
        If the model does not classify 28x28 images of ten digits.
    WeightsError
        If a file of the package is damaged.
    RunFolderError
        If the folder holds no saved run.
    """
    if not isinstance(model, str | os.PathLike):
        return _keras_network(model)
    if isinstance(model, str):
        weights = _weights_for_pictures(model)
        if weights:
            return pretrained_network(model, weights)
    if _is_folder(model):
        from mnistkit.training import Trainer

        return _keras_network(Trainer.load(model).model, name=str(model))
    raise UnknownNameError(
        f"There are no trained weights for model={str(model)!r}, and no folder of that name. "
        f"Trained weights come with {', '.join(map(repr, _models_with_weights()))}. A model of "
        "your own is given as the folder that Trainer.save wrote, or as a Keras model."
    )


def _is_folder(path: str | os.PathLike[str]) -> bool:
    try:
        return bool(os.fspath(path)) and Path(path).is_dir()
    except (OSError, ValueError):  # too long a name, say
        return False


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

    A process that was forked loads it again.

    Raises
    ------
    WeightsError
        If the file is damaged.
    """
    with _lock:
        if (model, weights) not in _pretrained:
            _pretrained[model, weights] = _load(model, weights)
        return _pretrained[model, weights]


def _load(model: str, weights: str) -> Network:
    from mnistkit.models.pretrained import pretrained_onnx

    card, content = pretrained_onnx(model, weights)
    return Network(f"{model}-{weights}", onnx_logits(content), card.temperature)


def onnx_logits(content: bytes) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """An ONNX network as a function, run by onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def logits(images: NDArray[np.float32]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = session.run(["logits"], {"images": images})[0]
        return outputs

    return logits


def _keras_network(model: Any, name: str | None = None) -> Network:
    import keras

    from mnistkit.training.contract import refuse_unbuilt
    from mnistkit.training.outputs import num_classes_of, outputs_of, to_probabilities
    from mnistkit.training.shapes import input_shape_of

    if not isinstance(model, keras.Model):
        raise ModelError(
            f"model={model!r}: expected the name of a model, the folder of a saved run, or a "
            f"keras.Model, not {type(model).__name__}."
        )
    refuse_unbuilt(model)
    (shape, _), num_classes = input_shape_of(model), num_classes_of(model)
    if shape not in ((28, 28), (28, 28, 1)) or num_classes not in (NUM_DIGITS, NUM_DIGITS + 1):
        raise ModelError(
            f"The model {model.name!r} takes {shape} and has {num_classes or 'no'} outputs of "
            "classes. To read pictures of digits it must take (28, 28) or (28, 28, 1) and have 10 "
            "outputs, or 11 of which the last is 'no digit'."
        )
    outputs = outputs_of(model)

    def logits(images: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.asarray(model.predict_on_batch(images.reshape(-1, *shape)))
        probabilities = to_probabilities(found, outputs)
        # Half precision adds up to 1 only roughly. NaN does not at all.
        if not (np.abs(probabilities.sum(axis=1) - 1) < 0.03).all():
            raise ModelError(
                f"The model {model.name!r} gives no probabilities: its outputs for one picture are "
                f"{found[0]}. Train it again if they are NaN."
            )
        logarithms: NDArray[np.float32] = np.log(np.maximum(probabilities, 1e-30))
        return logarithms

    return Network(name or model.name, logits)

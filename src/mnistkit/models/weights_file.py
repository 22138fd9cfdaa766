"""Weights as plain numbers in a file: a NumPy archive, in the order of ``model.weights``."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import WeightsError

if TYPE_CHECKING:
    import keras


def weights_as_bytes(model: keras.Model) -> bytes:
    """The content of a weights file."""
    arrays = {_key(n, variable): variable.numpy() for n, variable in enumerate(model.weights)}
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def set_weights(model: keras.Model, content: bytes, *, sha256: str, source: str) -> None:
    """Give a model the weights of a file.

    Parameters
    ----------
    model : keras.Model
    content : bytes
        What `weights_as_bytes` returned.
    sha256 : str
        The hash that the content must have.
    source : str
        Where the content came from, for messages.

    Raises
    ------
    WeightsError
        If the content is another one, or the model has other weights.
    """
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WeightsError(
            f"{source} is not the file that was saved (its sha256 is not {sha256[:12]}...). "
            "Restore it from a copy, or train again."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = [archive[name] for name in archive.files]
    expected = [tuple(variable.shape) for variable in model.weights]
    found = [array.shape for array in arrays]
    if found != expected:
        raise WeightsError(
            f"The weights in {source} have the shapes {found}, but the model {model.name!r} has "
            f"{expected}. It was built with other options, or its code has changed."
        )
    for variable, array in zip(model.weights, arrays, strict=True):
        variable.assign(array)


def _key(number: int, variable: Any) -> str:
    """A readable name; the number keeps names apart that Keras gave twice."""
    return f"{number:03d}:{variable.path}".replace("/", ".")

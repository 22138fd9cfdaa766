"""Weights as plain numbers in a file: a NumPy archive, in the order of ``model.weights``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import NpzError, WeightsError
from mnistkit.files.archives import archive_bytes, read_whole_archive

if TYPE_CHECKING:
    import keras

_MOST_LISTED = 5


@dataclass(frozen=True)
class TrainedWeights:
    """Weights to begin a model with.

    Attributes
    ----------
    content : bytes
        What `weights_as_bytes` returned.
    sha256 : str
        The hash that the content must have.
    source : str
        Where they come from, for messages.
    options : mapping
        The options of the model that they bring along, `num_classes` and `input_shape` among them.
    defaults : tuple of str
        Those of the options that nobody gave; a builder may not have them any more.
    temperature : float
        What logits are divided by, so that probabilities are as often right as they say.
    """

    content: bytes
    sha256: str
    source: str
    options: Mapping[str, Any]
    defaults: tuple[str, ...] = ()
    temperature: float = 1.0

    def give_to(self, model: keras.Model) -> None:
        """Set a model's weights, of whatever precision it is.

        Raises
        ------
        WeightsError
            If the content has another hash, is damaged, or does not fit the model.
        """
        if hashlib.sha256(self.content).hexdigest() != self.sha256:
            raise WeightsError(
                f"{self.source} is not the file that was saved (its sha256 is not "
                f"{self.sha256[:12]}...). Restore it from a copy, or train again."
            )
        try:
            set_weights(model, self.content, source=self.source, any_precision=True)
        except WeightsError as error:
            error.add_note(f"The weights in {self.source} are for these options: {self.options!r}.")
            raise


def weights_as_bytes(model: keras.Model) -> bytes:
    """The content of a weights file.

    Parameters
    ----------
    model : keras.Model

    Raises
    ------
    WeightsError
        If a weight is infinite or no number, as after a training that has diverged.
    """
    arrays = {}
    for number, variable in enumerate(model.weights):
        array = np.asarray(variable.numpy())
        if not _is_finite(array):
            raise WeightsError(
                f"The weights of the model {model.name!r} cannot be saved: {variable.path!r} has "
                "values that are infinite or no numbers. Its training has diverged; train again, "
                "with a lower learning rate."
            )
        key = f"{number:03d}:{variable.path}".replace("/", ".")  # Keras gives some names twice
        if array.dtype.isbuiltin != 1:  # a type that another package has added to NumPy
            key += _suffix(array.dtype)
            array = array.view(_bits(array.dtype))
        arrays[key] = array
    return archive_bytes(arrays)


def weights_digest(model: keras.Model) -> str:
    """The sha256 of all of a model's weights, with their shapes and types."""
    digest = hashlib.sha256()
    for variable in model.weights:
        array = np.ascontiguousarray(variable.numpy())
        digest.update(f"{array.dtype.name} {array.shape}".encode())
        digest.update(array.view(np.uint8).data if array.size and array.ndim else array.tobytes())
    return digest.hexdigest()


def set_weights(
    model: keras.Model, content: bytes, *, source: str, any_precision: bool = False
) -> None:
    """Give a model the weights of a file: all of them, or none if they do not fit.

    Parameters
    ----------
    model : keras.Model
    content : bytes
        What `weights_as_bytes` returned; its hash is the caller's to compare.
    source : str
        Where the content came from, for messages.
    any_precision : bool, default False
        Whether floating numbers may be of another precision than the model's, and are converted.

    Raises
    ------
    WeightsError
        If the content is damaged, has values that are no finite numbers, or the model has other
        weights.
    """
    try:
        # Stored, and so not larger than the file: a hash that was changed too proves nothing.
        found = read_whole_archive(content, stored_only=True)
    except NpzError as error:
        raise WeightsError(
            f"{source} holds no weights that can be read: {error} Restore it from a copy, or train "
            "again."
        ) from error
    fitting = _fitting(model, found, source, any_precision=any_precision)
    for path, array in zip((one.path for one in model.weights), fitting, strict=True):
        if not _is_finite(array):
            raise WeightsError(
                f"The weights in {source} are of no use: {path!r} has values that are infinite or "
                "no numbers. Restore it from a copy, or train again."
            )
    for variable, array in zip(model.weights, fitting, strict=True):
        variable.assign(array)


def _fitting(
    model: keras.Model,
    found: Mapping[str, NDArray[Any]],
    source: str,
    *,
    any_precision: bool,
) -> list[NDArray[Any]]:
    """The arrays of a file as the model's variables need them, if they are what it needs."""
    expected = [(one.path, np.asarray(one.numpy())) for one in model.weights]
    decoded = [_decoded(*item) for item in found.items()]
    if any_precision and len(decoded) == len(expected):
        decoded = [
            array.astype(wanted.dtype) if _is_floating(array) and _is_floating(wanted) else array
            for array, (_, wanted) in zip(decoded, expected, strict=True)
        ]
    differences = [
        f"  {path}: {_kind(array)} found, {_kind(wanted)} expected"
        for (path, wanted), array in zip(expected, decoded, strict=False)
        if _kind(array) != _kind(wanted)
    ]
    if len(decoded) != len(expected):
        differences.insert(0, f"  {len(decoded)} arrays found, {len(expected)} expected")
    if differences:
        more = len(differences) - _MOST_LISTED
        listed = "".join(f"\n{line}" for line in differences[:_MOST_LISTED])
        raise WeightsError(
            f"The weights in {source} do not have the shapes and types of the model "
            f"{model.name!r}, which was built with other options, or its code has changed:{listed}"
            + (f"\n  and {more} more" if more > 0 else "")
        )
    return decoded


def _decoded(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """An array of a file in the type that its name ends with, if that is not one of NumPy's own."""
    import ml_dtypes

    for dtype in (np.dtype(ml_dtypes.bfloat16),):
        if name.endswith(_suffix(dtype)) and array.dtype == _bits(dtype):
            return array.view(dtype)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _suffix(dtype: np.dtype[Any]) -> str:
    return f"@{dtype.name}"


def _bits(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type to store others in: NumPy writes them without a name, as bytes."""
    return np.dtype(f"u{dtype.itemsize}")


def _kind(array: NDArray[Any]) -> str:
    return f"{array.dtype.name} {array.shape}"[:80]


def _is_floating(array: NDArray[Any]) -> bool:
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def _is_finite(array: NDArray[Any]) -> bool:
    """Whether there are no infinities, and nothing that is no number."""
    if array.dtype.kind in "biu":
        return True
    if array.dtype.kind not in "fV":  # V: bfloat16, in the eyes of NumPy
        return False
    return bool(np.isfinite(array).all())

"""What a callback is set to, and what it has noted, as JSON can hold it."""

from __future__ import annotations

import logging
import os
from typing import Any

import keras
import numpy as np

logger = logging.getLogger(__name__)

_ARRAY, _TUPLE, _DICT, _OPERATION = "__array__", "__tuple__", "__dict__", "__keras_operation__"
_KERAS_OWN = ("_model", "_params", "model", "params")


class _NotPlainError(Exception):
    """The value cannot be kept."""


def settings_of(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """The class of a callback, and those of its attributes that are plain values."""
    return {"class": type(callback).__qualname__, "settings": _plain_attributes(callback)}


def changes_since(callback: keras.callbacks.Callback, settings: dict[str, Any]) -> dict[str, Any]:
    """What a callback has noted since it had those settings, such as counters."""
    before = settings["settings"]
    now = _plain_attributes(callback)
    changed = {name: v for name, v in now.items() if name not in before or before[name] != v}
    return {"class": type(callback).__qualname__, "changed": changed}


def restore(callback: keras.callbacks.Callback, state: dict[str, Any]) -> None:
    """Give a callback of the same class back what it had noted.

    A file says what that is, so it cannot change what the caller has set: texts such as the name of
    a file to write to, and anything that belongs to the class, such as its methods.
    """
    if type(callback).__qualname__ != state["class"]:
        return
    for name, value in state["changed"].items():
        if _is_set_by_the_caller(callback, name):
            continue
        try:
            setattr(callback, name, _decode(value))
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            logger.warning(
                "What the callback %s had noted as %r is damaged, so it begins anew (%s).",
                state["class"], name, error,
            )  # fmt: skip


def _is_set_by_the_caller(callback: keras.callbacks.Callback, name: str) -> bool:
    of_class = getattr(type(callback), name, None)
    return (
        name in _KERAS_OWN
        or name.startswith("__")
        or isinstance(of_class, property)
        or callable(of_class)
        or isinstance(vars(callback).get(name), str | os.PathLike)
    )


def _plain_attributes(callback: keras.callbacks.Callback) -> dict[str, Any]:
    found = {}
    for name, value in vars(callback).items():
        if name not in _KERAS_OWN:
            try:
                found[name] = _encode(value)
            except _NotPlainError:
                continue
    return found


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and value.dtype != object:
        return {_ARRAY: [str(value.dtype), list(value.shape), value.tobytes().hex()]}
    if isinstance(value, tuple):
        return {_TUPLE: [_encode(item) for item in value]}
    if isinstance(value, list):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {_DICT: [[_encode(key), _encode(item)] for key, item in value.items()]}
    name = getattr(value, "__name__", "")
    if callable(value) and value is getattr(keras.ops, name, None):
        # How EarlyStopping compares. It is chosen late, and other attributes are changed with it.
        return {_OPERATION: name}
    raise _NotPlainError


def _decode(value: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == _ARRAY:
        dtype, shape, data = content
        return np.frombuffer(bytes.fromhex(data), dtype=dtype).reshape(shape).copy()
    if kind == _TUPLE:
        return tuple(_decode(item) for item in content)
    if kind == _DICT:
        return {_decode(key): _decode(item) for key, item in content}
    operation = getattr(keras.ops, content, None)
    if kind != _OPERATION or getattr(operation, "__name__", None) != content:
        raise ValueError(f"{content!r} is no operation of Keras")
    return operation

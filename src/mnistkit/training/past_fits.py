"""The fits that a model has been through, kept beside the model, whichever trainers did them."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mnistkit.training.description import Description

if TYPE_CHECKING:
    import keras

_fits: weakref.WeakKeyDictionary[keras.Model, tuple[Description, ...]] = weakref.WeakKeyDictionary()


def past_fits(model: keras.Model) -> tuple[Description, ...]:
    """What `summary` says of each, the first one first."""
    return _fits.get(model, ())


def note_past_fits(model: keras.Model, fits: Iterable[Description]) -> None:
    """Note all fits that a model has been through."""
    _fits[model] = tuple(fits)

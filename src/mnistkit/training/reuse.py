"""What is compiled once serves several trainings of one model, where the caller asks for it.

A program refers to the model's layers and to the variables of its optimizer. So a training that
begins anew in the same model, with other weights, can use it if the optimizer's variables begin
anew, too, and if nobody has changed anything else of the model. That cannot be seen from here:
whoever calls `keep_programs` answers for it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Program = TypeVar("Program")


@dataclass
class _Kept:
    """What a model is compiled with."""

    settings: Any = None
    optimizer: Any = None
    beginning: list[NDArray[Any]] = field(default_factory=list)  # of the optimizer's variables
    programs: list[tuple[Any, Any]] = field(default_factory=list)


_kept: weakref.WeakKeyDictionary[keras.Model, _Kept] = weakref.WeakKeyDictionary()


def keep_programs(model: keras.Model) -> None:
    """Let what is compiled for a model serve its next trainings; only its weights will change."""
    _kept[model] = _Kept()


def drop_programs(model: keras.Model) -> None:
    """Let a model be compiled anew for every training, as others are."""
    _kept.pop(model, None)


def begin_again(model: keras.Model, settings: Any) -> bool:
    """Set the optimizer to its beginning if the model is compiled with these settings already.

    Parameters
    ----------
    model : keras.Model
    settings : any
        What the model is to be compiled with.

    Returns
    -------
    bool
        Whether it need not be compiled.
    """
    kept = _kept.get(model)
    if kept is None or kept.settings != settings or kept.optimizer is not model.optimizer:
        return False
    for variable, value in zip(kept.optimizer.variables, kept.beginning, strict=True):
        variable.assign(value)
    return True


def note_compiled(model: keras.Model, settings: Any) -> None:
    """Note what a model was compiled with just now, and how its optimizer begins."""
    if model in _kept:
        optimizer: Any = model.optimizer
        optimizer.build(model.trainable_variables)
        beginning = [variable.numpy().copy() for variable in optimizer.variables]
        _kept[model] = _Kept(settings, optimizer, beginning)


def program_of(model: keras.Model, settings: Any, make: Callable[[], Program]) -> Program:
    """The program with these settings that was made for a model before, or a new one."""
    kept = _kept.get(model)
    if kept is None:
        return make()
    for known, program in kept.programs:
        if known == settings:
            return program  # type: ignore[no-any-return]  # made by the same function
    kept.programs.append((settings, make()))
    return kept.programs[-1][1]  # type: ignore[no-any-return]

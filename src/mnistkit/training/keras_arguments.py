"""Keras' ways of calling `fit`, `evaluate` and `predict`, answered with ours.

Only what Keras knows by name is answered; anything else is the TypeError that Python gives.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from mnistkit.datasets import Dataset
from mnistkit.errors import OptionError

P = ParamSpec("P")
R = TypeVar("R")

_OURS = {
    "x": "give the images and labels as a pair: {method}((x, y))",
    "y": "give the images and labels as a pair: {method}((x, y))",
    "validation_data": "write validation=(x, y), or validation=data.test",
    "validation_split": "write validation={value!r}, which takes that share of every class",
    "validation_batch_size": "leave it out; the result does not depend on it",
    "validation_freq": "leave it out; validation images are measured after every epoch",
    "validation_steps": "give as many images as are to be measured: validation=split.take(n)",
    "shuffle": "leave it out; every epoch has its own order, a function of Trainer(..., seed=0)",
    "steps_per_epoch": "leave it out, and give as many images as an epoch is to have",
    "steps": "leave it out, and give as many images as are to be measured",
    "return_dict": "leave it out; the result has accuracy, loss and more as attributes",
    "workers": "leave it out",
    "use_multiprocessing": "leave it out",
    "max_queue_size": "leave it out",
}
_ALSO = {
    "evaluate": ("batch_size", "callbacks", "sample_weight", "verbose"),
    "predict": ("batch_size", "callbacks", "verbose"),
}


def answers_keras(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method of the trainer say in one line what it wants in place of Keras' arguments."""

    @functools.wraps(method)
    def answering(*args: P.args, **kwargs: P.kwargs) -> R:
        _refuse_habits(method.__name__, args[1:], kwargs)
        return method(*args, **kwargs)

    return answering


def _refuse_habits(method: str, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Raise an OptionError, which is a TypeError too, for what Keras takes and we do not."""
    if len(given) > 1 and method != "predict":
        raise OptionError(
            f"{method}(x, y): images and labels are one argument here, a pair: {method}((x, y))."
        )
    for name, value in named.items():
        if name in _OURS:
            advice = _OURS[name].format(method=method, value=value)
        elif name in _ALSO.get(method, ()):
            advice = "leave it out"
        else:
            continue
        if method == "predict" and name in ("x", "y"):
            advice = "give the images alone: predict(images)"
        raise OptionError(f"{name}=... is an argument of Keras' {method}; here {advice}.")
    data = given[0] if given else named.get("data", named.get("images"))
    if isinstance(data, Dataset):
        part = "train" if method == "fit" else "test"
        raise OptionError(
            f"{method} takes a part of a data set, not all of it: {method}(data.{part})."
        )
    if isinstance(named.get("validation"), Dataset):
        raise OptionError(
            "validation takes a part of a data set, not all of it: validation=data.test, or a "
            "fraction of the training images: validation=0.1."
        )
    if method == "predict" and isinstance(data, tuple) and len(data) == 2:
        raise OptionError("predict takes images alone, without labels: predict(images).")

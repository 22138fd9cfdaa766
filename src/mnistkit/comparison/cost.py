"""What a contender costs: to train, to keep, and to ask."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from mnistkit.datasets import Split
from mnistkit.errors import ComparisonError
from mnistkit.messages import shown
from mnistkit.models import count_multiply_adds
from mnistkit.training import Trainer

if TYPE_CHECKING:
    import keras

_SINGLE, _BATCHES, _BATCH = 20, 3, 1000


@dataclass(frozen=True)
class Cost:
    """What a training of a contender costs, and what is to be had for it.

    Attributes
    ----------
    fit_seconds : float
        A training took from its first step on, on whatever this machine did besides.
    parameters : int or None
        How many numbers the model has. This and all that follows is None for a function that
        trains in its own way, unless the function tells it.
    multiply_adds : int or None
        For one image; None also for a model whose operations cannot be counted.
    weight_bytes : int or None
        What the weights take in memory.
    one_image_ms : float or None
        Milliseconds for a picture alone.
    images_per_second : float or None
        In batches.

    Raises
    ------
    ComparisonError
        If something is no number, or below 0.

    Examples
    --------
    >>> Cost(fit_seconds=12.5, parameters=34_826).to_dict()["parameters"]
    34826
    """

    fit_seconds: float
    parameters: int | None = None
    multiply_adds: int | None = None
    weight_bytes: int | None = None
    one_image_ms: float | None = None
    images_per_second: float | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None and one.name != "fit_seconds":
                continue
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if not is_number or not 0 <= value < math.inf:
                raise ComparisonError(
                    f"{one.name}={shown(value)}: expected what it costs as a number, 0 or more."
                )
            # NumPy's numbers become Python's, which JSON can hold.
            plain = int(value) if isinstance(value, Integral) else float(value)
            object.__setattr__(self, one.name, plain)

    def to_dict(self) -> dict[str, Any]:
        """Write it in plain Python values, ready for JSON."""
        return asdict(self)


def cost_of(trainer: Trainer, split: Split, fit_seconds: float) -> Cost:
    """What a trained model costs; the images are those that it is timed on."""
    batch = split.images[:_BATCH]
    return replace(
        untimed_cost(trainer.model, fit_seconds),
        one_image_ms=1000 * _seconds(lambda: trainer.predict(split.images[:1]), _SINGLE),
        images_per_second=len(batch) / _seconds(lambda: trainer.predict(batch), _BATCHES),
    )


def untimed_cost(model: keras.Model, fit_seconds: float) -> Cost:
    """What is known of a trained model's cost without running it."""
    return Cost(
        fit_seconds=fit_seconds,
        parameters=model.count_params(),
        multiply_adds=_multiply_adds(model),
        weight_bytes=sum(variable.value.numpy().nbytes for variable in model.weights),
    )


def typical(costs: Sequence[Cost]) -> Cost:
    """The medians of several trainings' costs."""
    found: dict[str, Any] = {}
    for one in fields(Cost):
        values = [value for cost in costs if (value := getattr(cost, one.name)) is not None]
        is_count = bool(values) and isinstance(values[0], int)
        middle = statistics.median_low if is_count else statistics.median
        found[one.name] = middle(values) if values else None
    return Cost(**found)


def _multiply_adds(model: Any) -> int | None:
    try:
        return count_multiply_adds(model)
    except Exception:  # noqa: BLE001  (whatever a layer of the caller's does; the training is worth more)
        return None


def _seconds(call: Callable[[], object], times: int) -> float:
    """The median of several calls, after one that compiles."""
    call()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)

"""What a loss or a metric takes, found out by calling it on a few labels and outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnistkit.training.outputs import OutputDescription, Outputs, to_probabilities

SPARSE = "sparse_categorical_crossentropy"
ONE_HOT = "categorical_crossentropy"
BINARY = "binary_crossentropy"


def labels_and_loss(outputs: Outputs, *, one_hot: bool) -> tuple[str, str]:
    """What labels of a form are called, and the loss for them."""
    if one_hot:
        return "one-hot or soft labels", ONE_HOT
    return "class numbers", BINARY if outputs.are_single else SPARSE


def takes(
    loss: Callable[..., Any], description: OutputDescription, *, one_hot: bool
) -> Literal["logits", "probabilities"] | None:
    """What a cross-entropy takes its second argument for; None for what is no cross-entropy.

    A function of one's own has no setting that says it, so its values are compared.
    """
    from_logits = getattr(loss, "from_logits", None)
    if isinstance(from_logits, bool):
        return "logits" if from_logits else "probabilities"
    is_single, count = description.outputs.are_single, description.num_classes or 2
    numbers = np.arange(count + 1) % count
    logits = 3 * np.random.default_rng(0).random((len(numbers), 1 if is_single else count))
    means = Outputs.LOGIT if is_single else Outputs.LOGITS
    probabilities = to_probabilities(logits.astype(np.float32), means)
    expected = -float(np.mean(np.log(probabilities[np.arange(len(numbers)), numbers])))
    labels = np.eye(count)[numbers] if one_hot else numbers
    single = probabilities[:, 1:] if is_single else probabilities
    by_kind: dict[Literal["logits", "probabilities"], NDArray[Any]] = {
        "logits": logits,
        "probabilities": single,
    }
    for kind, outputs in by_kind.items():
        value = _mean_value(loss, labels, outputs, is_single=is_single)
        if isinstance(value, float) and math.isclose(value, expected, rel_tol=1e-4):
            return kind
    return None


def does_not_take(
    function: Callable[..., Any],
    description: OutputDescription,
    *,
    one_hot: bool = False,
    is_loss: bool = False,
) -> str:
    """Why a loss or metric is none for labels of a form; empty if it is one."""
    count, is_single = description.num_classes or 2, description.outputs.are_single
    # Not as many as outputs, so that nothing fits by chance.
    numbers = np.arange(count + 1) % count
    rows = np.eye(count)[numbers]
    labels = rows if one_hot else numbers
    right = numbers[:, None] if is_single else rows
    wrong = 1 - right if is_single else np.roll(right, 1, axis=1)
    both: tuple[NDArray[Any], NDArray[Any]] = (right, wrong)
    # Far enough apart for logits, and not so far that a loss is rounded to 0.
    scale, offset = (8, -4) if description.outputs.are_logits else (1, 0)
    values = [
        _mean_value(function, labels, scale * one + offset, is_single=is_single) for one in both
    ]
    if raised := [value for value in values if isinstance(value, str)]:
        return (
            f"for labels of shape {labels.shape} and outputs of shape {right.shape} it raises "
            f"{raised[0]}"
        )
    losses = [value for value in values if isinstance(value, float)]
    is_keras_own = getattr(function, "__module__", "").startswith("keras.")
    if is_loss and is_keras_own and all(map(math.isfinite, losses)) and losses[0] >= losses[1]:
        return "it is no smaller for the right class than for another"
    return ""


def _mean_value(
    function: Callable[..., Any], labels: NDArray[Any], outputs: NDArray[Any], *, is_single: bool
) -> float | str:
    """What a loss or metric gives for labels and outputs, or the name of what it raises."""
    import keras

    # As Keras does for a plain function.
    column = is_single and not isinstance(function, keras.losses.Loss | keras.metrics.Metric)
    given = labels[:, None] if column and labels.ndim == 1 else labels
    given = given.astype(np.float32 if labels.ndim == 2 else np.int32)
    try:
        value = function(*map(keras.ops.convert_to_tensor, (given, outputs.astype(np.float32))))
        return float(np.mean(keras.ops.convert_to_numpy(value)))
    # Keras, TensorFlow and functions of one's own raise anything here.
    except Exception as error:  # noqa: BLE001
        return type(error).__name__

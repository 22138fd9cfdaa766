"""Metrics, held against what the model returns and what the labels are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from mnistkit.errors import ModelError
from mnistkit.messages import shown
from mnistkit.training.compile_checks import compiled_metrics
from mnistkit.training.loss_trials import (
    BINARY,
    ONE_HOT,
    SPARSE,
    does_not_take,
    labels_and_loss,
    takes,
)
from mnistkit.training.outputs import OutputDescription, Outputs, describe_outputs
from mnistkit.training.own_code import computes_own_loss

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

CHOSEN_LATE = ("accuracy", "acc")  # by Keras, to suit labels and outputs
_HALF = 0.5  # of a probability; as a logit it is 0
# These compare class numbers with something, too, and are always wrong.
_FOR_ONE_HOT = ("categoricalaccuracy", "binaryaccuracy")


def refuse_other_metrics(model: keras.Model, *, one_hot: bool = False) -> None:
    """Refuse compiled metrics of Keras that take other labels.

    Parameters
    ----------
    model : keras.Model
    one_hot : bool, default False
        Whether the labels are rows of a probability a class, not class numbers.

    Raises
    ------
    ModelError
        The message says which to use.

    Notes
    -----
    Of a metric that takes logits for probabilities a warning says what to use.
    """
    import keras

    description = describe_outputs(model)
    if computes_own_loss(model) or description.outputs is Outputs.OTHER:
        return
    for given in compiled_metrics(model):
        if instead := _instead_for_logits(given, description, one_hot=one_hot):
            logger.warning(
                "The model %r returns logits, and its metric %s takes them for probabilities, so "
                "it measures something else. Compile it with %s.",
                model.name, shown(given), instead,
            )  # fmt: skip
        if given in CHOSEN_LATE:
            continue
        metric = _function_of(given)
        if not getattr(metric, "__module__", "").startswith("keras."):
            continue
        if isinstance(metric, keras.metrics.Metric):  # another one, since it counts
            metric = type(metric).from_config(metric.get_config())
        name = getattr(metric, "__name__", type(metric).__name__)
        if reason := measures_nothing(metric, name, description, one_hot=one_hot):
            raise ModelError(
                f"The model {model.name!r} was compiled with the metric {name!r}, which {reason}"
            )


def measures_nothing(
    metric: Any, name: str, description: OutputDescription, *, one_hot: bool
) -> str:
    """Why a metric is none for labels of a form, and which is; empty if it is one."""
    form, _ = labels_and_loss(description.outputs, one_hot=one_hot)
    plain_name = name.replace("_", "").lower()
    misleads = plain_name.startswith("sparse") if one_hot else plain_name in _FOR_ONE_HOT
    reason = does_not_take(metric, description, one_hot=one_hot)
    if not reason and not (misleads and not description.outputs.are_single):
        return ""
    begins = "does not begin" if one_hot else "begins"
    return (
        f"does not take {form}{f' ({reason})' if reason else ''}. Use 'accuracy', or one whose "
        f"name {begins} with 'sparse_'."
    )


def _function_of(given: Any) -> Any:
    """The function that a metric is the mean of, or the metric."""
    import keras

    metric = keras.metrics.get(given) if isinstance(given, str) else given
    if isinstance(metric, keras.metrics.MeanMetricWrapper):
        return getattr(metric, "_fn", metric)
    return metric


def _instead_for_logits(given: Any, description: OutputDescription, *, one_hot: bool) -> str:
    """What to measure logits with in place of what takes them for probabilities; empty if right."""
    import keras

    if not description.outputs.are_logits:
        return ""
    if description.outputs.are_single:
        is_named = given in (*CHOSEN_LATE, "binary_accuracy", "BinaryAccuracy")
        has_half = isinstance(given, keras.metrics.BinaryAccuracy) and given.threshold == _HALF
        if is_named or has_half:
            return "keras.metrics.BinaryAccuracy(threshold=0.0)"
    if given in CHOSEN_LATE or getattr(given, "from_logits", False):
        return ""
    name = getattr(_function_of(given), "__name__", "")
    if name not in (SPARSE, ONE_HOT, BINARY):
        return ""
    if takes(_function_of(given), description, one_hot=one_hot) != "probabilities":
        return ""
    return f"keras.metrics.{name.title().replace('_', '')}(from_logits=True)"

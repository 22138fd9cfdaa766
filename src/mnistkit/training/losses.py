"""Cross-entropy with smoothed labels, for labels that are class numbers."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="mnistkit")
class SmoothedCrossentropy(keras.losses.Loss):  # type: ignore[misc]  # Keras has no type hints
    """Keras' sparse categorical cross-entropy has no label smoothing; this is it with.

    The expected probability of the right class is ``1 - smoothing``, and the rest is shared evenly
    by all classes. Szegedy et al., Rethinking the Inception architecture, CVPR 2016.

    Parameters
    ----------
    smoothing : float
        From 0 to below 1.
    from_logits : bool, default False
        Whether the model returns logits.
    """

    def __init__(
        self,
        smoothing: float,
        from_logits: bool = False,
        name: str = "smoothed_crossentropy",
        **settings: Any,
    ) -> None:
        super().__init__(name=name, **settings)
        self.smoothing = smoothing
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each example."""
        labels = keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32")
        num_classes = y_pred.shape[-1]
        expected = keras.ops.one_hot(labels, num_classes, dtype=y_pred.dtype)
        # Keras does this with a number alone; in a compiled program it comes from a variable.
        expected = expected * (1.0 - self.smoothing) + self.smoothing / num_classes
        return keras.losses.categorical_crossentropy(expected, y_pred, from_logits=self.from_logits)

    def get_config(self) -> dict[str, Any]:
        """What it takes to make it again."""
        own = {"smoothing": self.smoothing, "from_logits": self.from_logits}
        return {**super().get_config(), **own}

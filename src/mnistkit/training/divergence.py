"""Weights that are NaN or infinite: noticed, named, and never kept as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnistkit.errors import DivergenceError

if TYPE_CHECKING:
    import keras


def refuse_diverged(model: keras.Model) -> None:
    """Raise if any weight of a model is NaN or infinite.

    The loss is measured before a step changes the weights, so after the last step it may be finite
    where they are not.

    Raises
    ------
    DivergenceError
        The message names the first of them.
    """
    for variable in model.weights:
        values = np.asarray(variable.numpy())
        if values.dtype.kind in "fcV" and not np.isfinite(values.astype(np.float64)).all():
            raise DivergenceError(
                f"Training has diverged: {variable.path!r} of the model {model.name!r} has weights "
                "that are NaN or infinite. Try a lower learning rate, for instance a tenth of it. "
                "If there is a run folder, it keeps the last good checkpoint."
            )

"""How well each class is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.packages import require


@dataclass(frozen=True)
class ClassScore:
    """How well one class is recognised.

    Attributes
    ----------
    name : str
        What the class is called.
    precision : float
        Of the images that were called this class, the share that are it; 0 if none was.
    recall : float
        Of the images that are this class, the share that were called it; 0 if there are none.
    f1 : float
        The harmonic mean of precision and recall.
    support : int
        How many images are this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


def class_scores(
    labels: NDArray[np.int64], predictions: NDArray[np.int64], classes: Sequence[str]
) -> tuple[ClassScore, ...]:
    """The scores of the classes that the images are of, as scikit-learn computes them."""
    # Here and not at the top: it takes a second to import, and few ask for it.
    require("sklearn", to="compute the scores of each class")
    from sklearn.metrics import precision_recall_fscore_support

    present = np.unique(labels)
    columns = precision_recall_fscore_support(labels, predictions, labels=present, zero_division=0)
    return tuple(
        ClassScore(classes[label], float(precision), float(recall), float(f1), int(support))
        for label, precision, recall, f1, support in zip(present, *columns, strict=True)
    )

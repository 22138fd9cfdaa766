"""One image that was taken for something else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One image that was taken for something else.

    Attributes
    ----------
    index : int
        Its position in the split that was evaluated.
    label : int
        The class that it is.
    predicted : int
        The class that it was taken for.
    probability : float
        What the model gave to the class that it took it for.
    true_probability : float
        What the model gave to the class that it is.
    """

    index: int
    label: int
    predicted: int
    probability: float
    true_probability: float

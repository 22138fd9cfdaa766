"""Telling a caller which object a plot takes."""

from __future__ import annotations

from typing import Any

from mnistkit.datasets import Dataset, Split
from mnistkit.errors import WrongTypeError
from mnistkit.evaluation import Evaluation
from mnistkit.messages import with_article


def check_images(images: Any, function: str) -> None:
    """Refuse what is neither a split nor an array.

    Raises
    ------
    WrongTypeError
    """
    if isinstance(images, Split | list | tuple) or hasattr(images, "__array__"):
        return
    advice = " Give one of its parts, such as data.test." if isinstance(images, Dataset) else ""
    raise WrongTypeError(
        f"{function} takes a mnistkit.Split or an array of images, (n, height, width), not "
        f"{with_article(images)}.{advice}"
    )


def check_evaluation(result: Any, function: str) -> None:
    """Refuse what is no evaluation.

    Raises
    ------
    WrongTypeError
    """
    if not isinstance(result, Evaluation):
        raise WrongTypeError(
            f"{function} takes a mnistkit.Evaluation, not {with_article(result)}. Trainer.evaluate "
            "returns one, and Evaluation.from_probabilities makes one of any model's output."
        )

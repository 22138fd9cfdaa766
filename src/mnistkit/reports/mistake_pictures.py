"""The surest mistakes of a model, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mnistkit.datasets import Split
from mnistkit.evaluation import Evaluation
from mnistkit.reports.pictures import as_data_uri


@dataclass(frozen=True)
class MistakePicture:
    """One image that was taken for something else.

    Attributes
    ----------
    source : str
        The picture.
    index : int
        Its position among the images that were measured.
    predicted, label : str
        The class that it was taken for, and the one that it is.
    probability, label_probability : float
        What the model gave to each.
    writer : int or None
        Who wrote it.
    num_wrong : int
        How many of the model's trainings are wrong here.
    """

    source: str
    index: int
    predicted: str
    label: str
    probability: float
    label_probability: float
    writer: int | None
    num_wrong: int


def mistake_pictures(
    split: Split, result: Evaluation, others: Sequence[Evaluation], count: int
) -> tuple[MistakePicture, ...]:
    """The surest mistakes.

    Parameters
    ----------
    split : Split
        What was evaluated.
    result : Evaluation
    others : sequence of Evaluation
        Of all trainings of the same model.
    count : int
        How many at most.
    """
    return tuple(
        MistakePicture(
            source=as_data_uri(split.images[one.index]),
            index=one.index,
            predicted=result.classes[one.predicted],
            label=result.classes[one.label],
            probability=one.probability,
            label_probability=one.true_probability,
            writer=None if result.writers is None else int(result.writers[one.index]),
            num_wrong=sum(not other.correct[one.index] for other in others),
        )
        for one in result.mistakes(count)
    )

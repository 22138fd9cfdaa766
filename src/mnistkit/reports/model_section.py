"""What a page shows of one trained model: how it learned, what it gets wrong, how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mnistkit.datasets import Split
from mnistkit.evaluation import Confusion, Evaluation
from mnistkit.reports.confusion_table import ConfusionTable, confusion_table
from mnistkit.reports.figures import (
    Figure,
    history_figures,
    reliability_figure,
    risk_coverage_figure,
)
from mnistkit.reports.mistake_pictures import MistakePicture, mistake_pictures

_CONFUSIONS = 8


@dataclass(frozen=True)
class ModelSection:
    """One trained model on the page.

    Attributes
    ----------
    title : str
        What it is called.
    name : str
        Begins the identifiers of this section.
    note : str
        Which training it is.
    result : Evaluation
    num_trainings : int
        Of the same model, this one among them.
    curves : tuple of Figure
        Empty if its history is not known.
    confusion : ConfusionTable
    confusions : tuple of Confusion
    mistakes : tuple of MistakePicture
    reliability, risk_coverage : Figure
    is_grey : bool
        Whether the pictures are ink on paper, not coloured.
    """

    title: str
    name: str
    note: str
    result: Evaluation
    num_trainings: int
    curves: tuple[Figure, ...]
    confusion: ConfusionTable
    confusions: tuple[Confusion, ...]
    mistakes: tuple[MistakePicture, ...]
    reliability: Figure
    risk_coverage: Figure
    is_grey: bool


def model_section(
    split: Split,
    result: Evaluation,
    *,
    title: str,
    name: str,
    note: str = "",
    history: Mapping[str, Sequence[float]],
    every: Sequence[Evaluation] = (),
    count: int = 24,
) -> ModelSection:
    """What the page shows of one trained model.

    Parameters
    ----------
    split : Split
        What was evaluated.
    result : Evaluation
    title, name, note : str
        See `ModelSection`.
    history : mapping of str to sequence of float
        What was measured in each epoch.
    every : sequence of Evaluation
        Of all trainings of the same model on the same images; by default of this one.
    count : int, default 24
        How many mistakes to show.
    """
    trainings = every or (result,)
    return ModelSection(
        title=title,
        name=name,
        note=note,
        result=result,
        num_trainings=len(trainings),
        curves=history_figures(history, name),
        confusion=confusion_table(result),
        confusions=result.top_confusions(_CONFUSIONS),
        mistakes=mistake_pictures(split, result, trainings, count),
        reliability=reliability_figure(result, name),
        risk_coverage=risk_coverage_figure(result, name),
        is_grey=split.images.shape[3:] in ((), (1,)),
    )

"""Whether a written file does what the model does: both read the same images of real digits."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import Dataset, Split, load_dataset
from mnistkit.errors import ExportError, ImageError, MnistKitError
from mnistkit.evaluation import at_temperature
from mnistkit.exporting.formats import Run
from mnistkit.exporting.program import Program
from mnistkit.models.network_metadata import UINT8
from mnistkit.training.inference import predict_probabilities
from mnistkit.training.inputs import IMAGES, checked_inputs, to_floats
from mnistkit.training.labels import refuse_more_classes
from mnistkit.training.shapes import fit_to_model

logger = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-5
"""By which probabilities of a file of floats may differ from Keras'."""
LARGEST_LOSS = 0.002
"""Of accuracy, by 8-bit integers."""
_FLOAT_IMAGES, _INTEGER_IMAGES = 500, 10_000  # to check on
_FEW_IMAGES = 5_000  # of which fewer do not tell such a loss from chance
_RANGE_IMAGES = 500  # to choose the ranges of integers from
_BATCH = 500
_BUNDLED = "digits"


@dataclass(frozen=True)
class CheckData:
    """Images to check a file on, and to choose the ranges of integers from.

    Attributes
    ----------
    test : Split
    train : Split
    is_own : bool
        Whether the model was trained on such images, so that its accuracy on them means something.
    """

    test: Split
    train: Split
    is_own: bool

    def ranges(self, program: Program) -> NDArray[np.float32]:
        """Training images, as the model takes them, to choose the ranges of integers from."""
        few = self.train.take(min(_RANGE_IMAGES, len(self.train)), by="class", seed=0)
        images, divisor = _as_taken(few, program)
        return to_floats(images, divisor)


@dataclass(frozen=True)
class Agreement:
    """How far a file agrees with Keras.

    Attributes
    ----------
    difference : float
        The largest one between two probabilities.
    num_images : int
    data : str
        What the images are called.
    accuracy, keras_accuracy : float or None
        From 0 to 1; None if the model was not trained on such images.
    """

    difference: float
    num_images: int
    data: str
    accuracy: float | None
    keras_accuracy: float | None


def check_data(data: Any, data_name: str, *, for_integers: bool) -> CheckData:
    """The data that was given; else that of the run; else the digits that are always there.

    Parameters
    ----------
    data : Dataset or None
    data_name : str
        Of the run; empty if it has none. A function is not called because a run names it.
    for_integers : bool
        Whether the ranges of integers are chosen from it, so that it has to be the model's own.

    Raises
    ------
    ExportError
        If integers have no data of their own.
    """
    if isinstance(data, Dataset):
        return CheckData(data.test, data.train, is_own=True)
    if data is not None:
        raise ExportError(
            f"data={type(data).__name__}: expected a mnistkit.Dataset, such as "
            "mnistkit.load_dataset('mnist')."
        )
    if data_name and ":" not in data_name:
        try:
            own = load_dataset(data_name)
        except MnistKitError as error:
            why = str(error).partition("\n")[0]
            logger.warning("The data %r of the model cannot be had: %s", data_name, why)
        else:
            return CheckData(own.test, own.train, is_own=True)
    if for_integers:
        raise ExportError(
            "The ranges of 8-bit integers are chosen from images that the model was trained on, "
            "and it is not known what these are. Give data=mnistkit.load_dataset('mnist'), or what "
            "it was (on the command line --dataset)."
        )
    bundled = load_dataset(_BUNDLED)
    return CheckData(bundled.test, bundled.train, is_own=False)


def checked_agreement(run: Run, program: Program, data: CheckData) -> Agreement:
    """Run a file and the model on the same images.

    Raises
    ------
    ExportError
        If they do not agree, or the images do not fit the model.
    LabelError
        If there are more classes of images than the model tells apart.
    """
    integers = program.metadata.precision == "int8"
    most = _INTEGER_IMAGES if integers else _FLOAT_IMAGES
    test = data.test.take(min(most, len(data.test)), by="class", seed=0)
    if data.is_own:
        count, name = program.source.num_classes, program.source.name
        refuse_more_classes(test.labels, len(test.classes), count, name)
    images, divisor = _as_taken(test, program)
    expected = at_temperature(
        predict_probabilities(program.source.model, images, divisor), program.metadata.temperature
    )
    given = images if program.metadata.input == UINT8 else to_floats(images, divisor)
    found = np.concatenate(
        [run(given[start : start + _BATCH]) for start in range(0, len(given), _BATCH)]
    )
    if program.metadata.output == "logits":
        from scipy.special import softmax

        found = softmax(found / program.metadata.temperature, axis=1)
    difference = float(np.abs(found - expected).max())  # NaN stays NaN
    right, right_by_keras = (one.argmax(axis=1) == test.labels for one in (found, expected))
    if integers:
        _refuse_lost_accuracy(right, right_by_keras, test, difference)
    elif not difference <= LARGEST_DIFFERENCE:
        raise ExportError(
            f"The file does not do what the model does: of {len(test):,} images of {test.name!r}, "
            f"probabilities differ by up to {difference:.2g}, expected at most "
            f"{LARGEST_DIFFERENCE:g}. Nothing was written. Does a layer of the model "
            f"{program.source.name!r} do something else each time, or in half precision?"
        )
    return Agreement(
        difference,
        len(test),
        test.name,
        float(right.mean()) if data.is_own else None,
        float(right_by_keras.mean()) if data.is_own else None,
    )


def _refuse_lost_accuracy(
    right: NDArray[np.bool_], right_by_keras: NDArray[np.bool_], test: Split, difference: float
) -> None:
    allowed = int(LARGEST_LOSS * len(test))
    if len(test) < _FEW_IMAGES:  # two standard deviations, if as many are gained as lost by chance
        allowed = max(allowed, int(2 * np.sqrt((right != right_by_keras).sum())))
    count, count_by_keras = int(right.sum()), int(right_by_keras.sum())
    if count_by_keras - count > allowed or not np.isfinite(difference):
        raise ExportError(
            f"8-bit integers lose too much: of {len(test):,} images of {test.name!r}, "
            f"{count:,} are read right, and {count_by_keras:,} with floats; at most {allowed:,} "
            "may be lost. Nothing was written. Export it without quantize=."
        )


def _as_taken(split: Split, program: Program) -> tuple[NDArray[Any], float]:
    """Images in the shape that the model takes, and what they are divided by on the way."""
    model = program.source.model
    try:
        # A model of standardised numbers gets numbers of about their size, too.
        images, divisor = checked_inputs(split.images, IMAGES)
        return fit_to_model(images, model), divisor
    except ImageError as error:
        raise ExportError(
            f"The file cannot be checked on {split.name!r}: {error} Give data=, images such as "
            "the model was trained on (on the command line --dataset)."
        ) from error

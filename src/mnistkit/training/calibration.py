"""Images to fit a temperature on: others than those that a model was trained on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mnistkit.datasets import Split, load_dataset
from mnistkit.errors import MnistKitError, SplitError
from mnistkit.training.inputs import Inputs
from mnistkit.training.labelled import Data, Examples, labelled
from mnistkit.training.labels import numbers_of, rows_of
from mnistkit.training.outputs import num_classes_of

if TYPE_CHECKING:
    import keras

_INSTEAD = (
    "A model is surer of images that it was trained on. Set some aside before training: "
    "train, validation = data.train.holdout(0.1, by='writer'); trainer.fit(train); "
    "trainer.calibrate(validation)."
)


def refuse_trained_on(
    data: Data, model: keras.Model, inputs: Inputs, fits: Iterable[Mapping[str, Any]]
) -> None:
    """Refuse images that the model was surely trained on.

    Parameters
    ----------
    data : Split or (images, labels)
    model : keras.Model
    inputs : str
        How the trainer takes images.
    fits : iterable of mapping
        What ``run.json`` says of the fits that the model has been through.

    Raises
    ------
    SplitError
        If they are the very images of a fit, or some of them.
    ImageError, LabelError, WrongTypeError
        If they do not fit the model.
    """
    examples = labelled(data, model, inputs)
    digests = _digests(examples, num_classes_of(model) or 0)
    for trained in filter(None, (fit.get("data") for fit in fits)):
        if trained.get("sha256") in digests:
            raise SplitError(
                f"These {len(examples):,} images are the very ones that the model was trained on. "
                f"{_INSTEAD}"
            )
        shared = _shared_at_least(data, trained)
        if shared > 0:
            raise SplitError(
                f"Of these {len(examples):,} images of {examples.name!r}, the model was trained on "
                f"at least {shared:,}: on {trained['num_images']:,} images of the same part. "
                f"{_INSTEAD}"
            )


def _digests(examples: Examples, num_classes: int) -> set[str]:
    """The hashes that a run has of these images, with class numbers or one-hot labels."""
    numbers = numbers_of(examples.labels)
    forms = (examples.labels, numbers, rows_of(numbers, num_classes))
    return {replace(examples, labels=form).record()["sha256"] for form in forms}


def _shared_at_least(data: Data, trained: Mapping[str, Any]) -> int:
    """How many images two parts must share that are larger together than the whole."""
    if not isinstance(data, Split) or not data.loaded_as or data.name != trained.get("name"):
        return 0
    count = trained.get("num_images")
    with contextlib.suppress(MnistKitError):  # its data set is not there any more
        whole = load_dataset(data.loaded_as)
        part = {"train": whole.train, "test": whole.test}.get(data.part)
        if part is not None and part.name == data.name and isinstance(count, int):
            return len(data) + count - len(part)
    return 0

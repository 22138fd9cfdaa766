"""What the trainer accepts as data, converted to one form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.datasets import Split, holdout
from mnistkit.errors import LabelError, RecipeError, SplitError
from mnistkit.training.batches import Batches, come_in_batches, stream_to_train_on
from mnistkit.training.inputs import Inputs
from mnistkit.training.labelled import Data, Examples, labelled
from mnistkit.training.labels import are_rows, are_soft, numbers_of, rows_of
from mnistkit.training.outputs import num_classes_of, outputs_of
from mnistkit.training.sample_weights import ClassWeight, weights_per_example
from mnistkit.training.shapes import input_shape_of
from mnistkit.training.streams import Stream

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainingData:
    """What one `fit` trains and validates on.

    Attributes
    ----------
    train : Examples or Stream
    validation : Examples, Stream or None
    one_hot : bool
        Whether the labels of both are rows of a probability a class, not class numbers.
    """

    train: Examples | Stream
    validation: Examples | Stream | None
    one_hot: bool = False

    @property
    def has_stream(self) -> bool:
        """Whether any of the data comes in batches of its own."""
        return isinstance(self.train, Stream) or isinstance(self.validation, Stream)

    @property
    def batch_size(self) -> int | None:
        """How many images a batch of a stream to train on has; None for examples."""
        return self.train.batch_size if isinstance(self.train, Stream) else None

    def train_record(self) -> dict[str, Any] | None:
        """What to note of the training data in a run's folder; None for a stream."""
        return self.train.record() if isinstance(self.train, Examples) else None

    def validation_record(self) -> dict[str, Any] | None:
        """What to note of the validation data in a run's folder; None for a stream."""
        return self.validation.record() if isinstance(self.validation, Examples) else None

    @property
    def says_its_length(self) -> bool:
        """Whether it is known beforehand how many steps an epoch has."""
        return isinstance(self.train, Examples) or int(self.train.batches.cardinality()) > 0

    def steps_per_epoch(self, batch_size: int) -> int:
        """How many steps an epoch has.

        Raises
        ------
        RecipeError
            If a stream does not say how long it is.
        """
        if isinstance(self.train, Examples):
            return self.train.num_batches(batch_size)
        if not self.says_its_length:
            raise RecipeError(
                "The tf.data.Dataset does not say how many batches it has, so the recipe's "
                "schedule cannot be laid out. Add dataset.apply("
                "tf.data.experimental.assert_cardinality(n)), or compile the model yourself."
            )
        return int(self.train.batches.cardinality())


def training_data(
    model: keras.Model,
    data: Data | Batches,
    validation: Data | Batches | float | None = None,
    *,
    inputs: Inputs = "images",
    loss_takes_numbers: bool = True,
    sample_weight: ArrayLike | None = None,
    class_weight: ClassWeight | None = None,
    seed: int = 0,
) -> TrainingData:
    """Check all that `Trainer.fit` was given as data, and convert it for the engines.

    Labels become class numbers, unless they are soft, or one-hot and the loss takes them so.

    Raises
    ------
    ImageError, LabelError, SplitError, ModelError
        As `Trainer.fit` does.
    """
    input_shape_of(model)  # a model that takes something else is refused before the data is
    if isinstance(validation, bool):
        raise SplitError(
            f"validation={validation}: expected images with labels, or a fraction of the training "
            "images, such as validation=0.1."
        )
    fraction = None
    if isinstance(validation, float | int | np.floating | np.integer):
        fraction, validation = float(validation), None
    held_out: Examples | Stream | None = None
    if come_in_batches(data):
        _refuse_beside_stream(fraction, sample_weight, class_weight)
        train: Examples | Stream = stream_to_train_on(data, model, inputs)
    else:
        train, held_out = _train_examples(
            data, model, inputs, fraction, sample_weight, class_weight, seed
        )
    if validation is not None:
        held_out = (
            stream_to_train_on(validation, model, inputs)
            if come_in_batches(validation)
            else labelled(validation, model, inputs)
        )
    if num_classes_of(model) is None:
        return TrainingData(train, held_out)
    are_more = _are_soft(train) or _are_soft(held_out)
    one_hot = are_more or (_are_rows(train) and not loss_takes_numbers)
    if outputs_of(model).are_single:
        if are_more:
            raise LabelError(
                "Soft labels are a probability a class, and the model has one output for two "
                'classes. End it with keras.layers.Dense(2, activation="softmax").'
            )
        one_hot = False
    return TrainingData(
        _with_labels(train, model, one_hot=one_hot),
        None if held_out is None else _with_labels(held_out, model, one_hot=one_hot),
        one_hot,
    )


def _are_rows(data: Examples | Stream | None) -> bool:
    """Whether the labels are a probability a class."""
    if isinstance(data, Stream):
        return data.one_hot
    return data is not None and are_rows(data.labels)


def _are_soft(data: Examples | Stream | None) -> bool:
    """Whether the labels are more than class numbers can say; a stream's may be, later on."""
    if isinstance(data, Stream):
        return data.one_hot
    return data is not None and are_soft(data.labels)


def _refuse_beside_stream(fraction: float | None, *weights: Any) -> None:
    if any(one is not None for one in weights):
        raise LabelError(
            "Weights cannot be given beside a tf.data.Dataset or PyDataset; let it yield "
            "(images, labels, weights)."
        )
    if fraction is not None:
        raise SplitError(
            "No fraction of a tf.data.Dataset can be set aside; give validation=... data "
            "of its own, for instance dataset.take(n), and train on dataset.skip(n)."
        )


def _train_examples(
    data: Data,
    model: keras.Model,
    inputs: Inputs,
    fraction: float | None,
    sample_weight: ArrayLike | None,
    class_weight: ClassWeight | None,
    seed: int,
) -> tuple[Examples, Examples | None]:
    """The examples to train on, and those of the fraction that is set aside, if there is one."""
    if fraction is not None and sample_weight is not None:
        raise SplitError(
            "sample_weight cannot be divided together with a validation fraction. Use "
            "train, validation = split.holdout(...) and pass the weights of train."
        )
    held_out = None
    if fraction is None:
        examples = labelled(data, model, inputs)
    elif isinstance(data, Split):
        parts = data.holdout(fraction, by="class", seed=seed)
        examples, held_out = (labelled(part, model, inputs) for part in parts)
    else:
        examples = labelled(data, model, inputs)
        count = holdout.count(fraction, len(examples))
        aside = holdout.by_class(_classes_of(examples, model), count, seed)
        examples, held_out = examples.part(~aside), examples.part(aside)
    num_classes = num_classes_of(model)
    if num_classes is None and class_weight is not None:
        raise LabelError(
            f"The model {model.name!r} tells no classes apart. Leave class_weight out."
        )
    labels = examples.labels if num_classes else _classes_of(examples, model)
    weights = weights_per_example(labels, sample_weight, class_weight, num_classes or 1)
    return replace(examples, weights=weights), held_out


def _classes_of(examples: Examples, model: keras.Model) -> NDArray[np.int32]:
    """The class numbers; one and the same for a model that tells no classes apart."""
    if num_classes_of(model) is None:
        return np.zeros(len(examples), np.int32)
    return numbers_of(examples.labels)


def _with_labels(
    data: Examples | Stream, model: keras.Model, *, one_hot: bool
) -> Examples | Stream:
    """The same with labels of the form that the loss takes."""
    num_classes = num_classes_of(model) or 0
    if isinstance(data, Stream):
        return data.with_rows(num_classes) if one_hot else data
    labels = rows_of(data.labels, num_classes) if one_hot else numbers_of(data.labels)
    return replace(data, labels=labels)

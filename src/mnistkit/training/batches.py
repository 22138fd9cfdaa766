"""Data that comes in batches: Keras' ``PyDataset``, generators, and ``tf.data.Dataset``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import Split
from mnistkit.errors import ImageError, LabelError, MnistKitError, OptionError
from mnistkit.messages import shown
from mnistkit.training.inference import predict_probabilities
from mnistkit.training.inputs import Inputs, checked_inputs, to_floats
from mnistkit.training.labelled import labelled
from mnistkit.training.labels import are_rows, numbers_to_measure, rows_of
from mnistkit.training.outputs import num_classes_of
from mnistkit.training.shapes import fit_to_model
from mnistkit.training.stream_claims import marked, own_errors
from mnistkit.training.streams import Stream, checked_stream, is_stream

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Batch = tuple[NDArray[Any], ...]
Batches: TypeAlias = "tf.data.Dataset | keras.utils.PyDataset"

_AT_ONCE = 2000  # images: of small batches, Python would take most of the time


def come_in_batches(data: Any) -> bool:
    """Whether data is a ``tf.data.Dataset``, a ``PyDataset`` or a generator."""
    return is_stream(data) or _is_py_dataset(data) or isinstance(data, Iterator)


def stream_to_train_on(data: Any, model: keras.Model, inputs: Inputs) -> Stream:
    """What comes in batches, checked and converted for Keras' `fit`.

    Raises
    ------
    ImageError, LabelError
        If it does not fit the model.
    OptionError
        If it can be read only once.
    """
    if is_stream(data):
        return checked_stream(data, model, inputs)
    if isinstance(data, Iterator):
        raise OptionError(
            f"A {type(data).__name__} can be read only once, and training reads data in every "
            "epoch. Give a keras.utils.PyDataset, or tf.data.Dataset.from_generator(function, "
            "output_signature=...) of the function that makes it."
        )
    return _stream_of_py_dataset(data, model, inputs)


def measure_batches(
    data: Any, model: keras.Model, inputs: Inputs
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The class numbers of all images, and the model's probabilities for them.

    Raises
    ------
    ImageError, LabelError
        If the data does not fit the model.
    """
    numbers: list[NDArray[np.int32]] = []

    def images() -> Iterator[NDArray[np.float32]]:
        for columns in _labelled_batches(data, model, inputs):
            if len(columns) == 3:
                raise LabelError(
                    "The batches have weights, and evaluate counts every image once. Leave them "
                    "out: dataset.map(lambda images, labels, weights: (images, labels))."
                )
            numbers.append(numbers_to_measure(columns[1]))
            yield columns[0]

    probabilities = _predict(images(), model)
    return np.concatenate(numbers), probabilities


def predict_batches(data: Any, model: keras.Model, inputs: Inputs) -> NDArray[np.float32]:
    """The model's probabilities for all images; labels beside them are passed over.

    Raises
    ------
    ImageError
        If the images do not fit the model.
    """
    if is_stream(data):
        stream = checked_stream(data, model, inputs, with_labels=False)
        return _predict(_from_stream(stream), model)
    return _predict((_images(batch, model, inputs) for batch in _batches(data)), model)


def _predict(batches: Iterator[Any], model: keras.Model) -> NDArray[np.float32]:
    parts, waiting, count = [], [], 0
    for batch in batches:
        images = batch[0] if isinstance(batch, tuple) else batch
        waiting.append(images)
        count += len(images)
        if count >= _AT_ONCE:
            parts.append(predict_probabilities(model, np.concatenate(waiting), 1.0))
            waiting, count = [], 0
    if waiting:
        parts.append(predict_probabilities(model, np.concatenate(waiting), 1.0))
    if not parts:
        raise ImageError("There are no images: there is not one batch.")
    return np.concatenate(parts)


def _labelled_batches(data: Any, model: keras.Model, inputs: Inputs) -> Iterator[Batch]:
    if is_stream(data):
        yield from _from_stream(checked_stream(data, model, inputs))
    else:
        for batch in _batches(data):
            yield _columns(batch, model, inputs)


def _from_stream(stream: Stream) -> Iterator[Batch]:
    with own_errors():
        yield from stream.batches.as_numpy_iterator()


def _columns(batch: Any, model: keras.Model, inputs: Inputs) -> Batch:
    """Images as the model sees them, labels, and perhaps weights."""
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        raise LabelError(
            f"A batch is {shown(batch)}; expected a pair (images, labels), or (images, labels, "
            "weights)."
        )
    examples = labelled((batch[0], batch[1]), model, inputs)
    images = to_floats(examples.images, examples.divisor)
    if len(batch) == 2 or batch[2] is None:
        return images, examples.labels
    weights = np.asarray(batch[2], dtype=np.float32).reshape(-1)
    if len(weights) != len(images) or not ((weights >= 0) & np.isfinite(weights)).all():
        raise LabelError(
            f"A batch has {len(images)} images, and weights of shape {np.shape(batch[2])}; "
            "expected one an image, 0 or more, and finite."
        )
    return images, examples.labels, weights


def _images(batch: Any, model: keras.Model, inputs: Inputs) -> NDArray[np.float32]:
    given = batch[0] if isinstance(batch, tuple) else batch
    array, divisor = checked_inputs(given.images if isinstance(given, Split) else given, inputs)
    return to_floats(fit_to_model(array, model), divisor)


def _batches(data: Any) -> Iterator[Any]:
    """What a PyDataset or a generator yields in one pass."""
    if not _is_py_dataset(data):
        yield from data
        return
    count = _length(data)
    if hasattr(data, "on_epoch_begin"):
        data.on_epoch_begin()
    workers = data.workers or 1
    if workers == 1:
        fetched: Iterator[Any] = map(data.__getitem__, range(count))
    else:
        fetched = _in_threads(data, count, workers)
    for number, batch in enumerate(fetched, 1):
        if number == count:  # whoever knows the length does not ask for more
            data.on_epoch_end()
        yield batch


def _in_threads(data: Any, count: int, workers: int) -> Iterator[Any]:
    """The batches in their order, some of them made ahead."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Any]] = deque()
        for number in range(count):
            waiting.append(pool.submit(data.__getitem__, number))
            if len(waiting) > max(data.max_queue_size, workers):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _is_py_dataset(data: Any) -> bool:
    import keras

    return isinstance(data, keras.utils.PyDataset)


def _length(data: Any) -> int:
    count = data.num_batches
    if not count:
        found = "no end" if count is None else "no batches"
        raise ImageError(
            f"The {type(data).__name__} has {found}; expected a __len__ that says how many batches "
            "it has, at least 1."
        )
    if data.use_multiprocessing:
        raise OptionError(
            f"The {type(data).__name__} has use_multiprocessing=True, and a process that uses "
            "TensorFlow must not fork. Leave it out; workers=4 are threads."
        )
    return int(count)


def _stream_of_py_dataset(data: Any, model: keras.Model, inputs: Inputs) -> Stream:
    import tensorflow as tf

    count = _length(data)
    first = _columns(data[0], model, inputs)
    num_classes = num_classes_of(model)
    one_hot = num_classes is not None and are_rows(first[1])

    def prepared() -> Iterator[Batch]:
        for batch in _batches(data):
            try:
                images, labels, *weights = _columns(batch, model, inputs)
                if num_classes is not None:
                    labels = rows_of(labels, num_classes) if one_hot else numbers_to_measure(labels)
                if len(weights) != len(first) - 2:
                    raise LabelError("Some batches have weights, and others have none.")
            except MnistKitError as error:
                raise marked(error) from None
            yield (images, labels, *weights)

    batches = tf.data.Dataset.from_generator(
        prepared,
        output_signature=tf.nest.map_structure(
            lambda column: tf.TensorSpec((None, *column.shape[1:]), column.dtype), first
        ),
    ).apply(tf.data.experimental.assert_cardinality(count))
    return Stream(batches.prefetch(tf.data.AUTOTUNE), len(first[0]), one_hot)

"""A tf.data.Dataset is held against the model before training, and in every batch."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Trainer
from mnistkit.errors import ImageError, LabelError

made = tf.data.Dataset.from_tensor_slices
LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
FLOATS = (IMAGES / 255).astype(np.float32)
ONE_HOT = np.eye(10, dtype=np.float32)[LABELS]


def last(values, value):
    """The same, but for the last one."""
    changed = np.array(values)
    changed[-1] = value
    return changed


def fit(stream, model="dense128", **options):
    trainer = Trainer(model, recipe=mnistkit.Recipe(epochs=1))
    trainer.fit(stream, verbose=0, **options)
    return trainer


def ragged():
    lists = tf.RaggedTensor.from_row_lengths(tf.zeros(6), [2, 4])
    return made((lists, [0, 1])).batch(2)


def unknown_shapes(images, labels, batch_size=8):
    def elements():
        for start in range(0, len(images), batch_size):
            yield images[start : start + batch_size], labels[start : start + batch_size]

    signature = (tf.TensorSpec(None, images.dtype), tf.TensorSpec(None, labels.dtype))
    return tf.data.Dataset.from_generator(elements, output_signature=signature).apply(
        tf.data.experimental.assert_cardinality(-(-len(images) // batch_size))
    )


STRUCTURES = {
    "as tfds gives them": (
        lambda: made({"image": IMAGES[..., None], "label": LABELS}).batch(8),
        ImageError,
        r'dataset\.map\(lambda e: \(e\["image"\], e\["label"\]\)\).*as_supervised=True',
    ),
    "a dictionary with other names": (
        lambda: made({"pixels": IMAGES, "digit": LABELS}).batch(8),
        ImageError,
        r'lambda e: \(e\["pixels"\], e\["digit"\]\)\)\.$',
    ),
    "a dictionary of features beside labels": (
        lambda: made(({"image": IMAGES}, LABELS)).batch(8),
        ImageError,
        "images that the tf.data.Dataset yields are a dict of several tensors",
    ),
    "images alone": (lambda: made(IMAGES).batch(8), LabelError, "yields images alone"),
    "four parts": (
        lambda: made((IMAGES, LABELS, LABELS, LABELS)).batch(8),
        ImageError,
        "yields elements of 4 parts",
    ),
    "pictures of several sizes": (ragged, ImageError, "are of the kind RaggedTensor"),
    "single pictures": (
        lambda: made((IMAGES, LABELS)),
        ImageError,
        r"of shape \(28, 28\), but.*takes \(n, 28, 28\).*write dataset\.batch\(32\)",
    ),
    "single pictures with a channel": (
        lambda: made((IMAGES[..., None], LABELS)),
        ImageError,
        r"write dataset\.batch\(32\)",
    ),
    "batched twice": (
        lambda: made((IMAGES, LABELS)).batch(8).batch(2),
        ImageError,
        "batched twice",
    ),
    "rows of pixels": (
        lambda: made((IMAGES.reshape(-1, 784), LABELS)).batch(8),
        ImageError,
        r"\(n, 784\).*tf\.reshape\(images, \(-1, 28, 28\)\), labels\)\)\.$",
    ),
    "single rows of pixels": (
        lambda: made((IMAGES.reshape(-1, 784), LABELS)),
        ImageError,
        r"tf\.reshape\(images, \(28, 28\)\), labels\)\)\.batch\(32\)\.$",
    ),
    "another size": (
        lambda: made((np.zeros((40, 32, 32), np.uint8), LABELS)).batch(8),
        ImageError,
        r"\(n, 32, 32\).*create_model\(\.\.\., input_shape=\(32, 32\)\)",
    ),
    "colours": (
        lambda: made((np.zeros((40, 28, 28, 3), np.uint8), LABELS)).batch(8),
        ImageError,
        r"input_shape=\(28, 28, 3\)",
    ),
    "one-hot for other classes": (
        lambda: made((IMAGES, np.eye(12)[LABELS])).batch(8),
        LabelError,
        r"of shape \(n, 12\), rows for 12 classes, .*num_classes=12",
    ),
    "labels that are pictures": (
        lambda: made((IMAGES, IMAGES)).batch(8),
        LabelError,
        r"of shape \(n, 28, 28\); expected \(n,\), .* or \(n, 10\), one probability a class",
    ),
    "text": (
        lambda: made((IMAGES, LABELS.astype(str))).batch(8),
        LabelError,
        r"are text; .*tf\.strings\.to_number\(labels, tf\.int32\)",
    ),
    "floating labels": (
        lambda: made((IMAGES, LABELS.astype(np.float32))).batch(8),
        LabelError,
        r"of type float32.*tf\.cast\(labels, tf\.int32\)",
    ),
    "file names": (
        lambda: made((LABELS.astype(str), LABELS)).batch(8),
        ImageError,
        r"of type string.*tf\.io\.decode_image",
    ),
    "nothing": (lambda: made((IMAGES, LABELS)).batch(8).take(0), ImageError, "is empty"),
    "nothing, which it does not say": (
        lambda: made((IMAGES, LABELS)).batch(8).filter(lambda *_: False),
        ImageError,
        "is empty",
    ),
    "no end": (
        lambda: made((IMAGES, LABELS)).batch(8).repeat(),
        ImageError,
        r"has no end.*dataset\.take\(n\)",
    ),
    "rows of pixels from a generator": (
        lambda: unknown_shapes(IMAGES.reshape(-1, 784), LABELS),
        ImageError,
        r"tf\.reshape\(images, \(-1, 28, 28\)\)",
    ),
}


@pytest.fixture(scope="module")
def expected():
    """The weights after training on class numbers and images of bytes."""
    return fit(made((IMAGES, LABELS)).batch(8)).model.get_weights()


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_stream_of_another_structure(name):
    stream, error, message = STRUCTURES[name]
    with pytest.raises(error, match=f"(?s){message}"):
        fit(stream())


@pytest.mark.parametrize("name", ["as tfds gives them", "one-hot for other classes", "no end"])
def test_a_validation_stream_of_another_structure(name):
    stream, error, message = STRUCTURES[name]
    with pytest.raises(error, match=f"(?s){message}"):
        fit((IMAGES, LABELS), validation=stream())


LATER = {
    "a label too high": ((IMAGES, last(LABELS, 10)), LabelError, "labels from .* to 10, the model"),
    "a label below 0": ((IMAGES, last(LABELS, -1)), LabelError, "labels from -1 to"),
    "a pixel too bright": (
        (last(IMAGES.astype(np.int32), 256), LABELS),
        ImageError,
        "int32 batch .* to 256, outside 0 to 255",
    ),
    "floats up to 255": ((last(FLOATS, 255), LABELS), ImageError, "to 255, outside 0 to 1"),
    "not a number": ((last(FLOATS, np.nan), LABELS), ImageError, "nan, outside 0 to 1"),
    "a weight below 0": (
        (IMAGES, LABELS, last(np.ones(40, np.float32), -2)),
        LabelError,
        "must be 0 or more, and finite; a batch has some from -2 to 1",
    ),
    "an infinite weight": ((IMAGES, LABELS, last(np.ones(40), np.inf)), LabelError, "finite"),
}


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("part", ["training", "validation"])
def test_what_is_wrong_in_the_last_batch_only(name, part):
    columns, error, message = LATER[name]
    stream = made(columns).batch(8)
    data = (stream, None) if part == "training" else ((IMAGES, LABELS), stream)
    with pytest.raises(error, match=message) as caught:
        fit(data[0], validation=data[1])
    assert len(str(caught.value)) < 400, "nothing of TensorFlow's nodes"


def test_a_batch_of_another_size_in_the_end():
    shapes = [(8, 28, 28), (8, 28, 28), (8, 20, 20)]
    stream = tf.data.Dataset.from_generator(
        lambda: ((np.zeros(shape, np.uint8), np.zeros(8, np.int32)) for shape in shapes),
        output_signature=(tf.TensorSpec(None, tf.uint8), tf.TensorSpec(None, tf.int32)),
    ).apply(tf.data.experimental.assert_cardinality(3))
    with pytest.raises(ImageError, match=r"images of shape \[8 20 20\], others of shape"):
        fit(stream)


def test_fewer_labels_than_images():
    stream = tf.data.Dataset.from_generator(
        lambda: iter([(np.zeros((8, 28, 28), np.uint8), np.zeros(7, np.int32))]),
        output_signature=(
            tf.TensorSpec((None, 28, 28), tf.uint8),
            tf.TensorSpec((None,), tf.int32),
        ),
    ).apply(tf.data.experimental.assert_cardinality(1))
    with pytest.raises(LabelError, match=r"has 8 images, and labels of shape \[7\]"):
        fit(stream)


def test_what_a_stream_itself_raises_stays_what_it_is():
    broken = made((FLOATS, LABELS)).batch(8)
    broken = broken.map(lambda x, y: (tf.debugging.check_numerics(x / 0, "my own"), y))
    with pytest.raises(tf.errors.InvalidArgumentError, match="my own"):
        fit(broken)


@pytest.mark.parametrize(
    "columns",
    [
        (IMAGES, LABELS[:, None]),
        (IMAGES[..., None], LABELS.astype(np.uint8)),
        (FLOATS, LABELS),
        (FLOATS.astype(np.float64), LABELS.astype(np.int64)),
        (IMAGES.astype(np.int64), LABELS),
        (IMAGES, LABELS, np.ones(40)),
        (IMAGES, LABELS, np.ones((40, 1), np.float32)),
    ],
)
def test_every_right_form_gives_the_same_weights(columns, expected):
    found = fit(made(columns).batch(8)).model.get_weights()
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_bits_are_ink_or_paper():
    bits = IMAGES > 127
    weights = [
        fit(made((images, LABELS)).batch(8)).model.get_weights()[0]
        for images in (bits, bits.astype(np.float32))
    ]
    np.testing.assert_allclose(*weights, atol=1e-6)


def test_a_generator_that_says_no_shapes(expected):
    found = fit(unknown_shapes(IMAGES, LABELS)).model.get_weights()
    np.testing.assert_allclose(found[0], expected[0], atol=1e-5)


def test_a_channel_axis_is_added():
    model = mnistkit.create_model("dense128", input_shape=(28, 28, 1))
    fit(made((IMAGES, LABELS)).batch(8), model)
    any_size = keras.Sequential(
        [
            keras.Input((None, None, 1)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    fit(made((IMAGES, LABELS)).batch(8), any_size)


@pytest.mark.parametrize(
    "advised",
    [
        lambda: (
            made({"image": IMAGES, "label": LABELS})
            .batch(8)
            .map(lambda e: (e["image"], e["label"]))
        ),
        lambda: made((IMAGES, LABELS)).batch(32),
        lambda: (
            made((IMAGES.reshape(-1, 784), LABELS))
            .batch(8)
            .map(lambda images, labels: (tf.reshape(images, (-1, 28, 28)), labels))
        ),
        lambda: (
            made((IMAGES.reshape(-1, 784), LABELS))
            .map(lambda images, labels: (tf.reshape(images, (28, 28)), labels))
            .batch(32)
        ),
        lambda: (
            made((IMAGES, ONE_HOT))
            .batch(8)
            .map(lambda images, labels: (images, tf.argmax(labels, axis=-1)))
        ),
        lambda: (
            made((IMAGES, LABELS.astype(str)))
            .batch(8)
            .map(lambda images, labels: (images, tf.strings.to_number(labels, tf.int32)))
        ),
        lambda: made((IMAGES, LABELS)).batch(8).repeat().take(5),
    ],
)
def test_what_the_messages_advise_works(advised):
    fit(advised())

"""tf.data, Keras' PyDataset and generators in fit, evaluate and predict."""

from __future__ import annotations

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Recipe, Trainer
from mnistkit.errors import ImageError, LabelError, ModelError, OptionError, RecipeError

LABELS = np.arange(40) % 10
ONE_HOT = np.eye(10, dtype=np.float32)[LABELS]
MIXED = 0.7 * ONE_HOT + 0.3 * np.roll(ONE_HOT, 1, axis=0)
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
STANDARD = (IMAGES / 255 - 0.13).astype(np.float32) / 0.31
slices = tf.data.Dataset.from_tensor_slices
PAIRS = slices((IMAGES, LABELS)).batch(16)


class Batches(keras.utils.PyDataset):
    """Batches of 16 of some columns, as Keras' documentation writes them."""

    def __init__(self, *columns, **options):
        super().__init__(**options)
        self.columns = columns
        self.calls = []

    def __len__(self):
        return 3

    def __getitem__(self, number):
        self.calls.append((number, threading.get_ident()))
        part = slice(16 * number, 16 * number + 16)
        found = tuple(column[part] for column in self.columns)
        return found if len(found) > 1 else found[0]

    def on_epoch_end(self):
        self.calls.append("end")


def generator(*columns):
    return (Batches(*columns)[number] for number in range(3))


FORMS = {
    "tf.data": lambda *columns: slices(columns if len(columns) > 1 else columns[0]).batch(16),
    "PyDataset": Batches,
    "workers": lambda *columns: Batches(*columns, workers=3),
    "generator": generator,
}
TRAINABLE = [name for name in FORMS if name != "generator"]


def network(shape=(28, 28), first=()):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([keras.Input(shape), *first, *layers])


def fit(data, model=None, *, loss=None, inputs="images", **options):
    model = model or network()
    if loss:
        model.compile(keras.optimizers.SGD(0.1), loss)
    trainer = Trainer(model, recipe=Recipe(epochs=2), inputs=inputs)
    trainer.fit(data, verbose=0, **options)
    return trainer


def weights(*arguments, **options):
    return fit(*arguments, **options).model.get_weights()[0]


@pytest.fixture(scope="module")
def trainer():
    return fit(PAIRS)


@pytest.mark.parametrize("form", FORMS)
def test_predict(form, trainer):
    make, expected = FORMS[form], trainer.predict(IMAGES)
    for columns in ((IMAGES,), (IMAGES / 255,), (IMAGES, LABELS), (IMAGES[..., None], ONE_HOT)):
        np.testing.assert_allclose(trainer.predict(make(*columns)), expected, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_evaluate(form, trainer):
    make, expected = FORMS[form], trainer.evaluate((IMAGES, LABELS))
    for labels in (LABELS, LABELS[:, None], ONE_HOT):
        result = trainer.evaluate(make(IMAGES, labels))
        np.testing.assert_array_equal(result.labels, LABELS)
        np.testing.assert_allclose(result.probabilities, expected.probabilities, atol=1e-6)
    with pytest.raises(LabelError, match="The labels are soft, of several classes an image"):
        trainer.evaluate(make(IMAGES, MIXED))
    with pytest.raises(LabelError, match="The batches have weights, and evaluate counts every"):
        trainer.evaluate(make(IMAGES, LABELS, np.ones(40, np.float32)))


@pytest.mark.parametrize("form", FORMS)
def test_numbers_as_they_are(form):
    made = Trainer(network(), inputs="as they are")
    expected = made.predict(STANDARD)
    np.testing.assert_allclose(made.predict(FORMS[form](STANDARD)), expected, atol=1e-6)
    result = made.evaluate(FORMS[form](STANDARD, LABELS))
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-6)
    with pytest.raises(ImageError, match="outside 0 to 1"):
        Trainer(network()).predict(FORMS[form](STANDARD))


@pytest.mark.parametrize("form", FORMS)
def test_pictures_for_a_model_of_rows(form):
    made = Trainer(network((784,)))
    expected = made.predict(IMAGES)
    np.testing.assert_allclose(made.predict(FORMS[form](IMAGES)), expected, atol=1e-6)
    rows = IMAGES.reshape(-1, 784)
    np.testing.assert_allclose(made.predict(FORMS[form](rows)), expected, atol=1e-6)


def test_fit_on_a_py_dataset():
    expected = weights(PAIRS)
    for form, columns in (("PyDataset", (IMAGES, LABELS)), ("workers", (IMAGES / 255, LABELS))):
        found = weights(FORMS[form](*columns))
        np.testing.assert_allclose(found, expected, atol=1e-6)
    weighted = (IMAGES, LABELS, np.linspace(0, 2, 40, dtype=np.float32))
    found = weights(Batches(*weighted))
    np.testing.assert_allclose(found, weights(slices(weighted).batch(16)), atol=1e-6)
    assert not np.allclose(found, expected)


def test_a_forced_engine_says_that_keras_trains(caplog):
    made = Trainer(network(), recipe=Recipe(epochs=1), engine="graph")
    made.fit(Batches(IMAGES, LABELS), verbose=0)
    assert made.engine == "keras"
    assert "by Keras' own fit, not by engine='graph'" in caplog.text


def test_a_py_dataset_hears_of_every_epoch():
    data = Batches(IMAGES, LABELS)
    fit(data, validation=Batches(IMAGES, LABELS))
    calls = [call if call == "end" else call[0] for call in data.calls]
    assert calls == [0, *(0, 1, 2, "end") * 2]


def test_workers_are_threads():
    data = Batches(IMAGES, LABELS, workers=2)
    fit(data)
    assert threading.get_ident() not in {call[1] for call in data.calls[1:] if call != "end"}


SPARSE, CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"


@pytest.mark.parametrize("form", ["tf.data", "PyDataset"])
def test_soft_labels(form):
    by_keras = network()
    by_keras.compile(keras.optimizers.SGD(0.1), CATEGORICAL)
    by_keras.fit(IMAGES / 255, MIXED, batch_size=16, epochs=2, shuffle=False, verbose=0)
    found = weights(FORMS[form](IMAGES, MIXED), loss=CATEGORICAL)
    np.testing.assert_allclose(found, by_keras.get_weights()[0], atol=1e-6)
    with pytest.raises(ModelError, match="does not take one-hot or soft labels"):
        fit(FORMS[form](IMAGES, ONE_HOT), loss=SPARSE)


@pytest.mark.parametrize("form", ["tf.data", "PyDataset"])
def test_one_hot_labels_by_the_recipe(form):
    one_hot, numbers = (weights(FORMS[form](IMAGES, labels)) for labels in (ONE_HOT, LABELS))
    np.testing.assert_allclose(one_hot, numbers, atol=1e-5)


def test_validation_labels_of_another_form():
    for train, validation in (
        (PAIRS, Batches(IMAGES, MIXED)),
        (slices((IMAGES, MIXED)).batch(16), mnistkit.Split(IMAGES, LABELS)),
        ((IMAGES, LABELS), slices((IMAGES, ONE_HOT)).batch(16)),
    ):
        assert len(fit(train, validation=validation).history["val_loss"]) == 2


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.where(np.arange(40)[:, None] == 39, 0, ONE_HOT), "add up to"),
        (2 * ONE_HOT, "add up to"),
        (np.eye(11, dtype=np.float32)[LABELS], "Build it with num_classes=11"),
    ],
)
@pytest.mark.parametrize("form", FORMS)
def test_rows_that_are_no_labels(form, rows, message):
    with pytest.raises(LabelError, match=message):
        Trainer(network()).evaluate(FORMS[form](IMAGES, rows))
    if form in TRAINABLE:
        with pytest.raises(LabelError, match=message):
            fit(FORMS[form](IMAGES, rows))


@pytest.mark.parametrize("form", TRAINABLE)
def test_a_batch_size_beside_a_stream(form, tmp_path):
    data = FORMS[form](IMAGES, LABELS)
    with pytest.raises(RecipeError, match=r"batch_size=8: .* batches of its own, here of 16"):
        fit(data, batch_size=8)
    made = Trainer("dense128", recipe=Recipe(epochs=1), run_dir=tmp_path)
    made.fit(data, verbose=0)
    assert Trainer.load(tmp_path).recipe.batch_size == 16


def test_a_generator_is_not_trained_on():
    with pytest.raises(OptionError, match=r"A generator can be read only once.*from_generator"):
        fit(generator(IMAGES, LABELS))


def test_what_is_no_py_dataset_to_train_on():
    class Endless(Batches):
        @property
        def num_batches(self):
            return None

    class Empty(Batches):
        def __len__(self):
            return 0

    for kind, message in ((Endless, "The Endless has no end"), (Empty, "Empty has no batches")):
        for call in (fit, Trainer(network()).evaluate, Trainer(network()).predict):
            with pytest.raises(ImageError, match=message):
                call(kind(IMAGES, LABELS))
    with pytest.raises(OptionError, match="must not fork"):
        fit(Batches(IMAGES, LABELS, workers=2, use_multiprocessing=True))


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        ((IMAGES[:, 1:], LABELS), ImageError, r"shape \(16, 27, 28\), but the model"),
        ((IMAGES * 1.0, LABELS), ImageError, "outside 0 to 1"),
        ((IMAGES, np.where(np.arange(40) == 39, 10, LABELS)), LabelError, "has 11 classes, the"),
        ((IMAGES, LABELS, -np.ones(40)), LabelError, "0 or more, and finite"),
        ((IMAGES, LABELS, LABELS, LABELS), LabelError, r"expected a pair \(images, labels\)"),
        ((IMAGES,), LabelError, r"expected a pair \(images, labels\)"),
    ],
)
def test_a_py_dataset_of_something_else(columns, error, message):
    with pytest.raises(error, match=message) as caught:
        fit(Batches(*columns))
    assert len(str(caught.value)) < 400, "nothing of TensorFlow's nodes"
    if len(columns) == 2:
        with pytest.raises(error, match=message):
            Trainer(network()).evaluate(generator(*columns))


def test_an_empty_generator(trainer):
    for call in (trainer.predict, trainer.evaluate):
        with pytest.raises(ImageError, match="There are no images"):
            call(iter(()))


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (slices(IMAGES), r"write dataset\.batch\(32\)"),
        (slices(IMAGES).batch(8).repeat(), "has no end"),
        (slices({"image": IMAGES}).batch(8), "yields dictionaries with 'image'"),
        (slices(IMAGES[:, 1:]).batch(8), r"of shape \(n, 27, 28\), but the model"),
    ],
)
def test_predict_on_a_stream_of_something_else(stream, message, trainer):
    with pytest.raises(ImageError, match=message):
        trainer.predict(stream)

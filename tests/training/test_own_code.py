"""Models that train by code of their own, or return something else than classes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnistkit import Recipe, Split, Trainer
from mnistkit.errors import LabelError, ModelError

layers, ops = keras.layers, keras.ops
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = np.arange(40) % 10
NUMBERS = "sparse_categorical_crossentropy"
RECIPE = Recipe(epochs=1, batch_size=20)


@keras.saving.register_keras_serializable("test_own_code")
class OwnStep(keras.Model):
    """As in Keras' guide: a step, with metrics of its own."""

    def __init__(self, **options):
        super().__init__(**options)
        self.flatten = layers.Flatten()
        self.end = layers.Dense(10)
        self.mean = keras.metrics.Mean(name="own_loss")

    def call(self, images):
        return self.end(self.flatten(images))

    @property
    def metrics(self):
        return [self.mean]

    def train_step(self, data):
        images, labels, *_ = data
        with tf.GradientTape() as tape:
            logits = self(images, training=True)
            loss = ops.mean(
                keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)
            )
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        self.mean.update_state(loss)
        return {"own_loss": self.mean.result(), "last": loss}

    def test_step(self, data):
        return {"measured": ops.cast(ops.shape(data[0])[0], "float32")}


@keras.saving.register_keras_serializable("test_own_code")
class OwnLoss(OwnStep):
    train_step = keras.Model.train_step
    test_step = keras.Model.test_step
    metrics = keras.Model.metrics

    def compute_loss(self, x, y, y_pred, sample_weight=None, training=True):
        return ops.mean(ops.square(ops.one_hot(y, 10) - ops.softmax(y_pred)))


@pytest.mark.parametrize("own_compile", [False, True])
@pytest.mark.parametrize("make", [OwnStep, OwnLoss])
def test_its_own_step_is_taken_and_its_logs_kept(make, own_compile, tmp_path):
    model = make()
    if own_compile:
        model.compile(optimizer="sgd")
    trainer = Trainer(model, recipe=RECIPE)
    data = Split(IMAGES, LABELS)
    history = trainer.fit(data, validation=data, class_weight={1: 2.0}, verbose=0).history
    assert trainer.engine == "keras"
    expected = {"own_loss", "last", "val_measured"} if make is OwnStep else {"loss", "val_loss"}
    assert expected <= set(history)
    assert trainer.evaluate(data).probabilities.shape == (40, 10)
    loaded = Trainer.load(trainer.save(tmp_path))
    np.testing.assert_allclose(loaded.predict(IMAGES), trainer.predict(IMAGES), atol=1e-6)


@pytest.mark.parametrize("engine", ["xla", "graph"])
def test_engines_that_would_lose_its_logs_refuse_it(engine):
    trainer = Trainer(OwnStep(), recipe=RECIPE, engine=engine)
    with pytest.raises(ModelError, match="has a train_step and a test_step of its own"):
        trainer.fit((IMAGES, LABELS), verbose=0)


def autoencoder(*, flat=False):
    inputs = keras.Input((28, 28))
    hidden = layers.Dense(4, "relu")(layers.Flatten()(inputs))
    outputs = layers.Dense(784, "sigmoid")(hidden)
    model = keras.Model(inputs, outputs if flat else layers.Reshape((28, 28))(outputs))
    model.compile("adam", "mse")
    return model


def heads(kind):
    inputs = keras.Input((28, 28))
    flat = layers.Flatten()(inputs)
    digit = layers.Dense(10, "softmax", name="digit")(flat)
    odd = layers.Dense(1, "sigmoid", name="odd")(flat)
    outputs = {"digit": digit, "odd": odd} if kind == "dict" else [digit, odd]
    model = keras.Model(inputs, outputs)
    losses = {"digit": NUMBERS, "odd": "binary_crossentropy"}
    model.compile("adam", losses if kind == "dict" else list(losses.values()))
    return model


CASES = {
    "image": (autoencoder, IMAGES),
    "floats": (autoencoder, IMAGES / 255),
    "rows": (lambda: autoencoder(flat=True), IMAGES.reshape(40, 784)),
    "dict": (lambda: heads("dict"), {"digit": LABELS, "odd": LABELS % 2}),
    "list": (lambda: heads("list"), [LABELS, LABELS % 2]),
    "tuple": (lambda: heads("list"), (LABELS, LABELS % 2)),
}


@pytest.mark.parametrize("case", CASES)
def test_other_outputs_are_trained_by_keras(case):
    make, targets = CASES[case]
    trainer = Trainer(make(), recipe=RECIPE)
    history = trainer.fit((IMAGES, targets), validation=0.25, epochs=2, verbose=0).history
    assert trainer.engine == "keras"
    assert history["loss"][1] < history["loss"][0]
    assert 0 < history["val_loss"][0] < 5  # 0-255 would be in the thousands
    with pytest.raises(ModelError, match=r"no probabilities of classes\. Use trainer\.model\.pred"):
        trainer.predict(IMAGES)
    with pytest.raises(ModelError, match=r"Use trainer\.model\.evaluate"):
        trainer.evaluate((IMAGES, LABELS))


def test_other_outputs_of_a_stream():
    stream = tf.data.Dataset.from_tensor_slices((IMAGES, IMAGES / np.float32(255))).batch(20)
    history = Trainer(autoencoder()).fit(stream, validation=stream, epochs=2, verbose=0).history
    assert history["val_loss"][1] < history["val_loss"][0] < 1
    targets = {"digit": LABELS, "odd": LABELS % 2}
    stream = tf.data.Dataset.from_tensor_slices((IMAGES[..., None], targets)).batch(20)
    Trainer(heads("dict")).fit(stream, epochs=1, verbose=0)


@pytest.mark.parametrize("engine", ["keras", "graph"])
def test_other_outputs_on_an_engine_that_was_asked_for(engine):
    trainer = Trainer(autoencoder(), recipe=RECIPE, engine=engine)
    if engine == "keras":
        trainer.fit((IMAGES, IMAGES), verbose=0)
        return
    with pytest.raises(ModelError, match=r"engine='graph'.*engine='keras' or 'auto'"):
        trainer.fit((IMAGES, IMAGES), verbose=0)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (IMAGES[:3], "40 images, but targets of the shape"),
        (np.array(["a"] * 40), "Targets cannot be of type"),
    ],
)
def test_targets_that_do_not_fit(targets, message):
    with pytest.raises(LabelError, match=message):
        Trainer(autoencoder()).fit((IMAGES, targets), verbose=0)


def test_class_numbers_for_a_model_that_returns_images():
    with pytest.raises(ModelError, match=r"'mse'.*fit\(\(images, targets\)\)"):
        Trainer(autoencoder(), recipe=RECIPE).fit(Split(IMAGES, LABELS), verbose=0)


@keras.saving.register_keras_serializable("test_own_code")
class Autoencoder(keras.Model):
    """Its loss needs no labels."""

    def __init__(self, **options):
        super().__init__(**options)
        self.flatten = layers.Flatten()
        self.end = layers.Dense(784)

    def call(self, images):
        flat = self.flatten(images)
        found = self.end(flat)
        self.add_loss(ops.mean(ops.square(found - flat)))
        return found


def test_a_loss_within_the_model(tmp_path):
    model = Autoencoder()
    model.compile("adam")
    trainer = Trainer(model, recipe=RECIPE)
    history = trainer.fit(Split(IMAGES, LABELS), epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]
    trainer.save(tmp_path)
    Trainer.load(tmp_path).fit(Split(IMAGES, LABELS), verbose=0)

"""Public scripts, written anew: they run with a Trainer in place of `fit`, two lines changed.

Above each changed line stands what it is in the script, after ``# was:``.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import mnistkit
from mnistkit import Trainer


@pytest.fixture(scope="module")
def load_data():
    """What ``keras.datasets.mnist.load_data`` is to the scripts, of fewer and coarser digits."""
    keras.utils.set_random_seed(0)
    np.random.seed(0)  # noqa: NPY002  (as the scripts draw)
    data = mnistkit.load_dataset("digits")
    train, test = data.train.take(600), data.test.take(200)
    return lambda: ((train.images, train.labels), (test.images, test.labels))


def test_mnist_convnet_of_keras_io(load_data):
    (x_train, y_train), (x_test, y_test) = load_data()
    x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
    x_test = np.expand_dims(x_test.astype("float32") / 255, -1)
    y_train = keras.utils.to_categorical(y_train, 10)
    y_test = keras.utils.to_categorical(y_test, 10)
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            layers.Conv2D(8, kernel_size=3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, kernel_size=3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    # was: model.fit(x_train, y_train, batch_size=64, epochs=5, validation_split=0.1)
    (trainer := Trainer(model)).fit((x_train, y_train), batch_size=64, epochs=5, validation=0.1)
    # was: score = model.evaluate(x_test, y_test, verbose=0)
    score = trainer.evaluate((x_test, y_test))
    assert score.accuracy > 0.6
    assert "val_accuracy" in trainer.history


class Stepper(keras.Model):
    """A step of training and of measuring that several models share."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.loss_fn = keras.losses.SparseCategoricalCrossentropy()
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="right")

    @property
    def metrics(self):
        return [self.accuracy]

    def call(self, inputs):
        return self.model(inputs)

    def train_step(self, data):
        images, labels = data
        with tf.GradientTape() as tape:
            answers = self.model(images, training=True)
            loss = self.loss_fn(labels, answers)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return self.measured(labels, answers)

    def test_step(self, data):
        images, labels = data
        return self.measured(labels, self.model(images, training=False))

    def measured(self, labels, answers):
        self.accuracy.update_state(labels, answers)
        return {metric.name: metric.result() for metric in self.metrics}


def test_trainer_pattern_of_keras_io(load_data):
    (x_train, y_train), (x_test, y_test) = load_data()
    x_train, x_test = x_train / 255.0, x_test / 255.0
    head = [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dropout(0.2)]
    model_a = keras.Sequential([keras.Input((28, 28)), *head, layers.Dense(10, "softmax")])
    inputs = keras.Input((28, 28, 1))
    flat = layers.Dropout(0.4)(layers.Flatten()(inputs))
    model_b = keras.Model(inputs, layers.Dense(10, activation="softmax")(flat))
    for model in (model_a, model_b):
        stepper = Stepper(model)
        stepper.compile(optimizer=keras.optimizers.Adam(0.01))
        # was: stepper.fit(x_train, y_train, epochs=2, batch_size=64, validation_data=(x_test, ...
        (trainer := Trainer(stepper)).fit(
            (x_train, y_train), epochs=2, batch_size=64, validation=(x_test, y_test)
        )
        assert set(trainer.history) == {"right", "val_right"}
        assert trainer.evaluate((x_test, y_test)).accuracy > 0.6


class TwoSided(layers.Layer):
    """Keeps the negative part of its centred input beside the positive one, and mixes them."""

    def __init__(self, initializer="he_normal", **options):
        super().__init__(**options)
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        width = input_shape[-1]
        self.kernel = self.add_weight((2 * width, width), initializer=self.initializer)

    def call(self, inputs):
        centred = inputs - keras.ops.mean(inputs, axis=-1, keepdims=True)
        both = keras.ops.concatenate([keras.ops.relu(centred), keras.ops.relu(-centred)], axis=-1)
        return keras.ops.matmul(both, self.kernel)

    def get_config(self):
        initializer = keras.initializers.serialize(self.initializer)
        return {**super().get_config(), "initializer": initializer}


def test_antirectifier_of_keras_io(load_data):
    (x_train, y_train), (x_test, y_test) = load_data()
    x_train = x_train.reshape(-1, 784).astype("float32") / 255
    x_test = x_test.reshape(-1, 784).astype("float32") / 255
    model = keras.Sequential(
        [
            keras.Input(shape=(784,)),
            layers.Dense(32),
            TwoSided(),
            layers.Dense(32),
            TwoSided(),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.RMSprop(),
        metrics=[keras.metrics.SparseCategoricalAccuracy()],
    )
    # was: model.fit(x_train, y_train, batch_size=128, epochs=5, validation_split=0.15)
    (trainer := Trainer(model)).fit((x_train, y_train), batch_size=128, epochs=5, validation=0.15)
    # was: model.evaluate(x_test, y_test)
    assert trainer.evaluate((x_test, y_test)).accuracy > 0.6


def test_the_quickstart_for_beginners_of_tensorflow(load_data):
    (x_train, y_train), (x_test, y_test) = load_data()
    x_train, x_test = x_train / 255.0, x_test / 255.0
    hidden = [layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dropout(0.2)]
    model = keras.Sequential([keras.Input((28, 28)), *hidden, layers.Dense(10)])
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert np.isfinite(loss_fn(y_train[:1], model(x_train[:1]).numpy()))
    model.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
    # was: model.fit(x_train, y_train, epochs=5)
    (trainer := Trainer(model)).fit((x_train, y_train), epochs=5)
    # was: model.evaluate(x_test, y_test, verbose=2)
    assert trainer.evaluate((x_test, y_test)).accuracy > 0.7
    probability_model = keras.Sequential([model, layers.Softmax()])
    np.testing.assert_allclose(
        probability_model(x_test[:5]), trainer.predict(x_test[:5]), atol=1e-5
    )


def test_chapter_2_of_deep_learning_with_python(load_data):
    (train_images, train_labels), (test_images, test_labels) = load_data()
    train_images = train_images.reshape((600, 28 * 28)).astype("float32") / 255
    test_images = test_images.reshape((200, 28 * 28)).astype("float32") / 255
    for one_hot in (True, False):  # of the first edition, and of the second
        if one_hot:
            loss, form = "categorical_crossentropy", keras.utils.to_categorical
        else:
            loss, form = "sparse_categorical_crossentropy", np.asarray
        model = keras.Sequential(
            [layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]
        )
        model.compile(optimizer="rmsprop", loss=loss, metrics=["accuracy"])
        # was: model.fit(train_images, train_labels, epochs=5, batch_size=128)
        (trainer := Trainer(model)).fit((train_images, form(train_labels)), epochs=5, batch_size=64)
        # was: test_loss, test_acc = model.evaluate(test_images, test_labels)
        assert trainer.evaluate((test_images, form(test_labels))).accuracy > 0.7
        assert model.predict(test_images[:10], verbose=0).shape == (10, 10)


def get_model(*, rate=0.001, hidden=64):
    """As in chapter 5: it does not know its input yet."""
    ends = [layers.Dense(hidden, activation="relu")] if hidden else []
    model = keras.Sequential([*ends, layers.Dense(10, activation="softmax")])
    model.compile(
        optimizer=keras.optimizers.RMSprop(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def test_chapter_5_of_deep_learning_with_python(load_data):
    (train_images, train_labels), _ = load_data()
    train_images = train_images.reshape((600, 28 * 28)).astype("float32") / 255
    noise = np.random.random((600, 784))  # noqa: NPY002
    with_noise = np.concatenate([train_images, noise], axis=1)
    with_zeros = np.concatenate([train_images, np.zeros((600, 784))], axis=1)
    accuracy = {}
    for name, images in (("noise", with_noise), ("zeros", with_zeros)):
        # was: history = model.fit(images, train_labels, epochs=5, batch_size=64, validation_spl...
        history = Trainer(get_model()).fit(
            (images, train_labels), epochs=5, batch_size=64, validation=0.2
        )
        accuracy[name] = history.history["val_accuracy"][-1]
    assert accuracy["noise"] < accuracy["zeros"]


def test_shuffled_labels_are_learnt_by_heart(load_data):
    (train_images, train_labels), _ = load_data()
    train_images = train_images.reshape((600, 28 * 28)).astype("float32") / 255
    random_labels = train_labels.copy()
    np.random.shuffle(random_labels)  # noqa: NPY002
    # was: history = model.fit(train_images, random_labels, epochs=60, batch_size=64, validation...
    history = Trainer(get_model()).fit(
        (train_images, random_labels), epochs=60, batch_size=64, validation=0.2
    )
    assert history.history["accuracy"][-1] > 0.3
    assert history.history["val_accuracy"][-1] < 0.3


def test_a_rate_that_is_too_high_and_a_model_that_is_too_small(load_data):
    (train_images, train_labels), _ = load_data()
    train_images = train_images.reshape((600, 28 * 28)).astype("float32") / 255
    best = {}
    for name, model in (("high", get_model(rate=1.0)), ("small", get_model(hidden=0))):
        # was: history = model.fit(train_images, train_labels, epochs=4, batch_size=64, validati...
        history = Trainer(model).fit(
            (train_images, train_labels), epochs=4, batch_size=64, validation=0.2
        )
        best[name] = max(history.history["val_accuracy"])
    assert best["high"] < best["small"]

"""The compiled loops against Keras' own fit: same weights, same order, same numbers."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Split, Trainer
from mnistkit.errors import (
    DivergenceError,
    ImageError,
    LabelError,
    ModelError,
    RecipeError,
    SplitError,
)

layers = keras.layers
COMPILED = ("xla", "graph")


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits")


def network(kind):
    """A small network; every kind has something that engines could get wrong."""
    body = {
        "dense": [layers.Flatten(), layers.Dense(16, activation="relu")],
        "dropout": [layers.Flatten(), layers.Dense(32, activation="relu"), layers.Dropout(0.5)],
        "batch_norm": [
            layers.Flatten(),
            layers.Dense(16),
            layers.BatchNormalization(),
            layers.ReLU(),
        ],
        "convolution": [
            layers.Conv2D(4, 5, strides=2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
        ],
        "regularized": [layers.Flatten(), layers.Dense(8, kernel_regularizer="l2")],
    }[kind]
    start = [keras.Input((28, 28)), layers.Reshape((28, 28, 1)), layers.AveragePooling2D(2)]
    model = keras.Sequential([*start, *body, layers.Dense(10, activation="softmax")])
    generator = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(generator.normal(scale=0.1, size=variable.shape))
    return model


def trained(engine, kind, data, *, settings=None, epochs=2, batch_size=32, jit=False, **options):
    trainer = Trainer(network(kind), engine=engine, seed=4)
    trainer.compile(**(settings or {"optimizer": "adam"}))
    trainer.model.jit_compile = jit
    history = trainer.fit(data, epochs=epochs, batch_size=batch_size, **options)
    return trainer, history.history


def assert_same(one, other, rtol=1e-3, atol=1e-4):
    (trainer_one, history_one), (trainer_other, history_other) = one, other
    assert history_one.keys() == history_other.keys()
    for name, values in history_one.items():
        np.testing.assert_allclose(values, history_other[name], rtol=rtol, atol=atol)
    pairs = zip(trainer_one.model.get_weights(), trainer_other.model.get_weights(), strict=True)
    for weights_one, weights_other in pairs:
        np.testing.assert_allclose(weights_one, weights_other, rtol=rtol, atol=atol * 10)


def assert_engines_agree(kind, data, *, settings=dict, rtol=1e-3, atol=1e-4, **options):
    """Train with Keras once, and with each compiled engine; return what Keras has found."""
    expected = trained("keras", kind, data, settings=settings(), **options)
    for engine in COMPILED:
        found = trained(engine, kind, data, settings=settings(), **options)
        assert found[0].engine == engine
        assert_same(found, expected, rtol, atol)
    return expected


@pytest.mark.parametrize(
    "kind",
    [
        "dense",
        "batch_norm",
        pytest.param("convolution", marks=pytest.mark.slow),
        "regularized",
    ],
)
def test_same_numbers_as_keras(digits, kind):
    """300 images in batches of 32: the last batch has 12, and must count as 12."""
    assert_engines_agree(kind, digits.train.take(300), validation=digits.test.take(90))


@pytest.mark.parametrize("engine", [pytest.param("xla", marks=pytest.mark.slow), "graph"])
def test_same_random_numbers_as_keras(digits, engine):
    """Random layers draw other numbers under XLA, in Keras' own fit too."""
    # A last, smaller batch does not go through XLA, so it would have other random numbers.
    data, validation = digits.train.take(320), digits.test.take(90)
    expected = trained("keras", "dropout", data, validation=validation, jit=engine == "xla")
    assert_same(trained(engine, "dropout", data, validation=validation), expected)


@pytest.mark.parametrize(
    "count", [10, 65, *(pytest.param(n, marks=pytest.mark.slow) for n in (32, 64))]
)
def test_every_number_of_images(digits, count):
    """Fewer than a batch, just one, just two, one left over."""
    assert_engines_agree("dense", digits.train.take(count))


def test_many_chunks(digits, monkeypatch):
    monkeypatch.setattr("mnistkit.training.chunks._CHUNK_BYTES", 28 * 28 * 32 * 3)
    # Ten batches in chunks of three, and ten images.
    assert_engines_agree("batch_norm", digits.train.take(330))


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        pytest.param(
            lambda: keras.optimizers.AdamW(0.002, weight_decay=0.01, clipnorm=1.0),
            marks=pytest.mark.slow,
        ),
        lambda: keras.optimizers.Adam(0.002, use_ema=True, ema_momentum=0.9),
        lambda: keras.optimizers.Adam(0.002, gradient_accumulation_steps=2),
        lambda: keras.optimizers.RMSprop(keras.optimizers.schedules.CosineDecay(0.002, 18)),
        pytest.param(lambda: keras.optimizers.Lion(0.001), marks=pytest.mark.slow),
    ],
    ids=["sgd", "adamw", "ema", "accumulation", "schedule", "lion"],
)
def test_any_optimizer(digits, optimizer):
    settings = lambda: {"optimizer": optimizer()}  # noqa: E731
    assert_engines_agree("dense", digits.train.take(288), settings=settings, rtol=2e-3, atol=1e-3)


class SquaredError(keras.losses.Loss):
    def call(self, y_true, y_pred):
        wanted = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32"), 10)
        return keras.ops.sum(keras.ops.square(wanted - y_pred), axis=-1)


def mean_confidence(y_true, y_pred):
    return keras.ops.max(y_pred, axis=-1)


def test_any_loss_and_metric(digits):
    def settings():
        return {
            "loss": SquaredError(),
            "metrics": [
                "accuracy",
                mean_confidence,
                keras.metrics.SparseTopKCategoricalAccuracy(3),
            ],
            "weighted_metrics": [keras.metrics.SparseCategoricalCrossentropy(name="nll")],
        }

    data = digits.train.take(200)
    weights = np.random.default_rng(0).random(200)
    _, history = assert_engines_agree("dense", data, settings=settings, sample_weight=weights)
    assert {"mean_confidence", "nll"} <= history.keys()


def test_class_weights(digits):
    assert_engines_agree("dense", digits.train.take(200), class_weight={0: 0.1, 5: 3.0})


@pytest.mark.parametrize("engine", [*COMPILED, "keras"])
def test_learning_rate_set_by_callbacks(digits, engine):
    callbacks = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5),
        keras.callbacks.EarlyStopping("loss", patience=0, min_delta=100),
    ]
    trainer, history = trained(engine, "dense", digits.train, epochs=9, callbacks=callbacks)
    assert float(trainer.model.optimizer.learning_rate) == pytest.approx(0.001 * 0.25)
    assert len(history["loss"]) == 2


def test_hooks_are_called_in_keras_order(digits, monkeypatch):
    """One chunk a batch makes the calls comparable one by one."""
    monkeypatch.setattr("mnistkit.training.chunks._CHUNK_BYTES", 1)
    monkeypatch.setattr("mnistkit.training.graph_engine._VALIDATION_BATCH", 1000)

    class Recorder(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls = []

        def __getattribute__(self, name):
            if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end"):
                return lambda *args, **kwargs: self.calls.append((name, *args[:1]))
            return super().__getattribute__(name)

    def calls(engine):
        recorder = Recorder()
        data = digits.train.take(100)
        trained(engine, "dense", data, validation=digits.test, callbacks=[recorder])
        return [(name, *(a for a in args if isinstance(a, int))) for name, *args in recorder.calls]

    assert calls("graph") == calls("keras")


def test_a_callback_can_stop_within_an_epoch(digits, monkeypatch):
    monkeypatch.setattr("mnistkit.training.chunks._CHUNK_BYTES", 1)
    seen = []

    def stop(batch, logs):
        seen.append(batch)
        trainer.model.stop_training = batch == 3

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=stop)
    trainer = Trainer(network("dense"))
    history = trainer.fit(digits.train, epochs=3, callbacks=[callback])
    assert seen == [0, 1, 2, 3]
    assert len(history.history["loss"]) == 1


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


@pytest.mark.xla
def test_engine_is_chosen_by_what_the_model_contains(digits):
    def chosen(model, **options):
        trainer = Trainer(model, **options)
        trainer.fit(digits.train.take(64), epochs=1)
        return trainer.engine

    assert chosen("dense128") == "xla"
    assert chosen("cnn") == "graph"
    assert chosen("dense128", engine="keras") == "keras"
    own = OwnStep([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10, "softmax")])
    assert chosen(own) == "keras"
    eager = network("dense")
    eager.compile(loss="sparse_categorical_crossentropy", run_eagerly=True)
    assert chosen(eager) == "keras"


class HiddenConvolution(layers.Layer):
    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, 1, 2))

    def call(self, inputs):
        return keras.ops.conv(inputs, self.kernel)


def test_a_convolution_inside_a_layer_of_ones_own_is_seen(digits):
    inputs = keras.Input((28, 28, 1))
    outputs = layers.Dense(10, "softmax")(layers.Flatten()(HiddenConvolution()(inputs)))
    trainer = Trainer(keras.Model(inputs, outputs))
    trainer.fit(digits.train.take(32), epochs=1)
    assert trainer.engine == "graph"


@pytest.mark.xla
def test_what_xla_cannot_compile_is_trained_as_a_graph(digits, caplog):
    """Keras' augmentation layers have no convolution, and an operation that XLA does not know."""

    def turning():
        stack = [layers.Reshape((28, 28, 1)), layers.RandomRotation(0.1), layers.Flatten()]
        return keras.Sequential([keras.Input((28, 28)), *stack, layers.Dense(10, "softmax")])

    trainer = Trainer(turning())
    trainer.fit(digits.train.take(100), epochs=1)
    assert trainer.engine == "graph"
    assert "XLA cannot compile the model" in caplog.text
    with pytest.raises(ModelError, match="Use engine='auto' or 'graph'"):
        Trainer(turning(), engine="xla").fit(digits.train.take(100), epochs=1)


def test_unknown_engine():
    with pytest.raises(
        RecipeError, match=r"engine='warp': expected one of auto, xla, graph, keras"
    ):
        Trainer("dense128", engine="warp")


@pytest.mark.parametrize("engine", [*COMPILED, "keras"])
def test_divergence_stops_at_once(digits, engine):
    epochs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    with pytest.raises(DivergenceError, match=r"Training has diverged: the loss is (nan|inf)"):
        trained(
            engine,
            "regularized",
            digits.train,
            settings={"optimizer": keras.optimizers.SGD(1e30)},
            epochs=50,
            callbacks=[callback],
        )
    assert len(epochs) <= 1


@pytest.mark.parametrize("engine", [*COMPILED, "keras"])
def test_memory_mapped_images(digits, tmp_path, engine):
    np.save(tmp_path / "images.npy", digits.train.images)
    on_disk = np.load(tmp_path / "images.npy", mmap_mode="r")
    mapped = Split(on_disk, digits.train.labels)
    assert np.shares_memory(mapped.images, on_disk)
    validation = Split(on_disk[:100], digits.train.labels[:100])
    assert_same(
        trained(engine, "dense", mapped, validation=validation),
        trained(engine, "dense", digits.train, validation=digits.train.take(100)),
    )


def stream(split, batch_size=32, *, floats=False):
    images = split.arrays()[0] if floats else split.images
    return tf.data.Dataset.from_tensor_slices((images, split.labels)).batch(batch_size)


def test_tensorflow_data_set(digits):
    data, validation = digits.train.take(200), digits.test.take(50)
    whole = trained("auto", "dense", stream(data), validation=stream(validation), batch_size=None)
    assert whole[0].engine == "keras"
    floats = trained(
        "auto", "dense", stream(data, floats=True), validation=validation, batch_size=None
    )
    assert_same(whole, floats)


def test_tensorflow_data_set_with_the_recipes_schedule(digits):
    Trainer("dense128").fit(stream(digits.train), epochs=1)
    endless = stream(digits.train).filter(lambda images, labels: True)
    with pytest.raises(RecipeError, match="does not say how many batches it has"):
        Trainer("dense128").fit(endless, epochs=1)


def test_split_with_a_validation_stream(digits):
    data, validation = digits.train.take(200), digits.test.take(50)
    mixed = trained("auto", "dense", data, validation=stream(validation))
    assert mixed[0].engine == "keras"
    assert_same(mixed, trained("keras", "dense", data, validation=validation))


def test_streams_are_checked(digits):
    floats = digits.train.images.astype(np.float32)  # not divided by 255
    pairs = tf.data.Dataset.from_tensor_slices((floats, digits.train.labels)).batch(32)
    with pytest.raises(ImageError, match="outside 0 to 1"):
        trained("auto", "dense", pairs)
    pairs = tf.data.Dataset.from_tensor_slices((digits.train.images, digits.train.labels + 5))
    with pytest.raises(LabelError, match="labels from 5 to 14, the model 10 outputs"):
        trained("auto", "dense", pairs.batch(32))


def test_what_a_tensorflow_data_set_cannot_do(digits):
    with pytest.raises(SplitError, match=r"No fraction of a tf.data.Dataset can be set aside"):
        Trainer("dense128").fit(stream(digits.train), validation=0.1)
    with pytest.raises(LabelError, match=r"beside a tf.data.Dataset"):
        Trainer("dense128").fit(stream(digits.train), class_weight={0: 1.0})


@pytest.mark.slow
def test_two_devices_give_the_result_of_one():
    """In a process of its own: logical devices can only be made before TensorFlow starts."""
    script = """
        import numpy as np, tensorflow as tf
        import mnistkit
        cpu = tf.config.list_physical_devices("CPU")[0]
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
        data = mnistkit.load_dataset("digits").train.take(300)
        results = []
        for strategy in (None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
            trainer = mnistkit.Trainer("dense128", strategy=strategy, seed=1)
            history = trainer.fit(data, epochs=2, validation=data, verbose=0)
            results.append((history.history, trainer.model.get_weights()))
        assert trainer.predict(data.take(7)).shape == (7, 10)
        alone = mnistkit.create_model("dense128")
        alone.set_weights(trainer.model.get_weights())
        expected = mnistkit.Trainer(alone).evaluate(data)
        found = trainer.evaluate(data).probabilities
        np.testing.assert_allclose(found, expected.probabilities, atol=1e-6)
        (one, weights_one), (two, weights_two) = results
        assert trainer.model.distribute_strategy.num_replicas_in_sync == 2
        for name in one:
            np.testing.assert_allclose(one[name], two[name], rtol=1e-3, atol=1e-3)
        for a, b in zip(weights_one, weights_two):
            np.testing.assert_allclose(a, b, atol=1e-3)
        print("same")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == "same", run.stderr[-3000:]

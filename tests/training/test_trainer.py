"""The trainer through its public methods, on small real data and small real models."""

from __future__ import annotations

import importlib.util
import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

import mnistkit
from mnistkit import Recipe, Split, Trainer
from mnistkit.errors import (
    ImageError,
    LabelError,
    MissingPackageError,
    ModelError,
    RecipeError,
    SplitError,
)


@pytest.fixture(scope="module")
def digits():
    return mnistkit.load_dataset("digits")


def small_model(*extra, num_classes=10):
    """28x28 to few numbers, so that a test takes no time."""
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Reshape((28, 28, 1)),
            keras.layers.AveragePooling2D(4),
            keras.layers.Flatten(),
            *extra,
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )


def weights_after(seed, digits, epochs=2):
    trainer = Trainer("dense128", seed=seed)
    trainer.fit(digits.train.take(200), epochs=epochs, batch_size=64)
    return trainer.model.get_weights()


def test_it_learns(digits):
    trainer = Trainer("dense128", recipe=Recipe(epochs=10, learning_rate=0.002))
    history = trainer.fit(digits.train, validation=0.1)
    assert set(history.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert len(history.history["loss"]) == 10
    assert history.history["loss"][-1] < history.history["loss"][0] / 3
    assert trainer.evaluate(digits.test).accuracy > 0.88
    assert trainer.history["loss"] == pytest.approx(history.history["loss"])


def test_same_seed_same_weights_other_seed_others(digits):
    first, again, other = (weights_after(seed, digits) for seed in (1, 1, 2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


def test_every_epoch_has_its_own_order(digits):
    """With a learning rate of 0 only the order of the images can change the loss of a batch."""

    class FirstLoss(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.losses = []

        def on_train_batch_end(self, batch, logs=None):
            if batch == 0:
                self.losses.append(float(logs["loss"]))

    def first_losses(seed):
        trainer = Trainer(small_model(), seed=seed, engine="keras")
        trainer.compile(keras.optimizers.SGD(0.0))
        for variable in trainer.model.trainable_variables:
            variable.assign(np.random.default_rng(0).normal(size=variable.shape))
        recorder = FirstLoss()
        trainer.fit(digits.train.take(300), epochs=4, batch_size=10, callbacks=[recorder])
        return recorder.losses

    losses = first_losses(0)
    assert len(set(losses)) == 4
    assert first_losses(0) == losses
    assert first_losses(1) != losses


def test_recipe_by_name_and_as_object():
    assert Trainer("dense128").recipe.schedule == "cosine"
    assert Trainer("dense128", recipe="constant").recipe.schedule == "constant"
    assert Trainer("dense128", recipe=Recipe(epochs=9)).recipe.epochs == 9
    with pytest.raises(RecipeError, match="no recipe named 'best'; it has 'fast', 'constant'"):
        Trainer("dense128", recipe="best")


def test_recipe_decides_optimizer_and_schedule(digits):
    recipe = Recipe(
        optimizer="sgd",
        optimizer_options={"momentum": 0.9},
        learning_rate=0.1,
        final_learning_rate=0.01,
        schedule="cosine",
        warmup=0.25,
        epochs=2,
        batch_size=100,
    )
    trainer = Trainer("dense128", recipe=recipe)
    trainer.fit(digits.train.take(400))
    optimizer = trainer.model.optimizer
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert optimizer.momentum == 0.9
    rates = [float(optimizer._learning_rate(step)) for step in range(9)]
    np.testing.assert_allclose(rates[:3], [0, 0.05, 0.1], rtol=1e-5)
    assert rates[-1] == pytest.approx(0.01, rel=1e-4)
    assert all(one > two for one, two in itertools.pairwise(rates[2:]))


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (Recipe(optimizer="addam"), r"optimizer: Keras has none named 'addam'; .*mean 'adam'\?"),
        (Recipe(optimizer_options={"beta": 1}), "Adam does not take 'beta'"),
    ],
)
def test_recipe_that_keras_does_not_know(recipe, message):
    with pytest.raises(RecipeError, match=message):
        Trainer("dense128", recipe=recipe)


def test_compile_overrides_the_recipe(digits):
    trainer = Trainer("dense128")
    trainer.compile("sgd", metrics=["accuracy", "sparse_top_k_categorical_accuracy"])
    history = trainer.fit(digits.train.take(100), epochs=1)
    assert "sparse_top_k_categorical_accuracy" in history.history
    assert isinstance(trainer.model.optimizer, keras.optimizers.SGD)


def test_a_compiled_model_keeps_its_optimizer(digits):
    model = small_model()
    optimizer = keras.optimizers.RMSprop()
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    Trainer(model).fit(digits.train.take(100), epochs=1)
    assert model.optimizer is optimizer


def test_a_second_trainer_does_not_go_on_with_a_schedule_that_has_ended(digits):
    model = mnistkit.create_model("dense128")
    Trainer(model).fit(digits.train, epochs=1)
    before = model.get_weights()
    history = Trainer(model).fit(digits.train, epochs=2)
    assert history.history["loss"][1] < history.history["loss"][0]
    assert np.abs(model.get_weights()[0] - before[0]).max() > 1e-3


def test_what_was_trained_with_is_saved(digits, tmp_path):
    trainer = Trainer("dense128")
    trainer.fit(digits.train.take(100), epochs=2, batch_size=50)
    trainer.save(tmp_path)
    assert (Trainer.load(tmp_path).recipe.epochs, trainer.recipe.epochs) == (2, 6)


def test_stock_callbacks_work(digits, tmp_path):
    trainer = Trainer("dense128", recipe="constant")
    batches = []
    history = trainer.fit(
        digits.train.take(200),
        validation=digits.test,
        epochs=20,
        callbacks=[
            keras.callbacks.EarlyStopping(patience=1, min_delta=10),
            keras.callbacks.ModelCheckpoint(tmp_path / "best.keras"),
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.ReduceLROnPlateau(patience=1),
            keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda n, logs: batches.append(n)),
        ],
    )
    assert len(history.history["loss"]) == 2
    assert (tmp_path / "best.keras").exists()
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 3
    assert "learning_rate" in history.history
    assert batches


def test_tensorboard_is_an_extra(digits, tmp_path):
    if importlib.util.find_spec("tensorboard"):
        pytest.skip("TensorBoard is installed here")
    callback = keras.callbacks.TensorBoard(tmp_path)
    with pytest.raises(MissingPackageError, match=r"pip install 'mnistkit\[tensorboard\]'"):
        Trainer("dense128").fit(digits.train, callbacks=[callback])


def test_the_trainers_own_callbacks_are_used_in_every_fit(digits):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    trainer = Trainer("dense128", callbacks=[callback])
    for _ in range(2):
        trainer.fit(digits.train.take(64), epochs=2)
    assert seen == [0, 1, 2, 3]


def test_weights_of_classes_and_images(digits):
    """A class that does not count is not learnt."""
    train = digits.train
    by_class = Trainer("dense128")
    by_class.fit(train, epochs=5, class_weight={3: 0.0})
    assert (by_class.predict(digits.test).argmax(axis=1) != 3).all()
    by_image = Trainer("dense128")
    by_image.fit(train, epochs=5, sample_weight=np.where(train.labels == 3, 0.0, 1.0))
    np.testing.assert_allclose(by_image.predict(digits.test), by_class.predict(digits.test))


@pytest.mark.parametrize("weights", [[1.0], np.ones((1437, 1))])
def test_wrong_number_of_weights(digits, weights):
    with pytest.raises(LabelError, match=r"expected \(1437,\), one weight an image"):
        Trainer("dense128").fit(digits.train, sample_weight=weights)


def test_weights_and_a_validation_fraction(digits):
    with pytest.raises(SplitError, match="cannot be divided together"):
        Trainer("dense128").fit(digits.train, validation=0.1, sample_weight=np.ones(1437))


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, np.float64])
def test_all_kinds_of_pixels_mean_the_same(digits, dtype):
    images, labels = digits.test.images[:32], digits.test.labels[:32]
    trainer = Trainer("dense128")
    expected = trainer.predict(digits.test[:32])
    given = (images / 255).astype(dtype) if dtype in (np.float32, np.float64) else images
    np.testing.assert_allclose(trainer.predict(given.astype(dtype)), expected, atol=1e-6)
    result = trainer.evaluate((given.astype(dtype), labels))
    np.testing.assert_array_equal(result.predictions, expected.argmax(axis=1))
    trainer.fit((given.astype(dtype), labels), epochs=1)


def test_predictions_are_probabilities(digits):
    probabilities = Trainer("dense128").predict(digits.test)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (360, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_channel_axis_is_added_or_removed(digits):
    grey = Trainer(mnistkit.create_model("cnn", input_shape=(28, 28, 1)))
    flat = Trainer(mnistkit.create_model("cnn"))
    expected = flat.predict(digits.test)
    np.testing.assert_allclose(grey.predict(digits.test), expected, rtol=1e-5)
    np.testing.assert_allclose(flat.predict(digits.test.images[..., None]), expected, rtol=1e-5)


def test_a_single_picture(digits):
    with pytest.raises(
        ImageError, match=r"For a single picture add the first axis: images\[None\]"
    ):
        Trainer("dense128").predict(digits.test.images[0])


def test_images_of_another_size(digits):
    message = r"shape \(360, 14, 14\), but the model 'dense128' takes \('n', 28, 28\)"
    with pytest.raises(ImageError, match=message):
        Trainer("dense128").predict(digits.test.images[:, ::2, ::2])


def test_too_few_outputs(digits):
    trainer = Trainer(mnistkit.create_model("dense128", num_classes=3))
    for method in (trainer.fit, trainer.evaluate):
        with pytest.raises(LabelError, match="10 classes, the model 'dense128' has 3 outputs"):
            method(digits.train)


def test_more_outputs_than_classes(digits):
    images, labels = digits.test.images, digits.test.labels
    two = labels < 2
    trainer = Trainer("dense128", num_classes=10)
    result = trainer.evaluate(Split(images[two], labels[two], classes=["no", "yes"]))
    assert result.classes == ("no", "yes", "2", "3", "4", "5", "6", "7", "8", "9")


def vectors(size=784):
    return keras.Sequential([keras.Input((size,)), keras.layers.Dense(10, "softmax")])


def two_outputs():
    inputs = keras.Input((28, 28))
    flat = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, [keras.layers.Dense(10)(flat), keras.layers.Dense(3)(flat)])


def test_models_that_take_something_else(digits):
    with pytest.raises(ImageError, match=r"Begin the model with keras.Input\(\(28, 28\)\) and"):
        Trainer(vectors(100)).fit(digits.train)
    with pytest.raises(ModelError, match="expected one batch of images, and one probability"):
        Trainer(two_outputs()).fit(digits.train)


def test_any_size_of_image(digits):
    stack = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential([keras.Input((None, None, 1)), *stack])
    assert Trainer(model).predict(digits.test).shape == (360, 10)


def test_half_precision(digits):
    with Policy("mixed_bfloat16"):
        trainer = Trainer("dense128")
    trainer.fit(digits.train, epochs=3)
    assert trainer.evaluate(digits.test).accuracy > 0.5
    with Policy("mixed_float16"):
        slow = Trainer("dense128")
    with pytest.raises(ModelError, match="compute in float16, which is several times slower"):
        slow.fit(digits.train)


class Policy:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.name)

    def __exit__(self, *error):
        keras.config.set_dtype_policy(self.before)


@pytest.mark.parametrize("weights", [{77: 2.0}, {"3": 1.0}, {-1: 1.0}])
def test_weights_of_classes_that_are_none(digits, weights):
    with pytest.raises(
        LabelError, match="which are no class numbers; expected whole numbers from 0"
    ):
        Trainer("dense128").fit(digits.train, class_weight=weights)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_weights_that_make_no_sense(digits, value):
    with pytest.raises(LabelError, match="must be 0 or more, and finite"):
        Trainer("dense128").fit(digits.train, sample_weight=np.full(1437, value))


@pytest.mark.parametrize("seed", [-1, None, 1.5, "0"])
def test_seed_that_makes_no_sense(seed):
    with pytest.raises(RecipeError, match="expected a whole number of at least 0"):
        Trainer("dense128", seed=seed)


def test_metrics_that_are_no_single_number(digits, tmp_path):
    """Keras' F1Score gives one number a class."""

    class PerClass(keras.metrics.Metric):
        def __init__(self):
            super().__init__(name="per_class")
            self.total = self.add_weight(shape=(10,), initializer="zeros", name="total")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(keras.ops.sum(y_pred, axis=0))

        def result(self):
            return keras.ops.convert_to_tensor(self.total)

    trainer = Trainer("dense128", run_dir=tmp_path / "run")
    trainer.compile(metrics=["accuracy", PerClass()])
    trainer.fit(digits.train.take(64), epochs=2)
    assert np.shape(trainer.history["per_class"]) == (2, 10)
    assert Trainer.load(tmp_path / "run").history == trainer.history


@pytest.mark.parametrize("model", [3, None, keras.layers.Dense(3)])
def test_what_is_no_model(model):
    with pytest.raises(ModelError, match=r"Expected the name of a model or a keras\.Model"):
        Trainer(model)


def test_a_model_that_is_not_built(tmp_path):
    with pytest.raises(ModelError, match="is not built"):
        Trainer(keras.Sequential([keras.layers.Dense(3)])).save(tmp_path)


@pytest.mark.parametrize("data", [np.zeros((2, 28, 28)), "mnist", None])
def test_what_is_no_data(data):
    with pytest.raises(TypeError, match=r"Expected a mnistkit.Split or a pair \(images, labels\)"):
        Trainer("dense128").fit(data)


def test_nothing_is_printed_in_a_pipe(digits, capfd):
    Trainer("dense128").fit(digits.train.take(64), epochs=1)
    out, _ = capfd.readouterr()
    assert not out


def test_weight_decay_leaves_biases_alone(digits):
    recipe = Recipe(epochs=1, batch_size=500, learning_rate=0.5, optimizer="sgd")
    kernels, biases = [], []
    for weight_decay in (0.0, 0.1):
        trainer = Trainer("dense128", recipe=recipe.replace(weight_decay=weight_decay))
        before = trainer.model.get_weights()
        trainer.fit(digits.train[:500], verbose=0)
        kernels.append(trainer.model.get_weights()[0])
        biases.append(trainer.model.get_weights()[1])
    np.testing.assert_allclose(biases[0], biases[1], atol=1e-6)
    np.testing.assert_allclose(kernels[0] - kernels[1], 0.05 * before[0], atol=1e-5)


def test_smoothed_labels_are_less_certain(digits):
    certainty = []
    for label_smoothing in (0.0, 0.3):
        recipe = Recipe(epochs=20, learning_rate=0.005, label_smoothing=label_smoothing)
        trainer = Trainer("dense128", recipe=recipe)
        history = trainer.fit(digits.train, verbose=0)
        assert history.history["accuracy"][-1] > 0.97
        certainty.append(np.median(trainer.predict(digits.train).max(axis=1)))
    assert certainty[0] > 0.95
    assert certainty[1] == pytest.approx(0.7 + 0.3 / 10, abs=0.06)


def test_smoothed_loss_is_that_of_the_formula():
    from mnistkit.training.losses import SmoothedCrossentropy

    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], np.float32)
    expected = np.array([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]])
    loss = SmoothedCrossentropy(0.3)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    for one in (loss, again):
        found = float(one(np.array([0, 2]), probabilities))
        assert found == pytest.approx(-(expected * np.log(probabilities)).sum(axis=1).mean())


@pytest.mark.parametrize("engine", [pytest.param("xla", marks=pytest.mark.slow), "graph"])
def test_averaged_weights_are_measured_and_kept(digits, engine):
    recipe = Recipe(epochs=3, learning_rate=0.01, weight_averaging=0.98)
    validation = digits.test
    weights = []
    for one in (engine, "keras"):
        trainer = Trainer("dense128", recipe=recipe, engine=one)
        history = trainer.fit(digits.train, validation=validation, verbose=0).history
        result = trainer.evaluate(validation)
        assert history["val_loss"][-1] == pytest.approx(result.loss, rel=1e-4)
        weights.append(trainer.model.get_weights()[0])
    np.testing.assert_allclose(weights[0], weights[1], atol=1e-3)
    unmeasured = Trainer("dense128", recipe=recipe, engine=engine)
    unmeasured.fit(digits.train, verbose=0)
    np.testing.assert_array_equal(unmeasured.model.get_weights()[0], weights[0])
    plain = Trainer("dense128", recipe=recipe.replace(weight_averaging=0.0), engine="graph")
    plain.fit(digits.train, verbose=0)
    assert not np.allclose(plain.model.get_weights()[0], weights[0], atol=1e-3)


def test_floats_are_measured_as_they_are_predicted():
    rng = np.random.default_rng(0)
    images, labels = rng.random((50, 28, 28), dtype=np.float32), np.arange(50) % 10
    trainer = Trainer(small_model(), seed=0)
    trainer.model.set_weights([10 * weight for weight in trainer.model.get_weights()])
    measured = trainer.evaluate((images, labels)).probabilities
    np.testing.assert_array_equal(measured, trainer.predict(images))
    rounded = trainer.evaluate(Split(images, labels)).probabilities
    assert not np.array_equal(measured, rounded)


def test_few_images_are_seen_more_often(digits, tmp_path):
    recipe = Recipe(epochs=2, batch_size=32, min_steps=10)
    few, many = digits.train.take(64), digits.train.take(320)

    def epochs(data, **options):
        return len(Trainer(small_model(), recipe=recipe).fit(data, **options).history["loss"])

    assert epochs(few) == 5
    assert epochs(many) == 2
    assert epochs(few, batch_size=16) == 3
    assert epochs(few, epochs=1) == 1
    assert epochs(few, initial_epoch=1) == 1
    stream = tf.data.Dataset.from_tensor_slices((few.images, few.labels)).batch(32)
    assert epochs(stream) == 5
    trainer = Trainer(small_model(), recipe=recipe, run_dir=tmp_path)
    trainer.fit(few)
    assert int(trainer.model.optimizer.iterations) == 10
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["recipe"]["epochs"] == run["epochs_done"] == 5


@pytest.mark.slow
@pytest.mark.parametrize("count", [100, 1000, 5000])
def test_the_convolutional_network_is_better_on_few_images_too(mnist, count):
    def accuracy(model, **options):
        trainer = Trainer(model)
        trainer.fit(mnist.train[:count], **options)
        return trainer.evaluate(mnist.train[55_000:]).accuracy

    few_epochs = {"epochs": 1} if count == 5000 else {}
    assert accuracy("cnn", **few_epochs) > accuracy("dense128", **few_epochs)

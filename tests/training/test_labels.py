"""Labels as class numbers, one-hot and soft: what each trains, and what evaluate measures."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Recipe, Trainer
from mnistkit.errors import LabelError, ModelError, RecipeError

ENGINES = [pytest.param("xla", marks=pytest.mark.slow), "graph", "keras"]
SPARSE = "sparse_categorical_crossentropy"
RANDOM = np.random.default_rng(0)
LABELS = np.arange(40) % 10
ONE_HOT = np.eye(10)[LABELS]
IMAGES = RANDOM.integers(0, 256, (40, 28, 28), dtype=np.uint8)
MIXED = 0.7 * ONE_HOT + 0.3 * np.roll(ONE_HOT, 1, axis=0)


def network(num_outputs=10):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(num_outputs, "softmax")]
    return keras.Sequential([keras.Input((28, 28)), *layers])


def trained(labels, engine="graph", loss=None, recipe=None, **options):
    model = network()
    if loss is not None:
        model.compile(keras.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    trainer = Trainer(model, recipe=recipe or Recipe(epochs=2, batch_size=16), engine=engine)
    trainer.fit((IMAGES, labels), epochs=2, batch_size=16, verbose=0, **options)
    return trainer


def assert_same(one, other, **tolerance):
    for found, expected in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, **{"atol": 1e-5, **tolerance})
    assert one.history.keys() == other.history.keys()
    for name, values in one.history.items():
        np.testing.assert_allclose(values, other.history[name], atol=1e-5)


@functools.cache
def by_numbers(engine="graph", loss=None):
    return trained(LABELS, engine, loss)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_hot_labels_train_as_class_numbers_do(engine):
    assert_same(trained(ONE_HOT, engine), by_numbers(engine), atol=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_hot_labels_with_the_loss_for_them(engine):
    expected = by_numbers(engine, SPARSE)
    assert_same(trained(ONE_HOT, engine, "categorical_crossentropy"), expected)
    assert_same(trained(ONE_HOT, engine, SPARSE), expected, atol=0)


@pytest.mark.parametrize(
    "loss", [keras.losses.CategoricalCrossentropy(), keras.losses.categorical_crossentropy]
)
def test_forms_of_the_loss_for_one_hot_labels(loss):
    assert_same(trained(ONE_HOT, loss=loss), by_numbers(loss=SPARSE))


@pytest.mark.parametrize("loss", ["mse", "kl_divergence"])
def test_other_losses_for_one_hot_labels(loss):
    model = network()
    model.compile(keras.optimizers.SGD(0.1), loss)
    model.fit(IMAGES / 255, ONE_HOT, batch_size=40, epochs=2, verbose=0)
    ours = network()
    ours.compile(keras.optimizers.SGD(0.1), loss)
    Trainer(ours).fit((IMAGES, ONE_HOT), batch_size=40, epochs=2, verbose=0)
    np.testing.assert_allclose(ours.get_weights()[0], model.get_weights()[0], atol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_soft_labels_train_as_in_keras(engine):
    """One step over all images, so that the order does not matter."""
    model = network()
    model.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    expected = model.fit(IMAGES / 255, MIXED, batch_size=40, epochs=3, verbose=0).history
    recipe = Recipe(
        epochs=3, batch_size=40, optimizer="sgd", learning_rate=0.1, schedule="constant"
    )
    trainer = Trainer(network(), recipe=recipe, engine=engine)
    found = trainer.fit((IMAGES, MIXED), verbose=0).history
    assert found.keys() == expected.keys()
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)
    np.testing.assert_allclose(trainer.model.get_weights()[0], model.get_weights()[0], atol=1e-5)


def test_label_smoothing_is_what_soft_labels_say():
    recipe = Recipe(batch_size=16, metrics=())
    smoothing = recipe.replace(label_smoothing=0.1)
    expected = trained(LABELS, recipe=smoothing)
    assert_same(trained(0.9 * ONE_HOT + 0.01, recipe=recipe), expected)
    twice = trained(0.9 * ONE_HOT + 0.01, recipe=smoothing)
    assert not np.allclose(twice.model.get_weights()[0], expected.model.get_weights()[0])


def test_validation_labels_take_the_form_of_the_others():
    split = mnistkit.Split(IMAGES, LABELS)
    expected = trained(LABELS, validation=split)
    assert_same(trained(LABELS, validation=(IMAGES, ONE_HOT)), expected, atol=0)
    assert_same(trained(ONE_HOT, validation=split), expected, atol=0)
    trained(ONE_HOT, loss="categorical_crossentropy", validation=split)
    assert "val_loss" in trained(MIXED, validation=split).history
    assert "val_loss" in trained(LABELS, validation=(IMAGES, MIXED)).history


def test_a_fraction_of_one_hot_labels_is_set_aside_by_class():
    assert_same(trained(ONE_HOT, validation=0.25), trained(LABELS, validation=0.25), atol=0)
    assert "val_loss" in trained(MIXED, validation=0.25).history


@pytest.mark.parametrize("weights", [{3: 2.0}, "balanced"])
def test_weights_of_classes_with_one_hot_labels(weights):
    expected = trained(LABELS, loss=SPARSE, class_weight=weights)
    one_hot = trained(ONE_HOT, loss="categorical_crossentropy", class_weight=weights)
    assert_same(one_hot, expected)


def test_weights_of_classes_with_soft_labels_are_the_mean():
    by_class = np.arange(10.0)
    expected = trained(MIXED, sample_weight=MIXED @ by_class)
    assert_same(trained(MIXED, class_weight=by_class), expected)


def test_evaluate_measures_the_class_that_one_hot_labels_name():
    expected = by_numbers().evaluate((IMAGES, LABELS)).to_dict()
    for kind in (bool, np.uint8, np.int64, np.float32, np.float64):
        assert by_numbers().evaluate((IMAGES, ONE_HOT.astype(kind))).to_dict() == expected


def test_evaluate_refuses_soft_labels():
    with pytest.raises(LabelError, match=r"labels\.argmax\(axis=1\) are the most probable"):
        by_numbers().evaluate((IMAGES, MIXED))


def test_a_run_with_one_hot_labels_is_resumed_and_loaded(tmp_path):
    whole = Trainer("dense128", recipe=Recipe(epochs=2))
    whole.fit((IMAGES, MIXED), verbose=0)
    run = Trainer("dense128", recipe=Recipe(epochs=2), run_dir=tmp_path / "run")
    run.fit((IMAGES, MIXED), verbose=0)
    loaded = Trainer.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.predict(IMAGES), whole.predict(IMAGES))
    loaded.fit((IMAGES, LABELS), epochs=1, verbose=0)


def changed(row, column, value):
    labels = ONE_HOT.copy()
    labels[row, column] = value
    return labels


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.eye(11)[LABELS], r"rows for 11 classes, the model .* has 10 outputs\. Build it with"),
        (np.eye(9)[LABELS % 9], "rows for 9 classes, the model"),
        (ONE_HOT[:39], r"40 images, but the labels have the shape \(39, 10\); expected \(40,\)"),
        (changed(7, 7, 0), "row 7 adds up to 0, and"),
        (changed(7, 0, 1), "row 7 adds up to 2, and"),
        (changed(7, 0, np.nan), "row 7 adds up to nan"),
        (changed(7, [0, 1], [-0.5, 0.5]), r"its smallest value is -0\.5"),
        (ONE_HOT.astype(str), "cannot be of type"),
        (10 * RANDOM.random((40, 10)), "add up to 1; row 0"),
    ],
)
def test_rows_that_are_no_labels(labels, message):
    trainer = Trainer(network())
    for call in (trainer.fit, trainer.evaluate):
        with pytest.raises(LabelError, match=message):
            call((IMAGES, labels))


def test_soft_labels_with_a_loss_for_class_numbers():
    with pytest.raises(ModelError, match=r"one-hot or soft .*loss='categorical_crossentropy'"):
        trained(MIXED, loss=SPARSE)


def test_class_numbers_with_a_loss_for_one_hot_labels():
    with pytest.raises(ModelError, match=r"give one-hot labels: keras.utils.to_categorical"):
        trained(LABELS, loss="categorical_crossentropy")


def test_recipes_with_a_loss_or_metrics_for_one_hot_labels():
    recipe = Recipe(loss="categorical_crossentropy", metrics=("categorical_accuracy",))
    expected = trained(LABELS, recipe=Recipe(metrics=("sparse_categorical_accuracy",)))
    found = trained(ONE_HOT, recipe=recipe)
    assert found.history["categorical_accuracy"] == pytest.approx(
        expected.history["sparse_categorical_accuracy"]
    )
    with pytest.raises(RecipeError, match="'sparse_categorical_accuracy' does not take one-hot"):
        trained(MIXED, recipe=Recipe(metrics=("sparse_categorical_accuracy",)))


@pytest.mark.parametrize(
    ("labels", "metric"),
    [
        (LABELS, "categorical_accuracy"),
        (LABELS, keras.metrics.CategoricalAccuracy()),
        (LABELS, keras.metrics.AUC()),
        (ONE_HOT, "sparse_categorical_accuracy"),
        (ONE_HOT, keras.metrics.SparseTopKCategoricalAccuracy(3)),
        (ONE_HOT, keras.metrics.sparse_categorical_accuracy),
    ],
)
def test_compiled_metrics_for_other_labels(labels, metric):
    model = network()
    loss = SPARSE if labels is LABELS else "categorical_crossentropy"
    model.compile("sgd", loss, metrics=["accuracy", metric])
    with pytest.raises(ModelError, match=r"was compiled with the metric .*Use 'accuracy', or one"):
        Trainer(model).fit((IMAGES, labels), epochs=1, verbose=0)


def test_compiled_metrics_for_these_labels():
    sparse = ["acc", keras.metrics.SparseTopKCategoricalAccuracy(3), "sparse_categorical_accuracy"]
    for labels, loss, metrics in (
        (LABELS, SPARSE, sparse),
        (MIXED, "categorical_crossentropy", [keras.metrics.CategoricalAccuracy(), "mse", "auc"]),
    ):
        model = network()
        model.compile("sgd", loss, metrics=metrics)
        history = Trainer(model).fit((IMAGES, labels), epochs=1, verbose=0).history
        assert len(history) == 4


class OwnStep(keras.Model):
    """Its step notes the shape of the labels."""

    def train_step(self, data):
        self.seen = tuple(data[1].shape)
        return super().train_step(data)


def test_a_step_of_ones_own_gets_the_labels_that_its_loss_takes():
    for labels, loss, shape in (
        (ONE_HOT, "categorical_crossentropy", (None, 10)),
        (MIXED, "categorical_crossentropy", (None, 10)),
        (ONE_HOT, "sparse_categorical_crossentropy", (None,)),
        (LABELS, "sparse_categorical_crossentropy", (None,)),
    ):
        inputs = keras.Input((28, 28))
        model = OwnStep(inputs, network()(inputs))
        model.compile("sgd", loss)
        Trainer(model).fit((IMAGES, labels), epochs=1, verbose=0)
        assert model.seen == shape


def test_more_than_256_classes(tmp_path):
    """Images that show their class number, 300 of them."""
    numbers = np.tile(np.arange(300), 2)
    bits = (numbers[:, None] >> np.arange(9)) & 1
    images = np.repeat(bits[:, :, None] * 255, 9, axis=2).astype(np.uint8)
    model = keras.Sequential(
        [
            keras.Input((9, 9)),
            keras.layers.Flatten(),
            keras.layers.Dense(64, "relu"),
            keras.layers.Dense(300, "softmax"),
        ]
    )
    trainer = Trainer(model, recipe=Recipe(epochs=15, batch_size=50, learning_rate=0.01))
    split = mnistkit.Split(images, numbers, classes=[f"sign {n}" for n in range(300)])
    trainer.fit(split, verbose=0)
    result = trainer.evaluate(split)
    assert result.accuracy > 0.9
    assert result.confusion_matrix.shape == (300, 300)
    assert len(result.per_class) == 300
    assert trainer.evaluate((images, np.eye(300)[numbers])).accuracy == result.accuracy
    trainer.save(tmp_path / "run")
    assert Trainer.load(tmp_path / "run").evaluate(split).accuracy == result.accuracy

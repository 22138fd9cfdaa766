"""Loss and metrics must take class numbers, and what the model returns."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest

from mnistkit import Recipe, Trainer
from mnistkit.errors import ModelError, RecipeError
from mnistkit.training.metric_checks import refuse_other_metrics

layers, losses = keras.layers, keras.losses
LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
NUMBERS = "sparse_categorical_crossentropy"


def network(last="softmax", outputs=10):
    return keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(outputs, last)])


def own_crossentropy(labels, probabilities):
    return -keras.ops.log(keras.ops.sum(keras.ops.one_hot(labels, 10) * probabilities, axis=-1))


def fit(model, **options):
    labels = LABELS % 2 if model.output_shape[-1] < 3 else LABELS
    Trainer(model, **options).fit((IMAGES, labels), epochs=1, verbose=0)


def nothing_was_trained(model, error, message):
    before = model.get_weights()
    with pytest.raises(error, match=message) as caught:
        fit(model)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        "mse",
        "binary_crossentropy",
        "kl_divergence",
        losses.CategoricalCrossentropy(label_smoothing=0.1),
        losses.MeanSquaredError(),
        losses.categorical_crossentropy,
        lambda y, p: keras.ops.mean((y - p) ** 2, axis=-1),
    ],
)
def test_a_loss_for_other_labels(loss):
    model = network()
    model.compile("adam", loss)
    nothing_was_trained(model, ModelError, f"does not take class numbers.*loss='{NUMBERS}'")


def test_ten_images_a_batch_do_not_make_squares_fit():
    """Ten labels and ten outputs would be subtracted from one another without a word."""
    trainer = Trainer(network())
    trainer.compile(loss="mse")
    with pytest.raises(ModelError, match="does not take class numbers"):
        trainer.fit((IMAGES, LABELS), batch_size=10, epochs=1, verbose=0)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("sparse_crossentropy", "loss='sparse_crossentropy', which Keras does not know"),
        (None, "was compiled without a loss"),
        (
            losses.SparseCategoricalCrossentropy(from_logits=True),
            "returns probabilities, but its loss .* takes them for logits",
        ),
        ([losses.SparseCategoricalCrossentropy(from_logits=True)], "takes them for logits"),
    ],
)
def test_a_loss_that_is_none(loss, message):
    model = network()
    model.compile("adam", loss)
    nothing_was_trained(model, ModelError, message)


@pytest.mark.parametrize(
    "loss",
    [
        NUMBERS,
        losses.SparseCategoricalCrossentropy(),
        [NUMBERS],
        losses.sparse_categorical_crossentropy,
        lambda y, p: losses.categorical_crossentropy(keras.ops.one_hot(y, 10), p),
    ],
)
def test_losses_for_class_numbers(loss):
    model = network()
    model.compile("adam", loss)
    fit(model)


class OwnStep(keras.Model):
    def train_step(self, data):
        images, labels = data
        return super().train_step((images, keras.ops.one_hot(labels, 10)))


def test_a_step_of_its_own_may_have_any_loss():
    inputs = keras.Input((28, 28))
    model = OwnStep(inputs, layers.Dense(10, "softmax")(layers.Flatten()(inputs)))
    model.compile("adam", "categorical_crossentropy")
    fit(model)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metrics": ("acuracy",)}, r"named 'acuracy'; .*Did you mean 'accuracy'\?"),
        ({"metrics": ("accuracy", "AUK")}, r"Did you mean 'AUC'\?"),
        ({"metrics": ("categorical_accuracy",)}, "'categorical_accuracy' does not take class"),
        ({"metrics": ("CategoricalAccuracy",)}, "Use 'accuracy', or one whose name begins with"),
        ({"metrics": ("mse",)}, "'mse' does not take class numbers"),
        ({"loss": "categorical_crossentropy"}, rf"does not take class numbers .*Use '{NUMBERS}'"),
        ({"loss": "mse"}, "does not take class numbers"),
        ({"loss": "sparse_categorical_crosentropy"}, rf"Did you mean '{NUMBERS}'\?"),
        ({"loss": "nothing like it"}, r"expected a name in keras\.losses"),
    ],
)
def test_a_recipe_for_other_labels(settings, message):
    model = network()
    with pytest.raises(RecipeError, match=message):
        Trainer(model, recipe=Recipe(epochs=1, **settings)).fit((IMAGES, LABELS), verbose=0)
    assert not model.compiled


@pytest.mark.parametrize("settings", [{"metrics": ("acuracy",)}, {"loss": "crossentorpy"}])
def test_a_misspelt_name_is_refused_when_the_trainer_is_made(settings):
    with pytest.raises(RecipeError, match="Keras has none named"):
        Trainer("dense128", recipe=Recipe(**settings))


def test_metrics_for_class_numbers():
    metrics = ("accuracy", "sparse_top_k_categorical_accuracy", NUMBERS, "acc")
    fit(network(), recipe=Recipe(metrics=metrics[:3]))
    fit(network(), recipe=Recipe(metrics=metrics[3:]))


@pytest.mark.parametrize(
    ("last", "outputs", "loss"),
    [
        (None, 10, losses.SparseCategoricalCrossentropy(from_logits=True)),
        (None, 10, lambda y, z: losses.sparse_categorical_crossentropy(y, z, from_logits=True)),
        (None, 10, lambda y, z: keras.ops.mean(keras.ops.logsumexp(z, axis=-1))),
        ("log_softmax", 10, losses.SparseCategoricalCrossentropy(from_logits=True)),
        ("tanh", 10, losses.SparseCategoricalCrossentropy(from_logits=True)),
        ("relu", 10, [losses.SparseCategoricalCrossentropy(from_logits=True)]),
        ("sigmoid", 1, "binary_crossentropy"),
        ("sigmoid", 1, losses.BinaryFocalCrossentropy()),
        (None, 1, losses.BinaryCrossentropy(from_logits=True)),
        ("softmax", 2, NUMBERS),
    ],
)
def test_losses_for_what_the_model_returns(last, outputs, loss):
    model = network(last, outputs)
    model.compile("adam", loss)
    fit(model)


@pytest.mark.parametrize(
    ("last", "outputs", "loss", "message"),
    [
        (None, 10, NUMBERS, r"returns logits.*SparseCategoricalCrossentropy\(from_logits=True\)"),
        (None, 10, losses.SparseCategoricalCrossentropy(), "returns logits"),
        (None, 10, losses.sparse_categorical_crossentropy, "returns logits"),
        (None, 10, own_crossentropy, "returns logits"),
        ("log_softmax", 10, NUMBERS, "returns logits"),
        (None, 1, "binary_crossentropy", r"BinaryCrossentropy\(from_logits=True\)"),
        (None, 1, NUMBERS, "BinaryCrossentropy"),
        ("sigmoid", 1, NUMBERS, "loss='binary_crossentropy'"),
        ("sigmoid", 1, losses.BinaryCrossentropy(from_logits=True), "takes them for logits"),
        (
            "softmax",
            10,
            lambda y, z: losses.sparse_categorical_crossentropy(y, z, from_logits=True),
            "takes them for logits",
        ),
    ],
)
def test_losses_for_other_outputs(last, outputs, loss, message):
    model = network(last, outputs)
    model.compile("adam", loss)
    labels = LABELS % 2 if outputs == 1 else LABELS
    before = model.get_weights()
    with pytest.raises(ModelError, match=message):
        Trainer(model).fit((IMAGES, labels), verbose=0)
    np.testing.assert_array_equal(before[0], model.get_weights()[0])


@pytest.mark.parametrize("last", ["relu", "tanh", "elu"])
def test_a_recipe_does_not_train_squashed_scores(last):
    with pytest.raises(ModelError, match=r"ends in .*neither probabilities nor logits"):
        Trainer(network(last)).fit((IMAGES, LABELS), verbose=0)


@pytest.mark.parametrize("last", [None, "sigmoid"])
def test_metrics_of_a_recipe_are_made_for_what_the_model_returns(last):
    outputs = 10 if last is None else 1
    metrics = ("accuracy", NUMBERS) if outputs == 10 else ("acc", "AUC")
    model = network(last, outputs)
    trainer = Trainer(model, recipe=Recipe(epochs=1, metrics=metrics, schedule="constant"))
    labels = LABELS if outputs == 10 else LABELS % 2
    data = (IMAGES, labels)
    history = trainer.fit(data, validation=data, verbose=0).history
    result = trainer.evaluate(data)
    assert history[f"val_{metrics[0]}"][-1] == pytest.approx(result.accuracy)
    assert history["val_loss"][-1] == pytest.approx(result.loss, rel=1e-4)
    if last is None:
        assert history[f"val_{NUMBERS}"][-1] == pytest.approx(result.loss, rel=1e-4)


@pytest.mark.parametrize(
    ("last", "outputs", "metric", "instead"),
    [
        (None, 10, NUMBERS, r"SparseCategoricalCrossentropy\(from_logits=True\)"),
        (None, 10, keras.metrics.SparseCategoricalCrossentropy(), "from_logits=True"),
        (None, 1, "accuracy", r"BinaryAccuracy\(threshold=0.0\)"),
        (None, 1, keras.metrics.BinaryAccuracy(), r"threshold=0.0"),
        (None, 10, keras.metrics.SparseCategoricalCrossentropy(from_logits=True), None),
        (None, 10, "accuracy", None),
        (None, 1, keras.metrics.BinaryAccuracy(threshold=0.0), None),
        ("softmax", 10, NUMBERS, None),
        ("sigmoid", 1, "accuracy", None),
    ],
)
def test_a_metric_that_takes_logits_for_probabilities(last, outputs, metric, instead, caplog):
    model = network(last, outputs)
    is_binary, is_logits = outputs == 1, last is None
    kind = losses.BinaryCrossentropy if is_binary else losses.SparseCategoricalCrossentropy
    model.compile("sgd", kind(from_logits=is_logits), metrics=[metric])
    refuse_other_metrics(model)
    found = [one for one in caplog.messages if "for probabilities, so" in one]
    assert [bool(re.search(instead, one)) for one in found] == [True] if instead else not found

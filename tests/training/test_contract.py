"""Models from outside are held against what the trainer promises of them, before the first step."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnistkit import Recipe, Trainer
from mnistkit.errors import ModelError, RecipeError

layers = keras.layers
LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
NUMBERS = "sparse_categorical_crossentropy"


def network(*first, last="softmax", outputs=10, dtype=None):
    end = layers.Dense(outputs, last, dtype=dtype)
    return keras.Sequential([keras.Input((28, 28)), *first, layers.Flatten(), end])


def fit(model, **options):
    Trainer(model, **options).fit((IMAGES, LABELS), epochs=1, verbose=0)


def nothing_was_trained(model, error, message):
    before = model.get_weights()
    with pytest.raises(error, match=message) as caught:
        fit(model)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: network(last=None), r"not return probabilities: .* \(logits, it seems\)\. End it"),
        (lambda: network(last="tanh"), "logits, it seems"),
        (lambda: network(last="relu"), "not return probabilities"),
        (lambda: network(last="log_softmax"), "logits, it seems"),
        (lambda: network(last="sigmoid"), r"as from a sigmoid\).*activation=\"softmax\""),
        (lambda: network(last="sigmoid", outputs=1), r"Dense\(2, activation=\"softmax\"\)"),
    ],
)
def test_outputs_that_are_no_probabilities(model, message):
    with pytest.raises(ModelError, match=message):
        Trainer(model())


def test_the_softmax_that_is_advised():
    for logits in (network(last=None), functional_logits()):
        fit(keras.Model(logits.inputs[0], layers.Softmax()(logits.outputs[0])))


def functional_logits():
    inputs = keras.Input((28, 28))
    model = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(inputs)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def test_logits_with_the_loss_that_suits_them():
    with pytest.raises(ModelError, match=r"compile it again, .*without from_logits=True"):
        Trainer(functional_logits())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("outputs", [2, 10, 200])
def test_a_softmax_of_any_precision_is_one(dtype, outputs):
    Trainer(network(outputs=outputs, dtype=dtype))


def test_a_batch_of_a_fixed_size():
    stack = [layers.Flatten(), layers.Dense(10, "softmax")]
    for size in (1, 2, 8):
        Trainer(keras.Sequential([keras.Input(batch_shape=(size, 28, 28)), *stack]))


def several(kind):
    inputs = keras.Input((28, 28))
    flat = layers.Flatten()(inputs)
    ends = [layers.Dense(count, "softmax")(flat) for count in (10, 3)]
    outputs = {"list": ends, "dict": dict(zip("ab", ends, strict=True)), "one": ends[:1]}[kind]
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_several_outputs(kind):
    model = several(kind)
    with pytest.raises(ModelError, match=r"keras\.Model\(model\.inputs\[0\], model\.outputs\[0\]"):
        Trainer(model)
    fit(keras.Model(model.inputs[0], model.outputs[0]))


def test_several_inputs():
    one, other = keras.Input((28, 28)), keras.Input((3,))
    both = layers.Concatenate()([layers.Flatten()(one), other])
    with pytest.raises(ModelError, match="expected one batch of images"):
        Trainer(keras.Model([one, other], layers.Dense(10, "softmax")(both)))


@pytest.mark.parametrize("wrap", [lambda one: [one], lambda one: {"image": one}])
def test_a_list_of_one(wrap):
    inputs = keras.Input((28, 28), name="image")
    outputs = layers.Dense(10, "softmax")(layers.Flatten()(inputs))
    for model in (keras.Model(wrap(inputs), outputs), keras.Model(inputs, wrap(outputs))):
        if isinstance(model.input_shape, tuple) and isinstance(model.output_shape, tuple):
            continue  # Keras has unwrapped it
        with pytest.raises(ModelError, match=r"Take one of each: keras\.Model"):
            Trainer(model)
        fit(keras.Model(model.inputs[0], model.outputs[0]))


def adapted():
    layer = layers.Normalization(axis=None)
    layer.adapt(IMAGES.astype(np.float32))
    return layer


@pytest.mark.parametrize(
    "first",
    [
        lambda: [layers.Rescaling(1 / 255)],
        lambda: [layers.Rescaling(1 / 127.5, offset=-1)],
        lambda: [layers.Reshape((28, 28, 1)), layers.Rescaling(1 / 255)],
        lambda: [layers.Rescaling(1 / 16), layers.Rescaling(1 / 16)],
        lambda: [keras.Sequential([keras.Input((28, 28)), layers.Rescaling(1 / 255)])],
        lambda: [adapted()],
    ],
)
def test_a_layer_that_divides_images_once_more(first):
    model = network(*first())
    with pytest.raises(ModelError, match=r"which takes images in 0-255.*Build the model without"):
        Trainer(model)
    trainer = Trainer(
        keras.Sequential([keras.Input((28, 28)), layers.Rescaling(255.0), model]), seed=0
    )
    trainer.fit((IMAGES, LABELS), epochs=1, verbose=0)


@keras.saving.register_keras_serializable("test_contract")
class Divide(layers.Layer):
    def call(self, images):
        return images / 255.0


@keras.saving.register_keras_serializable("test_contract")
def divided(images):
    return (images - 0.5) / 255


@pytest.mark.parametrize(
    "scale",
    [
        lambda images: images / 255,
        lambda images: images * (1 / 255),
        lambda images: keras.ops.divide(images, 255.0) - 1,
        layers.Lambda(divided),
        Divide(),
        lambda images: layers.GaussianNoise(0.1)(layers.Reshape((28, 28, 1))(images) / 255),
        lambda images: layers.Normalization(axis=None, mean=0.1, variance=0.3)(images / 255),
    ],
)
def test_a_division_that_is_no_layer_of_keras(scale):
    inputs = keras.Input((28, 28))
    flat = layers.Flatten()(scale(inputs))
    model = keras.Model(inputs, layers.Dense(10, "softmax", name="end")(flat))
    with pytest.raises(ModelError, match=r"scales images before its layer 'end': .*0\.00"):
        Trainer(model)
    fit(keras.Sequential([keras.Input((28, 28)), layers.Rescaling(255.0), model]))


def test_what_scales_frozen_features_is_not_mistaken():
    inputs = keras.Input((28, 28))
    frozen = layers.Dense(5, trainable=False)(inputs)
    outputs = layers.Dense(10, "softmax")(layers.Flatten()(frozen / 255))
    Trainer(keras.Model(inputs, outputs))


@pytest.mark.parametrize(
    "first",
    [
        lambda: [layers.Rescaling(2.0, offset=-1)],
        lambda: [layers.Rescaling(255.0)],
        lambda: [layers.Normalization(axis=None, mean=0.13, variance=0.1)],
        lambda: [layers.Flatten(), layers.Dense(3), layers.Rescaling(1 / 255)],
    ],
)
def test_other_layers_that_scale(first):
    Trainer(network(*first()))


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        "mse",
        "binary_crossentropy",
        "kl_divergence",
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        keras.losses.MeanSquaredError(),
        keras.losses.categorical_crossentropy,
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
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "returns probabilities, but its loss .* takes them for logits",
        ),
        ([keras.losses.SparseCategoricalCrossentropy(from_logits=True)], "takes them for logits"),
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
        keras.losses.SparseCategoricalCrossentropy(),
        [NUMBERS],
        keras.losses.sparse_categorical_crossentropy,
        lambda y, p: keras.losses.categorical_crossentropy(keras.ops.one_hot(y, 10), p),
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

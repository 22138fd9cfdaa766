from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ModelError, OptionError, UnknownNameError, WrongTypeError
from mnistkit.models import MODELS, spec_of


def test_dense128_is_exactly_the_walkthroughs_network():
    model = mnistkit.create_model("dense128")
    flatten, hidden, output = model.layers
    assert isinstance(flatten, keras.layers.Flatten)
    assert (hidden.units, hidden.activation) == (128, keras.activations.relu)
    assert (output.units, output.activation) == (10, keras.activations.softmax)
    assert model.input_shape == (None, 28, 28)
    assert not model.compiled


@pytest.mark.parametrize("name", ["dense128", "cnn"])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (32, 32, 3)])
def test_built_in_models_take_any_size_of_image_and_number_of_classes(name, shape):
    model = mnistkit.create_model(name, num_classes=26, input_shape=shape)
    outputs = np.asarray(model(np.zeros((2, *shape), np.float32)))
    assert outputs.shape == (2, 26)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("depth", [4, 5])
def test_padding_lets_cnn_see_the_border(depth):
    """A change of the outermost row reaches more features with it than without."""
    picture = np.zeros((1, 28, 28), np.float32)
    marked = picture.copy()
    marked[0, 0] = 1

    def sums(padding):
        model = mnistkit.create_model("cnn", depth=depth, padding=padding, width=4)
        last = keras.Model(model.inputs[0], model.layers[-3].output)
        change = np.asarray(last(marked)) - np.asarray(last(picture))
        assert sum(isinstance(layer, keras.layers.Conv2D) for layer in model.layers) == depth
        return change.size, np.abs(change).sum()

    features, without = sums(False)
    more_features, with_padding = sums(True)
    assert (features, more_features) == (2 * 2 * 16, 3 * 3 * 16)
    assert with_padding > without


@pytest.mark.parametrize(
    "options", [{"width": "8"}, {"width": 0}, {"dropout": 1}, {"dropout": "a"}]
)
def test_cnn_refuses_what_is_no_width_or_share(options):
    with pytest.raises(OptionError, match=r"expected a (whole number of at least 1|share)"):
        mnistkit.create_model("cnn", **options)


def test_cnn_refuses_another_depth():
    with pytest.raises(ModelError, match=r"depth=3: the model 'cnn' has 4 convolutions, or 5\."):
        mnistkit.create_model("cnn", depth=3)


def test_seed_fixes_the_initial_weights():
    def weights(seed):
        return mnistkit.create_model("cnn", seed=seed).get_weights()

    for one, other in zip(weights(1), weights(1), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(weights(1)[0], weights(2)[0])


@pytest.mark.parametrize("first", ["pass", "import keras", "import tensorflow"])
def test_initial_weights_do_not_depend_on_what_was_imported_before(first):
    script = f"""
{first}
import mnistkit
print([float(abs(w).sum()) for w in mnistkit.create_model("cnn", seed=3).get_weights()])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    here = mnistkit.create_model("cnn", seed=3).get_weights()
    assert done.stdout.strip() == str([float(abs(w).sum()) for w in here])


def test_the_state_of_other_random_generators_is_left_alone():
    def seed_both():
        random.seed(5)
        np.random.seed(5)  # noqa: NPY002  (the state of the old generator is what is tested)

    def draw_both():
        return random.random(), np.random.random()  # noqa: NPY002

    seed_both()
    mnistkit.create_model("cnn")
    after = draw_both()
    seed_both()
    assert after == draw_both()


def test_unknown_option():
    with pytest.raises(OptionError, match=r"'cnn' does not take these options.*dropot"):
        mnistkit.create_model("cnn", dropot=0.1)


def test_a_function_that_is_no_builder():
    with pytest.raises(ModelError, match=r"'os:getcwd' cannot be built: its function must take"):
        mnistkit.create_model("os:getcwd")


def test_unknown_model():
    with pytest.raises(UnknownNameError, match="Did you mean 'dense128'"):
        mnistkit.create_model("dense_128")


def returns_a_layer(*, num_classes=10, input_shape=(28, 28)):
    return keras.layers.Dense(num_classes)


def returns_an_unbuilt_model(*, num_classes=10, input_shape=(28, 28)):
    return keras.Sequential([keras.layers.Dense(num_classes)])


def returns_too_many_outputs(*, num_classes=10, input_shape=(28, 28)):
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten()])


@pytest.mark.parametrize(
    ("builder", "message"),
    [
        (returns_a_layer, "returned Dense; its function must return a keras.Model"),
        (returns_an_unbuilt_model, "is not built"),
        (returns_too_many_outputs, r"outputs of shape \(None, 784\).*expected \(None, 10\)"),
    ],
)
def test_builders_that_break_the_contract(builder, message):
    mnistkit.register_model("broken")(builder)
    try:
        with pytest.raises(ModelError, match=message):
            mnistkit.create_model("broken")
    finally:
        MODELS.unregister("broken")


def test_spec_is_kept_beside_the_model():
    model = mnistkit.create_model("cnn", num_classes=3, dropout=0.1)
    spec = spec_of(model)
    assert (spec.name, spec.options["dropout"]) == ("cnn", 0.1)
    assert spec.provider.startswith("mnistkit ")
    assert spec_of(keras.Sequential([keras.Input((2,))])) is None


def test_module_function_as_a_name():
    model = mnistkit.create_model("mnistkit.models.dense128:dense128")
    assert spec_of(model).name == "mnistkit.models.dense128:dense128"


def test_list_models():
    assert mnistkit.list_models("c*") == ["cnn"]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_numbers_of_numpy(dtype):
    labels = np.arange(10, dtype=dtype)
    model = mnistkit.create_model(
        "cnn",
        num_classes=labels.max() + 1,
        input_shape=[dtype(28), dtype(28)],
        seed=dtype(3),
        dropout=np.float32(0.25),
    )
    assert model.output_shape == (None, 10)
    options = spec_of(model).options
    assert json.loads(json.dumps(options)) == {
        "num_classes": 10,
        "input_shape": [28, 28],
        "dropout": 0.25,
    }
    expected = mnistkit.create_model("cnn", seed=3).get_weights()
    np.testing.assert_array_equal(model.get_weights()[0], expected[0])


@pytest.mark.parametrize("shape", [28, np.int64(28), [28, 28], np.array([28, 28]), iter([28, 28])])
def test_forms_of_an_input_shape(shape):
    assert mnistkit.create_model("dense128", input_shape=shape).input_shape == (None, 28, 28)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": True}, "num_classes=True: expected a whole number of at least 1"),
        ({"num_classes": 10.0}, r"num_classes=10\.0: expected a whole number"),
        ({"num_classes": "10"}, "num_classes='10': expected"),
        ({"num_classes": 0}, "num_classes=0: expected a whole number of at least 1"),
        ({"num_classes": np.uint8(0)}, r"can overflow; write int\(labels\.max\(\)\) \+ 1"),
        ({"input_shape": "28x28"}, r"expected \(height, width\) or \(height, width, channels\)"),
        ({"input_shape": 28.0}, r"input_shape=28\.0: expected \(height, width\)"),
        ({"input_shape": True}, "input_shape=True: expected"),
        ({"input_shape": (28, 28.5)}, r"input_shape=28\.5: expected a whole number"),
        ({"input_shape": (28, 0)}, "input_shape=0: expected a whole number of at least 1"),
        ({"seed": "1"}, "seed='1': expected a whole number"),
        ({"seed": 1.5}, r"seed=1\.5: expected a whole number"),
        ({"seed": False}, "seed=False: expected a whole number"),
    ],
)
def test_options_that_are_no_numbers(options, message):
    with pytest.raises(OptionError, match=message):
        mnistkit.create_model("dense128", **options)


def run_with_keras_settings(tmp_path, settings, script, **environment):
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    return subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KERAS_HOME": str(tmp_path), **environment},
    )


REFUSALS = """
import mnistkit
for call in (lambda: mnistkit.create_model("cnn"), lambda: mnistkit.Trainer("dense128")):
    try:
        call()
    except mnistkit.errors.ModelError as error:
        print(error)
"""


@pytest.mark.parametrize("backend", ["torch", "theano", "jax"])
def test_another_backend_is_refused_in_words(tmp_path, backend):
    done = run_with_keras_settings(tmp_path, {"backend": backend}, REFUSALS)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr[-2000:]
    for line in lines:
        assert f"the backend '{backend}' in '{tmp_path / 'keras.json'}'" in line
        assert "Set the environment variable KERAS_BACKEND=tensorflow" in line
    done = run_with_keras_settings(tmp_path, {}, REFUSALS, KERAS_BACKEND=backend)
    assert "in the environment variable KERAS_BACKEND" in done.stdout


def test_the_environment_variable_that_is_advised(tmp_path):
    script = "import mnistkit; print(mnistkit.create_model('cnn').name)"
    settings = {"backend": "theano", "image_data_format": "channels_first"}
    done = run_with_keras_settings(tmp_path, settings, script, KERAS_BACKEND="tensorflow")
    assert done.stdout.strip() == "cnn", done.stderr[-2000:]


def test_channels_come_last_whatever_keras_is_set_to():
    expected = mnistkit.create_model("cnn").to_json()
    keras.config.set_image_data_format("channels_first")
    try:
        model = mnistkit.create_model("cnn", weights="mnist")
        assert keras.config.image_data_format() == "channels_first"
        plain = mnistkit.create_model("cnn")
        images = np.zeros((2, 28, 28), np.uint8)
        assert mnistkit.Trainer(model).predict(images).shape == (2, 10)
        mnistkit.Trainer(plain).fit((images, [0, 1]), epochs=1, verbose=0)
    finally:
        keras.config.set_image_data_format("channels_last")
    assert plain.to_json().count("channels_first") == expected.count("channels_first") == 0


def test_listing_leaves_out_and_asks_for_weights():
    assert mnistkit.list_models(exclude="c*") == [
        name for name in mnistkit.list_models() if not name.startswith("c")
    ]
    assert mnistkit.list_models("d*", weights=True) == ["dense128"]
    with pytest.raises(WrongTypeError, match=r"not by \['cnn'\]"):
        mnistkit.list_models(["cnn"])
    with pytest.raises(WrongTypeError, match=r"not by \['cnn'\]"):
        mnistkit.list_models(exclude=["cnn"])
    with pytest.raises(WrongTypeError, match="weights='mnist': expected True or False"):
        mnistkit.list_models(weights="mnist")


def test_things_that_are_no_name():
    model = mnistkit.create_model("dense128")
    with pytest.raises(WrongTypeError, match="is built already; expected the name of a model"):
        mnistkit.create_model(model)
    for wrong in (["cnn"], None, 3):
        with pytest.raises(WrongTypeError, match="The name of a model is a str, not"):
            mnistkit.create_model(wrong)
        with pytest.raises(WrongTypeError, match="Weights are listed by the name of a model"):
            mnistkit.list_weights(wrong)
        with pytest.raises(WrongTypeError):
            mnistkit.model_card(wrong, "mnist")


def test_recipes_are_listed_by_name_or_function():
    assert mnistkit.list_recipes("cnn")[0] == "fast"
    assert mnistkit.list_recipes("mnistkit.models.cnn:cnn") == mnistkit.list_recipes("cnn")
    assert mnistkit.list_recipes(MODELS.get("cnn")) == mnistkit.list_recipes("cnn")
    assert mnistkit.list_recipes(lambda: None) == ["default"]
    with pytest.raises(UnknownNameError, match="There is no model named 'none'"):
        mnistkit.list_recipes("none")


def test_a_name_can_be_given_again():
    for units in (3, 4):

        @mnistkit.register_model("again")
        def again(*, num_classes=10, input_shape=(28, 28), units=units):
            return mnistkit.create_model("dense128")

        mnistkit.unregister_model("again")
    assert "again" not in mnistkit.list_models()
    with pytest.raises(UnknownNameError, match="No model 'again' was registered"):
        mnistkit.unregister_model("again")

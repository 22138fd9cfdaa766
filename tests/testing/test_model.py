from __future__ import annotations

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ModelError
from mnistkit.testing import check_model

layers = keras.layers


def dense(input_shape, num_classes, *extra, activation="softmax"):
    stack = [keras.Input(input_shape), layers.Flatten(), *extra]
    return keras.Sequential([*stack, layers.Dense(num_classes, activation=activation)])


@pytest.mark.parametrize("name", ["dense128", "cnn"])
def test_built_in_models_keep_the_contract(name):
    check_model(name)


def good(*, num_classes=10, input_shape=(28, 28), units=4):
    return dense(input_shape, num_classes, layers.Dense(units))


def test_good_builder_and_its_options():
    check_model(good, units=2)


def positional(num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, num_classes)


def without_classes(*, input_shape=(28, 28)):
    return dense(input_shape, 10)


def swallows_typos(*, num_classes=10, input_shape=(28, 28), **options):
    return dense(input_shape, num_classes)


def without_defaults(*, num_classes, input_shape):
    return dense(input_shape, num_classes)


def logits(*, num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, num_classes, activation=None)


def always_ten(*, num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, 10)


def compiled(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    model.compile(loss="sparse_categorical_crossentropy")
    return model


def frozen(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    model.trainable = False
    return model


def fails(*, num_classes=10, input_shape=(28, 28)):
    raise RuntimeError("out of ideas")


class Restless(layers.Layer):
    def call(self, inputs):
        return inputs + keras.random.normal(keras.ops.shape(inputs))


def restless(*, num_classes=10, input_shape=(28, 28)):
    return dense(input_shape, num_classes, Restless())


def own_weights(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    generator = np.random.default_rng()
    model.set_weights([generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def ignores_shape(*, num_classes=10, input_shape=(28, 28)):
    return dense((28, 28), num_classes)


def ignores_classes_and_shape(*, num_classes=10, input_shape=(28, 28)):
    return dense((28, 28), 10)


def adds_a_channel(*, num_classes=10, input_shape=(28, 28)):
    return dense((*input_shape, 1), num_classes)


def needs_a_channel(*, num_classes=10, input_shape=(28, 28, 1)):
    return dense(
        input_shape, num_classes, layers.Reshape(input_shape), layers.Conv2D(1, 3), layers.Flatten()
    )


def returns_nothing(*, num_classes=10, input_shape=(28, 28)):
    dense(input_shape, num_classes)


def returns_layers(*, num_classes=10, input_shape=(28, 28)):
    return [layers.Dense(num_classes)]


def unbuilt(*, num_classes=10, input_shape=(28, 28)):
    return keras.Sequential([layers.Flatten(), layers.Dense(num_classes, "softmax")])


class Unpacks(keras.Model):
    def train_step(self, data):
        x, y = data
        return super().train_step((x, y))

    def test_step(self, data):
        x, y = data
        return super().test_step((x, y))


def unpacks(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    return Unpacks(model.inputs[0], model.outputs[0])


class Fails(keras.Model):
    def train_step(self, data):
        raise RuntimeError("not today")


def fails_to_learn(*, num_classes=10, input_shape=(28, 28)):
    model = dense(input_shape, num_classes)
    return Fails(model.inputs[0], model.outputs[0])


class Subclassed(keras.Model):
    def __init__(self, num_classes, **options):
        super().__init__(**options)
        self.num_classes = num_classes
        self.flatten = layers.Flatten()
        self.end = layers.Dense(num_classes, "softmax")

    def call(self, images):
        return self.end(self.flatten(images))


@keras.saving.register_keras_serializable("test_testing")
class Registered(Subclassed):
    def get_config(self):
        return {**super().get_config(), "num_classes": self.num_classes}


def subclassed(*, num_classes=10, input_shape=(28, 28), kind=Registered):
    model = kind(num_classes)
    model(np.zeros((1, *input_shape), np.float32))
    return model


def test_a_class_of_ones_own():
    check_model(subclassed)


@pytest.mark.parametrize("builder", [good, subclassed, needs_a_channel])
def test_images_with_a_channel(builder):
    check_model(builder, input_shapes=((28, 28, 1),), num_classes=(2,))


def test_two_sizes_of_one_number():
    check_model(good, input_shapes=(9, 12))


@pytest.mark.parametrize(
    ("builder", "complaint"),
    [
        (positional, "'num_classes' must be keyword-only"),
        (without_classes, "it has no option 'num_classes'"),
        (swallows_typos, r"'\*\*options' would swallow misspelt options"),
        (without_defaults, "'input_shape' must have a default"),
        (logits, r"its outputs are no probabilities, but one logit a class; end it with .*softmax"),
        (
            always_ten,
            r"returns \(10,\) for an image, expected \(3,\) for num_classes=3; end it with",
        ),
        (compiled, "it is compiled; leave that to the trainer"),
        (frozen, "it has nothing to train"),
        (fails, "building it raised RuntimeError: out of ideas"),
        (restless, "it gives two answers to one question"),
        (own_weights, "the same seed gives different initial weights"),
        (
            ignores_shape,
            r"takes \(28, 28\) where input_shape=\(8, 8\) was asked for; begin it with",
        ),
        (
            adds_a_channel,
            r"keras\.Input\(input_shape\) and keras\.layers\.Reshape\(\(\*input_shape, 1",
        ),
        (returns_nothing, "it returns nothing; end it with 'return model'"),
        (returns_layers, "it returns list; return a keras.Model"),
        (unbuilt, r"is not built; begin it with keras\.Input\(input_shape\)"),
        (fails_to_learn, "a training step raised RuntimeError: not today"),
        (max, "'"),
        (3, "it is no function"),
    ],
)
def test_every_breach_is_named_once(builder, complaint):
    with pytest.raises(ModelError, match=complaint) as caught:
        check_model(builder, input_shapes=((8, 8),))
    name = f"{builder.__module__}:{builder.__qualname__}" if callable(builder) else repr(builder)
    first, *problems = str(caught.value).splitlines()
    assert name in first
    assert all(problem.startswith("- ") and len(problem) < 350 for problem in problems)
    assert len(problems) == len(set(problems)) <= 2


def test_steps_that_weights_would_break():
    with pytest.raises(
        ModelError, match="its train_step cannot take images with weights"
    ) as caught:
        check_model(unpacks)
    problems = str(caught.value).splitlines()[1:]
    assert len([one for one in problems if "too many values to unpack" in one]) == 2
    assert all("unpack_x_y_sample_weight(data)" in one for one in problems if "_step" in one)


def test_where_a_problem_is_if_not_everywhere():
    with pytest.raises(ModelError) as caught:
        check_model(ignores_classes_and_shape)
    _, *problems = str(caught.value).splitlines()
    assert len(problems) == 2
    assert "(for num_classes=10, input_shape=(32, 32))" in str(caught.value)
    assert "(for num_classes=3, input_shape=(28, 28))" in str(caught.value)


def test_what_keras_cannot_load_again():
    with pytest.raises(ModelError, match="register_keras_serializable") as caught:
        check_model(subclassed, kind=Subclassed)
    assert len(str(caught.value).splitlines()) == 2


def test_a_search_space_with_a_name_that_there_is_not():
    @mnistkit.with_search_space(learning_rates=mnistkit.uniform(0, 1))
    def searched(*, num_classes=10, input_shape=(28, 28)):
        raise AssertionError("it is not built")

    with pytest.raises(ModelError, match="its search space has 'learning_rates', which a search"):
        check_model(searched)


def test_an_option_that_there_is_not():
    with pytest.raises(ModelError, match="it has no option 'width'"):
        check_model(good, width=2)


def test_logits_are_one_cause_and_hide_no_other():
    with pytest.raises(ModelError) as caught:
        check_model(logits)
    assert len(str(caught.value).splitlines()) == 2  # what is checked, and the one problem

    class Unweighted(keras.Model):
        def train_step(self, data):
            images, labels = data
            return super().train_step((images, labels))

    def unweighted(*, num_classes=10, input_shape=(28, 28)):
        images = keras.Input(input_shape)
        return Unweighted(images, layers.Dense(num_classes)(layers.Flatten()(images)))

    with pytest.raises(ModelError, match=r"no probabilities, but one logit(.|\n)*its train_step"):
        check_model(unweighted)

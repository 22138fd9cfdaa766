"""What people write who come from Keras or NumPy: taken where its meaning is certain, else told."""

from __future__ import annotations

import keras
import numpy as np
import pytest

import mnistkit
from mnistkit import Recipe, Trainer
from mnistkit.errors import ImageError, LabelError, OptionError, RecipeError, SplitError

LABELS = np.arange(40) % 10
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
PAIR = (IMAGES, LABELS)


def trainer(**options):
    return Trainer("dense128", **{"recipe": Recipe(epochs=1), **options})


def fit(*args, **options):
    made = trainer()
    made.fit(*args, **{"verbose": 0, **options})
    return made


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ((IMAGES, LABELS), {}, r"a pair: fit\(\(x, y\)\)\.$"),
        ((), {"x": IMAGES, "y": LABELS}, r"as a pair: fit\(\(x, y\)\)\.$"),
        ((PAIR,), {"validation_data": PAIR}, r"here write validation=\(x, y\), or validation=data"),
        ((PAIR,), {"validation_split": 0.2}, "here write validation=0.2, which"),
        ((PAIR,), {"shuffle": True}, "leave it out; every epoch has its own order"),
        ((PAIR,), {"steps_per_epoch": 3}, "as many images as an epoch is to have"),
        ((PAIR,), {"verbose": "yes"}, "verbose='yes': expected 0 for nothing, 1"),
        ((PAIR,), {"callbacks": [keras.callbacks.EarlyStopping]}, r"=\[EarlyStopping\(\.\.\.\)\]"),
        ((PAIR,), {"callbacks": "EarlyStopping"}, "expected keras.callbacks.Callback objects"),
    ],
)
def test_what_keras_takes_and_we_do_not(args, options, message):
    with pytest.raises(OptionError, match=message) as caught:
        fit(*args, **options)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_a_misspelt_argument_is_pythons_own_error():
    with pytest.raises(TypeError, match=r"fit\(\) got an unexpected keyword argument 'epoch'"):
        fit(PAIR, epoch=3)
    with pytest.raises(TypeError, match=r"evaluate\(\) got an unexpected keyword argument"):
        trainer().evaluate(PAIR, bach_size=3)


def test_evaluate_and_predict_the_way_of_keras():
    made = trainer()
    with pytest.raises(OptionError, match=r"a pair: evaluate\(\(x, y\)\)\.$"):
        made.evaluate(IMAGES, LABELS)
    with pytest.raises(OptionError, match=r"batch_size=\.\.\. is an argument of Keras' evaluate"):
        made.evaluate(PAIR, batch_size=3)
    with pytest.raises(OptionError, match=r"verbose=\.\.\. is an argument of Keras' predict"):
        made.predict(IMAGES, verbose=0)
    with pytest.raises(OptionError, match=r"without labels: predict\(images\)\.$"):
        made.predict(PAIR)


def test_a_whole_data_set():
    data, made = mnistkit.load_dataset("digits"), trainer()
    with pytest.raises(OptionError, match=r"fit\(data\.train\)\.$"):
        made.fit(data)
    with pytest.raises(OptionError, match=r"fit\(data\.train\)\.$"):
        made.fit(data=data)
    with pytest.raises(OptionError, match=r"validation=data\.test, or a fraction"):
        made.fit(data.train, validation=data)
    with pytest.raises(OptionError, match=r"evaluate\(data\.test\)\.$"):
        made.evaluate(data)
    with pytest.raises(OptionError, match=r"predict\(data\.test\)\.$"):
        made.predict(data)


@pytest.mark.parametrize("wrap", [lambda one: one, lambda one: (one,), lambda one: iter([one])])
def test_one_callback(wrap):
    seen = []
    one = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    fit(PAIR, callbacks=wrap(one))
    trainer(callbacks=wrap(one)).fit(PAIR, verbose=0)
    assert seen == [0, 0]


class Halving(keras.callbacks.LearningRateScheduler):
    def __init__(self):
        super().__init__(lambda epoch, rate: rate / 2)


@pytest.mark.parametrize("kind", [Halving, keras.callbacks.ReduceLROnPlateau])
def test_a_callback_beside_a_schedule(kind):
    seen = []
    note = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: seen.append(1))
    made = Trainer("dense128", callbacks=note)
    with pytest.raises(RecipeError, match=rf"{kind.__name__} cannot set .*recipe='constant'\)"):
        made.fit(PAIR, callbacks=kind(), verbose=0)
    with pytest.raises(RecipeError, match=r"recipe=trainer\.recipe\.replace\(schedule='constant"):
        Trainer("cnn", callbacks=kind()).fit(PAIR, verbose=0)
    assert not seen
    for recipe in ("constant", made.recipe.replace(schedule="constant")):
        able = Trainer("dense128", recipe=recipe)
        able.fit(PAIR, validation=PAIR, callbacks=kind(), epochs=1, verbose=0)


def test_a_callback_beside_a_schedule_of_ones_own():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    made = trainer()
    made.compile(keras.optimizers.Adam(schedule))
    with pytest.raises(RecipeError, match="compile the model with a number for the learning rate"):
        made.fit(PAIR, callbacks=Halving(), verbose=0)
    made.compile(keras.optimizers.Adam(0.01))
    made.fit(PAIR, callbacks=Halving(), verbose=0)


@pytest.mark.parametrize("value", [0, 1, 2, True, np.int64(0), None, "auto"])
def test_ways_to_say_how_much_is_printed(value):
    fit(PAIR, verbose=value)


def test_numbers_of_numpy():
    made = Trainer("dense128", seed=np.int64(1))
    history = made.fit(
        PAIR, epochs=np.int64(2), batch_size=np.uint8(20), validation=np.float32(0.25)
    )
    assert len(history.history["val_loss"]) == 2
    assert type(made.seed) is int


@pytest.mark.parametrize("value", [True, np.True_])
def test_true_is_no_number(value):
    with pytest.raises(RecipeError, match=r"seed=.*True.*: expected a whole number"):
        Trainer("dense128", seed=value)
    with pytest.raises(RecipeError, match="epochs="):
        fit(PAIR, epochs=value)


def test_true_is_no_fraction():
    with pytest.raises(SplitError, match=r"such as validation=0\.1"):
        fit(PAIR, validation=True)


@pytest.mark.parametrize(
    "weights",
    [
        {3: 2.0},
        {np.int64(3): np.float32(2)},
        [1, 1, 1, 2, 1, 1, 1, 1, 1, 1],
        np.where(np.arange(10) == 3, 2, 1),
        tuple(np.where(np.arange(10) == 3, 2.0, 1.0)),
    ],
)
def test_forms_of_weights_of_classes(weights):
    expected = fit(PAIR, sample_weight=np.where(LABELS == 3, 2.0, 1.0)).model.get_weights()
    found = fit(PAIR, class_weight=weights).model.get_weights()
    np.testing.assert_allclose(found[0], expected[0], atol=1e-6)


def test_balanced_weights():
    """Half of these are of class 0, and of five classes there is none."""
    labels = np.array([0] * 20 + [1, 2, 3, 4] * 5)
    by_hand = np.where(labels == 0, 40 / (5 * 20), 40 / (5 * 5))
    expected = fit((IMAGES, labels), sample_weight=by_hand).model.get_weights()
    found = fit((IMAGES, labels), class_weight="balanced").model.get_weights()
    np.testing.assert_allclose(found[0], expected[0], atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(9), r"of shape \(9,\); expected \(10,\), one weight a class"),
        (3.0, r"of shape \(\); expected"),
        ("balance", "class_weight='balance': expected numbers"),
        (["a"] * 10, "expected numbers"),
        ({3: "much"}, "expected numbers"),
        ({3: None}, "expected numbers"),
        ({True: 1.0}, r"\[True\], which are no class numbers"),
        ({3.0: 1.0}, r"\[3\.0\], which are no class numbers"),
        ([1, [2]], "expected numbers"),
        ([-1.0] * 10, "must be 0 or more"),
    ],
)
def test_weights_of_classes_that_are_no_weights(weights, message):
    with pytest.raises(LabelError, match=message):
        fit(PAIR, class_weight=weights)


def test_weights_of_images_that_are_text():
    with pytest.raises(LabelError, match="sample_weight="):
        fit(PAIR, sample_weight=["a"] * 40)


def test_rows_of_pixels():
    rows, made = IMAGES.reshape(-1, 784), trainer()
    for call in (
        lambda: made.predict(rows),
        lambda: made.evaluate((rows, LABELS)),
        lambda: made.fit((rows, LABELS)),
        lambda: made.fit(PAIR, validation=(rows, LABELS)),
    ):
        with pytest.raises(ImageError, match=r"write images\.reshape\(-1, 28, 28\)\.$"):
            call()
    assert made.predict(rows.reshape(-1, 28, 28)).shape == (40, 10)
    colour = Trainer(mnistkit.create_model("dense128", input_shape=(14, 14, 3)))
    with pytest.raises(ImageError, match=r"images\.reshape\(-1, 14, 14, 3\)"):
        colour.predict(np.zeros((5, 14 * 14 * 3)))
    with pytest.raises(ImageError, match=r"images\[None\]"):
        made.predict(IMAGES[0])


def test_names_where_data_belongs():
    made = trainer()
    for call in (made.fit, made.evaluate):
        with pytest.raises(TypeError, match=r"loaded by its name with mnistkit\.load_dataset\(nam"):
            call("mnist")
        with pytest.raises(TypeError, match=r"not list\. A pair is a tuple, in round brackets"):
            call(list(PAIR))
    with pytest.raises(TypeError, match="not str"):
        made.fit(PAIR, validation="test")
    for inputs in ("images", "as they are"):
        with pytest.raises(ImageError, match=r"'photo\.png' is a text; .*mnistkit\.recognize"):
            Trainer("dense128", inputs=inputs).predict("photo.png")

from __future__ import annotations

import copy
import json
import pickle

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit import Augmentation, Recipe, with_recipes
from mnistkit.errors import RecipeError
from mnistkit.models import choose_recipe, recipes_of

RECIPES = st.builds(
    Recipe,
    epochs=st.integers(1, 100),
    batch_size=st.integers(1, 10_000),
    learning_rate=st.floats(1e-6, 10),
    schedule=st.sampled_from(["constant", "cosine"]),
    warmup=st.floats(0, 0.99),
    optimizer_options=st.dictionaries(st.sampled_from(["beta_1", "beta_2"]), st.floats(0, 1)),
)


@given(RECIPES)
def test_recipe_survives_json(recipe):
    assert Recipe(**json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs=0: expected a whole number of at least 1"),
        ({"epochs": 1.5}, "epochs=1.5"),
        ({"epochs": True}, "epochs=True"),
        ({"batch_size": -1}, "batch_size=-1"),
        ({"min_steps": -1}, "min_steps=-1: expected a whole number from 0 to"),
        ({"learning_rate": 0}, "learning_rate=0: expected a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"final_learning_rate": 1.0}, "0 up to the learning rate"),
        ({"warmup": 1}, "warmup=1: expected a share"),
        ({"metrics": "accuracy"}, r"expected a tuple of names, such as \('accuracy',\)"),
        ({"optimizer_options": {"learning_rate": 1}}, "expected no learning_rate in it"),
        ({"weight_decay": -0.1}, "weight_decay=-0.1: expected a share"),
        ({"label_smoothing": 1}, "label_smoothing=1: expected a share"),
        ({"weight_averaging": 1.0}, "weight_averaging=1.0: expected a share"),
        (
            {"label_smoothing": 0.1, "loss": "mse"},
            "label_smoothing=0.1: expected 0 unless loss='sparse_categorical_crossentropy'",
        ),
        ({"schedule": "cosin"}, "schedule='cosin': expected one of constant, cosine"),
    ],
)
def test_nonsense_is_refused(settings, message):
    with pytest.raises(RecipeError, match=message):
        Recipe(**settings)


class Nameless:
    def __repr__(self):
        raise RuntimeError("no name")


NUMBERS = ["learning_rate", "final_learning_rate", "warmup", "weight_decay", "label_smoothing",
           "weight_averaging"]  # fmt: skip
NO_NUMBERS = [
    "0.1", b"0.1", None, True, np.True_, 0.1j, [0.1], {"a": 1}, np.array([0.1]), float("nan"),
    float("inf"), -1, 10**400, np.float32("nan"), object(), Nameless(), "x" * 10_000,
]  # fmt: skip
NO_COUNTS = [*NO_NUMBERS, 0, 1.5, 2.0, "3", 2**70, 10**5000, np.float32(2), np.int64(0)]
NO_NAMES = [None, 3, "", " ", b"adam", object(), ["adam"], Nameless(), lambda: 0]


def wrong_settings():
    for name in NUMBERS:
        yield from ((name, value) for value in NO_NUMBERS)
    for name in ("epochs", "batch_size"):
        yield from ((name, value) for value in NO_COUNTS)
    for name in ("optimizer", "loss", "schedule"):
        yield from ((name, value) for value in NO_NAMES)
    for value in (5, None, "accuracy", [object()], ["accuracy", ""], {"accuracy"}, [["accuracy"]]):
        yield "metrics", value
    for value in ([("a", 1)], None, "a", {1: 2}, {"": 2}, {"a": object()}, {"a": {"b": 1}},
                  {"a": [[1]]}, {"a": 1j}, {"a": np.zeros(2)}, {"a": len}):  # fmt: skip
        yield "optimizer_options", value
    for value in ("strong", 3, [], {"rotate": 1}, {1: 2}, {"rotation": "much"}, Nameless()):
        yield "augmentation", value


@pytest.mark.parametrize("how", [Recipe, Recipe().replace, lambda **all_: Recipe.from_dict(all_)])
def test_every_wrong_value_gets_the_same_kind_of_error(how):
    for name, value in wrong_settings():
        with pytest.raises(RecipeError) as caught:
            how(**{name: value})
        message = str(caught.value)
        assert name == "augmentation" or message.startswith(f"{name}="), message
        assert len(message) < 300


@given(
    name=st.sampled_from([*Recipe().to_dict()]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    ),
)
def test_any_value_from_a_file_is_a_recipe_or_a_recipe_error(name, value):
    try:
        recipe = Recipe.from_dict({name: value})
    except RecipeError as error:
        assert len(str(error)) < 300  # noqa: PT017  (some of these values are right)
    else:
        assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "A recipe is a mapping of settings, not None"),
        ([("epochs", 3)], "A recipe is a mapping of settings, not"),
        ({"epoch": 3}, "A recipe has no setting 'epoch'; it has epochs, batch_size"),
        ({3: 3}, "A recipe has no setting 3"),
        ({"augmentation": {"rotate": 3}}, "An augmentation has no setting 'rotate'; it has rotat"),
    ],
)
def test_a_file_that_holds_no_recipe(settings, message):
    with pytest.raises(RecipeError, match=message):
        Recipe.from_dict(settings)


def test_numbers_of_numpy_become_those_of_python():
    recipe = Recipe(
        epochs=np.int64(3), batch_size=np.uint8(8), learning_rate=np.float32(0.5),
        warmup=np.float64(0.1), weight_decay=0, metrics=["accuracy"],
        optimizer_options={"beta_1": np.float32(0.5), "amsgrad": False, "names": ("a", np.int8(1))},
    )  # fmt: skip
    settings = recipe.to_dict()
    assert json.loads(json.dumps(settings)) == settings
    assert {type(settings[name]) for name in NUMBERS} == {float}
    assert type(recipe.epochs) is type(recipe.batch_size) is int
    assert recipe.optimizer_options == {"beta_1": 0.5, "amsgrad": False, "names": ["a", 1]}
    assert recipe.metrics == ("accuracy",)


@given(st.integers(1, 100), st.integers(0, 10_000), st.integers(1, 1000))
def test_enough_epochs_and_no_more(epochs, min_steps, steps_per_epoch):
    recipe = Recipe(epochs=epochs, min_steps=min_steps)
    enough = recipe.with_enough_epochs(steps_per_epoch)
    assert enough.epochs >= epochs
    assert enough.epochs * steps_per_epoch >= min_steps
    assert enough == recipe or (enough.epochs - 1) * steps_per_epoch < min_steps


def test_misspelt_settings_are_refused():
    with pytest.raises(TypeError):
        Recipe(epoch=3)
    with pytest.raises(TypeError):
        Recipe().replace(epoch=3)


def test_first_recipe_is_the_default():
    short, long = Recipe(epochs=1), Recipe(epochs=10)

    @with_recipes(short=short, long=long)
    def model():
        pass

    carried = recipes_of(model)
    assert choose_recipe(carried, None, "mine") is short
    assert choose_recipe(carried, "long", "mine") is long
    own = Recipe(epochs=5)
    assert choose_recipe(carried, own, "mine") is own
    with pytest.raises(
        RecipeError, match="mine has no recipe named 'best'; it has 'short', 'long'"
    ):
        choose_recipe(carried, "best", "mine")
    with pytest.raises(RecipeError, match=r"recipe=3: expected a mnistkit\.Recipe or the name"):
        choose_recipe(carried, 3, "mine")


def test_a_builder_without_recipes_has_a_default():
    assert dict(recipes_of(lambda: None)) == {"default": Recipe()}


def test_only_recipes_can_be_attached():
    with pytest.raises(RecipeError, match=r"The recipe 'fast' must be a mnistkit\.Recipe, not 3"):
        with_recipes(fast=3)


def test_repr_has_only_what_differs():
    assert repr(Recipe()) == "Recipe()"
    assert repr(Recipe(epochs=2, optimizer_options={"beta_1": 0.8})) == (
        "Recipe(epochs=2, optimizer_options={'beta_1': 0.8})"
    )


def test_recipes_are_values():
    """They can be put in sets and sent to another process, and do not change."""
    recipe = Recipe(
        optimizer_options={"beta_1": 0.8}, augmentation=Augmentation(rotation=3), metrics=()
    )
    again = pickle.loads(pickle.dumps(recipe))
    assert again == copy.deepcopy(recipe) == recipe
    assert len({recipe, again, recipe.replace(epochs=9)}) == 2
    for change in (
        lambda: setattr(recipe, "epochs", 3),
        lambda: setattr(recipe.augmentation, "rotation", 3),
        lambda: recipe.optimizer_options.update(beta_1=0.5),
    ):
        with pytest.raises(AttributeError):
            change()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", keras.optimizers.SGD(0.1, momentum=0.9)),
        ("loss", keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
        ("metrics", [keras.metrics.SparseTopKCategoricalAccuracy(k=3)]),
        ("metrics", ["accuracy", keras.metrics.sparse_categorical_accuracy]),
        ("learning_rate", keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        ("schedule", keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
    ],
)
def test_objects_are_refused_before_anything_of_them_is_lost(name, value):
    for make in (lambda: Recipe(**{name: value}), lambda: Recipe().replace(**{name: value})):
        with pytest.raises(RecipeError, match=r"compile the model yourself with trainer\.compile"):
            make()

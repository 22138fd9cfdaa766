from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit import Recipe, with_recipes
from mnistkit.errors import RecipeError
from mnistkit.models import choose_recipe, recipes_of
from mnistkit.models.recipe import SUITS_MOST

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
    assert dict(recipes_of(lambda: None)) == {"fast": SUITS_MOST}


def test_only_recipes_can_be_attached():
    with pytest.raises(RecipeError, match=r"The recipe 'fast' must be a mnistkit\.Recipe, not 3"):
        with_recipes(fast=3)


def test_repr_has_only_what_differs():
    assert repr(Recipe()) == "Recipe()"
    assert repr(Recipe(epochs=2, optimizer_options={"beta_1": 0.8})) == (
        "Recipe(epochs=2, optimizer_options={'beta_1': 0.8})"
    )

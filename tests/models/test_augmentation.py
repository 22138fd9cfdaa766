from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit import Augmentation, Recipe
from mnistkit.errors import RecipeError


@given(
    st.builds(
        Augmentation,
        rotation=st.floats(0, 180),
        translation=st.floats(0, 100),
        stroke_width=st.floats(0, 1),
    )
)
def test_augmentation_survives_json_in_a_recipe(augmentation):
    recipe = Recipe(augmentation=augmentation)
    assert Recipe(**json.loads(json.dumps(recipe.to_dict()))) == recipe


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rotation": -1}, "rotation=-1: expected degrees, from 0 to 180"),
        ({"rotation": 181}, "rotation=181"),
        ({"scale": 1}, "scale=1: expected a share, from 0 to 0.9"),
        ({"translation": math.nan}, "translation=nan: expected pixels, at least 0"),
        ({"translation": math.inf}, "translation=inf"),
        ({"elastic": "much"}, "elastic='much'"),
        ({"erasing": True}, "erasing=True: expected a share of the side"),
        ({"rotation": None}, "rotation=None: expected degrees"),
        ({"rotation": "10"}, "rotation='10'"),
        ({"rotation": 10j}, "rotation=10j"),
        ({"rotation": [10]}, r"rotation=\[10\]"),
        ({"translation": 10**400}, "translation=1000"),
        ({"translation": 10**5000}, "translation=<int>"),
        ({"scale": np.float32("nan")}, r"scale=np.float32\(nan\)"),
        ({"stroke_width": 2}, "stroke_width=2: expected pixels, from 0 to 1"),
    ],
)
def test_nonsense_is_refused(settings, message):
    with pytest.raises(RecipeError, match=message):
        Augmentation(**settings)


def test_misspelt_settings_are_refused():
    with pytest.raises(TypeError, match="rotate"):
        Augmentation(rotate=10)


def test_numbers_of_numpy_become_those_of_python():
    augmentation = Augmentation(rotation=np.int64(10), scale=np.float32(0.5), shear=np.float64(0.1))
    assert augmentation == Augmentation(rotation=10, scale=0.5, shear=0.1)
    assert {type(value) for value in augmentation.to_dict().values()} == {float}


@pytest.mark.parametrize("settings", [None, 3, [], "rotation", {"rotate": 1}, {1: 2}])
def test_a_file_that_holds_no_augmentation(settings):
    with pytest.raises(RecipeError, match=r"An augmentation (is a mapping|has no setting)"):
        Augmentation.from_dict(settings)


def test_no_augmentation_is_false():
    assert not Augmentation()
    assert Augmentation(rotation=1)


def test_repr_has_only_what_is_varied():
    assert repr(Augmentation(rotation=10, erasing=0.2)) == (
        "Augmentation(rotation=10.0, erasing=0.2)"
    )


def test_a_recipe_refuses_what_is_no_augmentation():
    with pytest.raises(RecipeError, match=r"augmentation='strong': expected a mnistkit\.Augm"):
        Recipe(augmentation="strong")

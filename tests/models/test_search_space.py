"""Search spaces as plain data."""

from __future__ import annotations

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnistkit
from mnistkit.errors import TuningError
from mnistkit.models import MODELS, choice, log_uniform, search_space_of, space_for, uniform, whole
from mnistkit.tuning.space import Names


def builder(*, num_classes=10, input_shape=(28, 28), units=8):
    raise AssertionError("nothing is built here")


def test_a_builder_carries_its_space_in_any_order_of_the_decorators() -> None:
    with_both = mnistkit.with_recipes(short=mnistkit.Recipe(epochs=1))(
        mnistkit.with_search_space(units=choice(8, 16))(builder)
    )
    assert dict(search_space_of(with_both) or {}) == {"units": choice(8, 16)}
    assert search_space_of(functools.partial(with_both, units=4)) is search_space_of(with_both)
    assert mnistkit.list_recipes(with_both) == ["short"]
    assert search_space_of(print) is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (choice, "choice() has no values; give those to choose from: choice(8, 16)."),
        (lambda: choice(8, 8), "choice(8, 8) has a value twice."),
        (
            lambda: choice([8]),
            "choice(... [8] ...): expected plain values: texts, numbers, booleans or None.",
        ),
        (
            lambda: uniform(2, 1),
            "uniform(2.0, 1.0) is empty: the first number must be smaller than the second one.",
        ),
        (lambda: uniform(0, "1"), "uniform(0.0, '1'): '1' is not a finite number."),
        (lambda: whole(1, 2.5), "whole(1, 2.5): 2.5 is not a whole number."),
        (lambda: log_uniform(0, 1), "log_uniform(0.0, 1.0): a range by doublings begins above 0."),
        (
            lambda: mnistkit.with_search_space(units=(8, 16)),
            (
                "The search space has units=(8, 16); expected what mnistkit.choice, uniform, "
                "log_uniform or whole return, such as mnistkit.choice(8, 16, 24)."
            ),
        ),
        (
            mnistkit.with_search_space,
            (
                "space={}: expected what to try by name, at least one, such as {'learning_rate': "
                "mnistkit.log_uniform(0.001, 0.02)}."
            ),
        ),
    ],
)
def test_what_is_no_space_is_refused_when_it_is_made(make, message) -> None:
    with pytest.raises(TuningError) as refusal:
        make()
    assert str(refusal.value) == message


def test_a_value_belongs_to_a_space_or_not() -> None:
    assert 8 in choice(8, 16)
    assert True not in choice(1, 2)
    assert None in choice(None, "adam")
    assert 0.5 in uniform(0, 0.5)
    assert "0.1" not in uniform(0, 0.5)
    assert 3 in whole(1, 4)
    assert 2.5 not in whole(1, 4)


@given(st.floats(1e-5, 1), st.integers(1, 1000), st.floats(0, 0.5), st.floats(0, 0.5))
def test_any_recipe_lies_in_the_space_that_is_made_for_it(rate, size, decay, smoothing) -> None:
    recipe = mnistkit.Recipe(
        learning_rate=rate, batch_size=size, weight_decay=decay, label_smoothing=smoothing
    )
    space = space_for(recipe)
    assert Names.of(builder).defaults(space, builder, recipe, {}) is not None


@pytest.mark.parametrize("name", ["dense128", "cnn"])
def test_the_built_in_models_declare_spaces_in_which_their_defaults_lie(name) -> None:
    function = MODELS.get(name)
    space = search_space_of(function)
    assert space is not None
    names = Names.of(function)
    names.refuse_unknown(space, name)
    for recipe in mnistkit.models.recipes_of(function).values():
        values = names.defaults(space, function, recipe, {})
        if recipe is next(iter(mnistkit.models.recipes_of(function).values())):
            assert values is not None
        for one in space:
            for end in space[one].ends:
                names.apply({one: end}, recipe, {})

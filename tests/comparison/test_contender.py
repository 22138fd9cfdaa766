from __future__ import annotations

import functools

import keras
import pytest

import mnistkit
from mnistkit.comparison.contender import entrants_of
from mnistkit.errors import ComparisonError, ModelError, WrongTypeError


def builds(*, num_classes=10, input_shape=(28, 28), width=3): ...


def trains(train, images, seed): ...


def takes_a_path(path): ...


@pytest.mark.parametrize(
    ("contender", "name"),
    [
        (mnistkit.Contender("cnn"), "cnn"),
        (mnistkit.Contender("cnn", recipe="quick"), "cnn, quick"),
        (mnistkit.Contender("cnn", recipe=mnistkit.Recipe()), "cnn"),
        (mnistkit.Contender("my.nets:mine"), "mine"),
        (mnistkit.Contender(builds), "builds"),
        (mnistkit.Contender("cnn", title="ours"), "ours"),
    ],
)
def test_a_contender_is_called_by_its_title_or_its_model(contender, name) -> None:
    assert contender.name == name


def test_a_registered_function_is_called_by_its_name_and_sent_as_a_function() -> None:
    mnistkit.register_model("mine")(builds)
    for given in ("mine", builds):
        (entrant,) = entrants_of([given], 10)
        assert (entrant.title, entrant.registered_as) == ("mine", "mine")
        assert entrant.model is builds
        assert entrant.settings["model"] == "mine"


def test_functions_that_build_and_functions_that_train_are_told_apart() -> None:
    given = [builds, trains, functools.partial(builds, width=2)]
    contenders = [mnistkit.Contender(one, title=f"number {n}") for n, one in enumerate(given)]
    assert [one.trains_itself for one in entrants_of(contenders, 10)] == [False, True, False]
    with pytest.raises(ModelError, match=r"neither a function that builds .* takes_a_path\(path\)"):
        entrants_of([takes_a_path], 10)


def test_code_that_was_changed_is_another_contender() -> None:
    functions = {}
    for width in (1, 2):
        exec(f"def made(*, num_classes=10, input_shape=(2, 2)): return {width}", functions)
        functions[width] = entrants_of([functions["made"]], 10)[0].settings["code"]
    assert functions[1] != functions[2]


@pytest.mark.parametrize(
    ("contenders", "message"),
    [
        ([trains, trains], "Two contenders are called 'trains'. Tell them apart by their titles"),
        (
            [mnistkit.Contender(trains, title="a b"), mnistkit.Contender(trains, title="A-b")],
            "Two contenders are called 'a b' and 'A-b'",
        ),
        ([mnistkit.Contender(trains, title="../..")], "cannot be the name of a folder"),
        ([mnistkit.Contender(trains, recipe="fast")], "so it has no recipe"),
        ([mnistkit.Contender(builds, options={"seed": 1})], "'seed', which is for compare to say"),
        ([mnistkit.Contender(builds, options={"num_classes": 2})], "is for 2 classes, the data"),
    ],
)
def test_what_cannot_be_compared_is_refused(contenders, message) -> None:
    with pytest.raises(ComparisonError, match=message):
        entrants_of(contenders, 10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mnistkit.Contender(None), "not None"),
        (
            lambda: mnistkit.Contender(keras.Sequential([keras.Input((2, 2))])),
            "give the function that builds it",
        ),
        (lambda: mnistkit.Contender("cnn", options=["width"]), r"options=\['width'\]: expected"),
        (lambda: mnistkit.Contender("cnn", recipe=3), "recipe=3: expected a mnistkit.Recipe"),
    ],
)
def test_what_is_no_contender_is_refused(make, message) -> None:
    with pytest.raises(WrongTypeError, match=message):
        make()


def test_an_empty_title_is_refused() -> None:
    with pytest.raises(ComparisonError, match="title=' ': expected a text"):
        mnistkit.Contender("cnn", title=" ")

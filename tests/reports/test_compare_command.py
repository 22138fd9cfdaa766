from __future__ import annotations

import dataclasses

import pytest

import mnistkit
from mnistkit.comparison import load_comparison
from mnistkit.models import choose_recipe, recipes_of
from mnistkit.models.cnn import cnn
from mnistkit.reports.compare_command import compare_command


@pytest.fixture(scope="module")
def kept(kept_digits) -> mnistkit.Comparison:
    return load_comparison(kept_digits)


def changed(comparison: mnistkit.Comparison, *contenders, **more) -> mnistkit.Comparison:
    """The comparison with others in place of its contender."""
    first = comparison.contenders[0]
    results = tuple(dataclasses.replace(first, **one) for one in contenders)
    return dataclasses.replace(comparison, contenders=results, **more)


def recipe_of_cnn(name: str | None) -> mnistkit.Recipe:
    return choose_recipe(recipes_of(cnn), name, "cnn")


def test_models_with_their_own_recipes_are_one_command(kept) -> None:
    usual = choose_recipe(recipes_of(mnistkit.models.MODELS.get("dense128")), None, "")
    both = changed(
        kept,
        {"title": "dense128", "recipe": usual},
        {"title": "mine", "model": "my nets:mine", "recipe": mnistkit.Recipe()},
        on="test",
        also_on=("usps",),
        kinds=("fog",),
    )
    assert compare_command(both, "digits").code == (
        "mnistkit compare dense128 'my nets:mine' --dataset digits --seeds 1 --test "
        "--also-on usps --robustness --out digits"
    )


def test_other_seeds_and_other_recipes_are_commands_of_their_own(kept) -> None:
    evaluation = kept.contenders[0].evaluations[0]
    several = changed(
        kept,
        {"title": "cnn", "model": "cnn", "recipe": recipe_of_cnn(None)},
        {"title": "cnn, best", "model": "cnn", "recipe": recipe_of_cnn("best")},
        {
            "title": "nets", "model": "a:nets", "recipe": None,
            "evaluations": {0: evaluation, 1: evaluation}, "errors": {2: "no"},
        },
    )  # fmt: skip
    assert compare_command(several, "digits").code.splitlines() == [
        "mnistkit compare cnn --dataset digits --seeds 1 --out digits",
        "mnistkit compare cnn --dataset digits --seeds 1 --recipe best --out digits",
        "mnistkit compare a:nets --dataset digits --seeds 3 --out digits",
    ]


def test_what_no_command_can_say_is_python_that_works(kept) -> None:
    augmented = mnistkit.Recipe(epochs=2, augmentation=mnistkit.Augmentation(rotation=5))
    own = changed(
        kept,
        {"title": "it's", "recipe": augmented, "options": {"num_classes": 10}},
        {"title": "local", "model": "__main__:make.<locals>.local", "recipe": None},
        {"title": "cnn, best", "model": "cnn", "recipe": recipe_of_cnn("best")},
    )
    repetition = compare_command(own, "")
    assert repetition.language == "python"
    assert repetition.note == (
        "Names without quotation marks are functions of the script; data stands for the data set "
        "that was given then (digits validation)."
    )
    given = {}

    def compare(contenders, data, **settings):
        given.update(contenders=contenders, data=data, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mnistkit, "compare", compare)
        exec(repetition.code, {"data": "the data", "local": len})
    assert given.pop("contenders") == [
        mnistkit.Contender("dense128", recipe=augmented, options={"num_classes": 10}, title="it's"),
        len,
        mnistkit.Contender("cnn", recipe="best"),
    ]
    assert given == {"data": "the data", "seeds": 1, "run_dir": "digits"}

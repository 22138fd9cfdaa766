from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import ComparisonError, WrongTypeError


def first(train, images, seed):
    """Train in its own way: chance."""
    return np.random.default_rng(seed).dirichlet(np.ones(len(train.classes)), len(images))


def second(train, images, seed):
    return first(train, images, seed + 10)


def fails(train, images, seed):
    raise ValueError("no")


@pytest.fixture(scope="module")
def compared() -> mnistkit.Comparison:
    return mnistkit.compare([first, second, fails], "digits", seeds=3)


def test_every_seed_and_every_mean_is_drawn_where_it_is(compared) -> None:
    ax = mnistkit.plot_comparison(compared)
    seeds = {
        tuple(line.get_ydata()): line.get_xdata()[0]
        for line in ax.lines
        if len(line.get_xdata()) == 3
    }
    for one in (compared["first"], compared["second"]):
        drawn = tuple(evaluation.accuracy for evaluation in one.evaluations.values())
        assert seeds[drawn] == one.cost.fit_seconds
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["first, 3 seeds", "second, 3 seeds"]  # what failed has no place
    assert ax.get_xlabel() == "seconds of a training"
    assert ax.get_ylabel() == "accuracy on digits validation"


def test_contenders_are_told_apart_without_colour(compared) -> None:
    ax = mnistkit.plot_comparison(compared)
    assert len({line.get_marker() for line in ax.lines if len(line.get_xdata()) == 3}) == 2


def test_it_draws_on_the_axes_that_it_is_given(compared) -> None:
    import matplotlib.pyplot as plt

    _, ax = plt.subplots()
    assert mnistkit.plot_comparison(compared, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_what_cannot_be_drawn_is_refused(compared) -> None:
    with pytest.raises(WrongTypeError, match=r"takes what mnistkit\.compare returned, not a list"):
        mnistkit.plot_comparison([compared])
    with pytest.raises(ComparisonError, match="against='beauty': expected one of 'fit_seconds'"):
        mnistkit.plot_comparison(compared, against="beauty")
    with pytest.raises(ComparisonError, match="no contender whose 'parameters' is known"):
        mnistkit.plot_comparison(compared, against="parameters")


def test_a_dollar_sign_in_a_title_is_one(compared) -> None:
    contenders = [mnistkit.Contender(first, title="$x_{$")]
    ax = mnistkit.plot_comparison(mnistkit.compare(contenders, "digits", seeds=1))
    ax.figure.canvas.draw()
    assert ax.get_legend().get_texts()[0].get_text() == "$x_{$, 1 seed"


@pytest.mark.parametrize("seconds", [(7.3, 7.3), (7.3, 16), (1, 90), (0.1, 4000)])
def test_the_axis_has_numbers_however_near_the_costs_are(compared, seconds) -> None:
    contenders = [
        dataclasses.replace(one, costs={0: dataclasses.replace(one.cost, fit_seconds=value)})
        for one, value in zip(compared.contenders, seconds, strict=False)
    ]
    drawn = dataclasses.replace(compared, contenders=tuple(contenders))
    ax = mnistkit.plot_comparison(drawn)
    low, high = ax.get_xlim()
    shown = [tick for tick in ax.get_xticks() if low <= tick <= high]
    assert 1 <= len(shown) <= 8

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

import mnistkit
from mnistkit.errors import TuningError, WrongTypeError
from mnistkit.tuning import TunedTrial


def trial(number, accuracy, rate, size, state="complete") -> TunedTrial:
    values = {"learning_rate": rate, "batch_size": size}
    return TunedTrial(number, state, values, accuracy, 0.1, (accuracy or 0.0,), 1.0)


@pytest.fixture
def tuning() -> mnistkit.Tuning:
    trials = (
        trial(0, 0.95, 0.002, 32),
        trial(1, 0.97, 0.01, 64),
        trial(2, 0.2, 0.5, 64, "pruned"),
        trial(3, None, 0.9, 32, "failed"),
        trial(4, 0.96, 0.02, 32),
    )
    return mnistkit.Tuning(
        model="dense128",
        recipe=mnistkit.Recipe(learning_rate=0.01, batch_size=64),
        options={},
        default_recipe=mnistkit.Recipe(),
        default_options={},
        best=trials[1],
        trials=trials,
        space={
            "learning_rate": mnistkit.log_uniform(1e-3, 1),
            "batch_size": mnistkit.choice(32, 64),
        },
        importances={"learning_rate": 0.8, "batch_size": 0.2},
        comparison=None,
        held_out_by="writer",
        name="mnist train",
        num_train=10,
        num_validation=5,
        seed=0,
    )


def drawn(ax, label) -> list[tuple[float, float]]:
    (line,) = (one for one in ax.lines if one.get_label() == label)
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_every_trial_is_drawn_where_it_is(tuning) -> None:
    ax = mnistkit.plot_tuning(tuning)
    assert drawn(ax, "trained to the end") == [(0, 0.95), (1, 0.97), (4, 0.96)]
    assert drawn(ax, "given up as hopeless") == [(2, 0.2)]
    assert drawn(ax, "the winner, trial 1") == [(1, 0.97)]
    assert ax.get_ylim()[0] > 0.9  # what was given up would hide the rest
    assert ax.get_xlabel() == "trial"
    best = next(one for one in ax.lines if one.get_drawstyle() == "steps-post")
    assert list(best.get_ydata()) == [0.95, 0.97, 0.97]


def test_values_are_drawn_on_the_scale_that_they_were_drawn_from(tuning) -> None:
    ax = mnistkit.plot_tuning(tuning, "learning_rate")
    assert ax.get_xscale() == "log"
    assert drawn(ax, "trained to the end") == [(0.002, 0.95), (0.01, 0.97), (0.02, 0.96)]
    ax = mnistkit.plot_tuning(tuning, against="batch_size")
    assert [one.get_text() for one in ax.get_xticklabels()] == ["32", "64"]
    assert drawn(ax, "the winner, trial 1") == [(1, 0.97)]


def test_what_mattered_is_drawn_largest_on_top(tuning) -> None:
    ax = mnistkit.plot_importances(tuning)
    assert [one.get_text() for one in ax.get_yticklabels()] == ["batch_size", "learning_rate"]
    assert [one.get_width() for one in ax.patches] == [0.2, 0.8]


def test_they_draw_on_the_axes_that_they_are_given(tuning) -> None:
    _, (left, right) = plt.subplots(ncols=2)
    assert mnistkit.plot_tuning(tuning, ax=left) is left
    assert mnistkit.plot_importances(tuning, ax=right) is right


def test_what_cannot_be_drawn_is_refused(tuning) -> None:
    with pytest.raises(
        WrongTypeError, match=r"plot_tuning takes what mnistkit\.tune returned, not a"
    ):
        mnistkit.plot_tuning(tuning.trials)
    with pytest.raises(TuningError, match="against='width': nothing of that name was tried; what"):
        mnistkit.plot_tuning(tuning, "width")
    unknown = mnistkit.Tuning(**{**vars(tuning), "importances": {}})
    with pytest.raises(TuningError, match="What matters is not known: that takes ten trials"):
        mnistkit.plot_importances(unknown)


def test_a_tuning_says_what_it_found(tuning) -> None:
    assert str(tuning).splitlines() == [
        "trial  accuracy          seconds  learning_rate  batch_size",
        "1      97.00%            1.0      0.01           64",
        "4      96.00%            1.0      0.02           32",
        "0      95.00%            1.0      0.002          32",
        "2      20.00%    pruned  1.0      0.5            64",
        "3      -         failed  1.0      0.9            32",
        "",
        "not held against the default",
        "what mattered: learning_rate 80%, batch_size 20%",
        (
            "(5 trials, 1 given up as hopeless, 1 failed; mnist train: each trained on 10 images "
            "and measured on 5 others, by writers of their own)"
        ),
    ]
    assert repr(tuning) == "<Tuning of 'dense128', 5 trials: not held against the default>"
    assert "<td>97.00%</td>" in tuning._repr_html_()

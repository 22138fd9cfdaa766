from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from mnistkit.errors import WrongTypeError
from mnistkit.plots import plot_history

HISTORY = {
    "accuracy": [0.9, 0.95, 0.97],
    "loss": [0.4, 0.2, 0.1],
    "val_accuracy": [0.93, 0.95, 0.96],
    "val_loss": [0.3, 0.2, 0.15],
    "learning_rate": [0.001, 0.001, 0.0005],
}


def lines(ax: Axes) -> dict[str, tuple[list[float], list[float]]]:
    return {
        str(line.get_label()): (
            np.asarray(line.get_xdata()).tolist(),
            np.asarray(line.get_ydata()).tolist(),
        )
        for line in ax.lines
    }


def test_each_quantity_gets_a_panel_loss_first() -> None:
    loss, accuracy = plot_history(HISTORY)
    assert isinstance(loss, Axes)
    assert loss.figure is accuracy.figure
    assert (loss.get_title(), accuracy.get_title()) == ("Loss", "Accuracy")
    assert lines(loss) == {
        "training": ([1, 2, 3], HISTORY["loss"]),
        "validation": ([1, 2, 3], HISTORY["val_loss"]),
    }
    assert lines(accuracy)["training"] == ([1, 2, 3], HISTORY["accuracy"])
    assert accuracy.get_xlabel() == "epoch"


def test_training_and_validation_differ_by_more_than_colour() -> None:
    training, validation = plot_history(HISTORY)[0].lines
    assert training.get_linestyle() != validation.get_linestyle()
    assert training.get_marker() != validation.get_marker()
    assert to_rgb(training.get_color()) != to_rgb(validation.get_color())
    legend = plot_history(HISTORY)[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "validation"]


def test_without_validation_there_is_one_line() -> None:
    (ax,) = plot_history({"loss": [0.4, 0.3]})
    assert list(lines(ax)) == ["training"]


def test_a_keras_history_counts_its_epochs_from_where_training_was_continued() -> None:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    history = model.fit(np.ones((4, 2)), np.ones(4), initial_epoch=5, epochs=7, verbose=0)
    (ax,) = plot_history(history)
    assert lines(ax)["training"] == ([6, 7], history.history["loss"])


@pytest.mark.parametrize("metrics", [["accuracy"], "accuracy"])
def test_metrics_can_be_chosen(metrics: list[str] | str) -> None:
    (ax,) = plot_history(HISTORY, metrics)
    assert ax.get_title() == "Accuracy"


def test_names_are_written_as_words() -> None:
    (ax,) = plot_history({"sparse_categorical_accuracy": [0.5]})
    assert ax.get_title() == "Sparse categorical accuracy"


def test_epochs_are_whole_numbers() -> None:
    for history in ({"loss": [0.5]}, {"loss": [0.5, 0.4]}, {"loss": [0.1] * 50}):
        (ax,) = plot_history(history)
        ax.figure.canvas.draw()
        assert all(tick == round(tick) for tick in ax.get_xticks())


def test_a_given_ax_is_used_and_no_figure_is_made() -> None:
    figure, axes = plt.subplots(1, 2)
    assert plot_history(HISTORY, ax=axes) == tuple(axes)
    assert plot_history(HISTORY, ["loss"], ax=axes[0]) == (axes[0],)
    assert plt.get_fignums() == [figure.number]


def test_too_few_axes_are_refused() -> None:
    _, ax = plt.subplots()
    message = r"2 quantities to draw \(loss, accuracy\), but 1 Axes.*metrics=\['loss'\]"
    with pytest.raises(ValueError, match=message):
        plot_history(HISTORY, ax=ax)


def test_diverged_training_can_be_drawn() -> None:
    (ax,) = plot_history({"loss": [1.0, float("inf"), float("nan")]})
    ax.figure.canvas.draw()


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match="has no 'auc', 'val_loss'; it has 'accuracy', 'loss'"):
        plot_history(HISTORY, ["loss", "auc", "val_loss"])
    with pytest.raises(ValueError, match="metrics=\\[\\] names nothing to draw; the history has"):
        plot_history(HISTORY, [])


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"val_loss": [1.0]}])
def test_a_history_without_epochs_is_refused(history: dict[str, list[float]]) -> None:
    with pytest.raises(ValueError, match=r"no epoch to draw in a history of \{.*call fit first"):
        plot_history(history)


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'val_loss': 1}.*validation_freq=1"):
        plot_history({"loss": [0.5, 0.4], "val_loss": [0.5]})


def test_something_else_is_refused() -> None:
    with pytest.raises(WrongTypeError, match=r"takes what fit returned, or .*, not a list\."):
        plot_history([0.5, 0.4])
    assert plt.get_fignums() == []

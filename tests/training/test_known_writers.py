"""An evaluation knows the writers of a split, and does not fail for want of them."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnistkit import Split, Trainer
from mnistkit.errors import LabelError, OfflineError

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = np.arange(40) % 4


@pytest.fixture(scope="module")
def trainer():
    layers = [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(4, "softmax")]
    return Trainer(keras.Sequential(layers))


def test_the_interval_is_by_writer_where_the_split_knows_them(trainer):
    split = Split(IMAGES, LABELS, writers=np.arange(40) // 5)
    result = trainer.evaluate(split)
    assert result.interval_method == "Wilson by writer"
    np.testing.assert_array_equal(result.writers, split.writers)
    assert trainer.evaluate(split[:10]).writers.tolist() == [0] * 5 + [1] * 5
    for data in (Split(IMAGES, LABELS), (IMAGES, LABELS)):
        without = trainer.evaluate(data)
        assert (without.writers, without.interval_method) == (None, "Wilson")
        assert without.accuracy == result.accuracy


def test_writers_that_cannot_be_fetched_are_said_to_be_missing_once(trainer, caplog):
    asked = []

    def offline():
        asked.append(1)
        raise OfflineError("the network is forbidden")

    split = Split(IMAGES, LABELS, writers=offline, dataset="somewhere", part="test")
    for _ in range(2):
        assert trainer.evaluate(split).interval_method == "Wilson"
    assert len(asked) == len(caplog.records) == 1
    assert "'somewhere test' could not be found out" in caplog.text
    assert "the network is forbidden" in caplog.text


def test_wrong_writers_are_an_error(trainer):
    with pytest.raises(LabelError, match="There are 40 images, but the writers have the shape"):
        trainer.evaluate(Split(IMAGES, LABELS, writers=lambda: [1, 2]))


@pytest.mark.mirror
def test_mnists_writers_make_the_interval_wider(mnist):
    result = Trainer("dense128", weights="mnist").evaluate(mnist.test)
    low, high = result.accuracy_interval
    assert result.interval_method == "Wilson by writer"
    assert (low, high) == pytest.approx((0.9775, 0.9856), abs=5e-4)

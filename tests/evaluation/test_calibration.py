from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnistkit import Calibration, Evaluation
from mnistkit.errors import ModelError, WrongTypeError
from mnistkit.evaluation import at_temperature


def evaluation_of(temperature: float, num_images: int = 4000, seed: int = 0) -> Evaluation:
    """Labels drawn from probabilities, told with logits that are so many times too large."""
    rng = np.random.default_rng(seed)
    true = at_temperature(rng.dirichlet(np.full(5, 0.3), num_images), 1.0)
    labels = (true.cumsum(axis=1) < rng.random((num_images, 1))).sum(axis=1).clip(0, 4)
    return Evaluation.from_probabilities(
        labels, at_temperature(true, 1 / temperature), name="drawn"
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_the_probabilities_were_spoilt_by_is_found(temperature):
    calibration = Calibration.of(evaluation_of(temperature))
    assert calibration.temperature == pytest.approx(temperature, rel=0.05)
    assert calibration.after.loss <= calibration.before.loss
    assert calibration.after.calibration_error < 0.03
    np.testing.assert_array_equal(calibration.after.predictions, calibration.before.predictions)


def test_what_it_says():
    calibration = Calibration.of(evaluation_of(2.0))
    assert str(calibration).startswith("temperature 2.0")
    assert "fitted on 4,000 images: loss" in str(calibration)
    assert repr(calibration) == f"<Calibration: {calibration}>"
    told = json.loads(json.dumps(calibration.to_dict()))
    assert told["data"] == "drawn"
    assert told["num_images"] == 4000
    assert told["loss"]["after"] < told["loss"]["before"]
    assert told["temperature"] == calibration.temperature


def test_images_that_are_all_read_right_do_not_say_it():
    sure = Evaluation.from_probabilities([0, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    with pytest.raises(ModelError, match="3 of 3 images are read right, and the loss goes on"):
        Calibration.of(sure)


def test_images_that_are_read_worse_than_by_chance_do_not_say_it():
    wrong = Evaluation.from_probabilities([1, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    with pytest.raises(ModelError, match=r"0 of 3 images are read right.* the highest temperature"):
        Calibration.of(wrong)


def test_what_is_no_evaluation():
    with pytest.raises(WrongTypeError, match=r"no Evaluation; give what trainer.evaluate"):
        Calibration.of([[0.5, 0.5]])


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda one: sum(one) > 0.1),
    st.floats(0.1, 10),
)
def test_probabilities_stay_probabilities_in_the_same_order(numbers, temperature):
    before = np.array([numbers]) / sum(numbers)
    after = at_temperature(before, temperature)
    assert after.sum() == pytest.approx(1, abs=1e-5)
    assert after[0, before[0].argmax()] == after.max()

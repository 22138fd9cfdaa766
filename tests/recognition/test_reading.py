from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from mnistkit import Digit, Reading
from mnistkit.errors import PictureError
from mnistkit.recognition.reading import percent


def digit(label, probability=0.9, warnings=()):
    probabilities = np.full(10, (1 - probability) / 9, np.float32)
    probabilities[label] = probability
    image = np.zeros((28, 28), np.uint8)
    return Digit(label, probability, probabilities, (1, 2, 3, 4), image, 1.0, warnings)


def test_a_reading_is_a_sequence_of_its_digits():
    zero, seven = digit(0), digit(7, 0.8)
    reading = Reading([zero, seven], "a.png")
    assert reading.digits == (zero, seven) == tuple(reading)
    assert reading[0] is zero
    assert reading[-1:] == (seven,)
    assert len(reading) == 2
    assert seven in reading
    with pytest.raises(IndexError):
        reading[2]


def test_the_digits_are_a_number():
    reading = Reading([digit(0), digit(0, 0.8), digit(7)])
    assert reading.text == "007"
    assert reading.number == 7
    assert reading.probability == 0.8


def test_without_digits_there_is_no_number():
    reading = Reading(warnings=("no digit found",))
    assert not reading
    assert reading.text == ""
    assert reading.number is None
    assert reading.probability == 0.0
    assert str(reading) == "no digits: no digit found"


def test_neither_readings_nor_digits_change():
    reading = Reading([digit(3)])
    with pytest.raises(FrozenInstanceError):
        reading.source = "b.png"
    with pytest.raises(FrozenInstanceError):
        reading[0].label = 4
    with pytest.raises(TypeError):
        reading[0] = digit(4)
    for array in (reading[0].image, reading[0].probabilities):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_each_warning_is_said_once():
    doubtful = digit(1, warnings=("several digits found", "not sure"))
    reading = Reading([doubtful, digit(2, warnings=("several digits found",))], "", ("very large",))
    assert reading.all_warnings == ("very large", "several digits found", "not sure")
    assert str(reading) == "12 (90.0%): very large, several digits found, not sure"
    assert str(doubtful) == "1 (90.0%): several digits found, not sure"


def test_plain_values():
    error = PictureError("'a.png' is no picture.")
    assert Reading(source="a.png", error=error).to_dict() == {
        "source": "a.png", "text": "", "probability": 0.0, "digits": [], "warnings": [],
        "error": "'a.png' is no picture.",
    }  # fmt: skip
    assert str(Reading(error=error)) == "not read: 'a.png' is no picture."
    plain = Reading([digit(3)]).to_dict()["digits"][0]
    assert plain["box"] == [1, 2, 3, 4]
    assert plain["probabilities"][3] == 0.9


def test_a_reading_can_be_pickled():
    before = Reading([digit(3)], "a.png")
    after = pickle.loads(pickle.dumps(before))
    assert after.to_dict() == before.to_dict()
    np.testing.assert_array_equal(after[0].image, before[0].image)


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.5, "50.0%"), (0.9994, "99.9%"), (0.9995, ">99.9%"), (1.0, ">99.9%")],
)
def test_nothing_is_certain(probability, text):
    assert percent(probability) == text

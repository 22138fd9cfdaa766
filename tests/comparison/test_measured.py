from __future__ import annotations

import json

import numpy as np
import pytest

from mnistkit import Evaluation
from mnistkit.comparison import Cost
from mnistkit.comparison.measured import Measured, read_measured, write_measured

DIGESTS = {"": "1", "emnist/digits": "2"}


@pytest.fixture
def folder(tmp_path):
    evaluation = Evaluation.from_probabilities([0, 1], [[0.75, 0.25], [0.5, 0.5]])
    write_measured(tmp_path, Measured(dict.fromkeys(DIGESTS, evaluation), Cost(1.5, 7)), DIGESTS)
    return tmp_path


def test_what_was_measured_is_read_again(folder) -> None:
    for wanted in (DIGESTS, None):
        read = read_measured(folder, wanted)
        assert read.cost == Cost(1.5, 7)
        assert list(read.evaluations) == list(DIGESTS)
        assert np.array_equal(read.evaluations[""].probabilities, [[0.75, 0.25], [0.5, 0.5]])
    assert list(read_measured(folder, {"": "1"}).evaluations) == [""]


def test_what_is_of_other_images_or_missing_is_not_taken(folder, tmp_path) -> None:
    assert read_measured(folder, {"": "3"}) is None
    assert read_measured(folder, {**DIGESTS, "usps": "4"}) is None
    assert read_measured(tmp_path / "nowhere", DIGESTS) is None


def test_what_was_damaged_or_changed_is_not_taken(folder) -> None:
    path = folder / "measured.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cost"]["fit_seconds"] = 0.1
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_measured(folder, DIGESTS) is None
    path.write_text("[", encoding="utf-8")
    assert read_measured(folder, DIGESTS) is None

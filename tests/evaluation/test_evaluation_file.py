"""An evaluation is read from its file as it was saved, or refused with words."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from mnistkit.errors import NpzError
from mnistkit.evaluation import Evaluation
from mnistkit.files.archives import read_whole_archive

LABELS = [0, 1, 1]
PROBABILITIES = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]
any_text = st.text(st.characters(), max_size=5)


@given(classes=st.tuples(any_text, any_text), name=any_text)
def test_what_is_saved_is_loaded(classes: tuple[str, str], name: str) -> None:
    result = Evaluation.from_probabilities(LABELS, PROBABILITIES, classes=classes, name=name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.npz"
        result.save(path)
        loaded = Evaluation.load(path)
    np.testing.assert_array_equal(loaded.labels, result.labels)
    np.testing.assert_array_equal(loaded.probabilities, result.probabilities)
    assert (loaded.classes, loaded.name, loaded.writers) == (classes, name, None)
    assert loaded.to_dict() == result.to_dict()


@given(writers=st.lists(st.integers(-5, 2**40), min_size=3, max_size=3))
def test_writers_are_saved_too(writers: list[int]) -> None:
    result = Evaluation.from_probabilities(LABELS, PROBABILITIES, writers=writers)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.npz"
        result.save(path)
        loaded = Evaluation.load(path)
    assert loaded.writers is not None
    assert loaded.writers.tolist() == writers
    assert loaded.to_dict() == result.to_dict()
    assert str(loaded) == str(result)


def test_saving_replaces_and_keeps_the_name_of_the_file(tmp_path: Path) -> None:
    for name in ("first", "second"):
        Evaluation.from_probabilities(LABELS, PROBABILITIES, name=name).save(tmp_path / "result")
    assert [path.name for path in tmp_path.iterdir()] == ["result"]
    assert Evaluation.load(str(tmp_path / "result")).name == "second"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.array([0, 1, 5])}, "The labels go from 0 to 5"),
        ({"probabilities": np.ones((3, 2), np.float32)}, "These are not probabilities"),
        ({"classes": np.frombuffer(b"[1, 2]", np.uint8)}, "'classes' in it is not a list of texts"),
        ({"classes": np.frombuffer(b"zero", np.uint8)}, "'classes' in it is not JSON"),
        ({"writers": np.array([1, 2])}, r"the writers have the shape \(2,\)"),
        ({"writers": np.array([0.5, 1, 2])}, "Writers are integers; these are of type float64"),
        ({"name": np.frombuffer(b"5", np.uint8)}, "'name' in it is not a text"),
        ({"name": np.frombuffer(b"\xff", np.uint8)}, "'name' in it is not JSON"),
    ],
)
def test_other_content_is_refused(
    tmp_path: Path, changes: dict[str, np.ndarray[Any, Any]], message: str
) -> None:
    path = tmp_path / "result.npz"
    Evaluation.from_probabilities(LABELS, PROBABILITIES).save(path)
    np.savez(path, allow_pickle=False, **(read_whole_archive(path) | changes))
    with pytest.raises(NpzError, match=message) as refusal:
        Evaluation.load(path)
    assert str(refusal.value).startswith("'result.npz' is not an evaluation that mnistkit saved")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "result.npz"
    Evaluation.from_probabilities(LABELS, PROBABILITIES).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(NpzError, match=r"'result.npz' is a damaged archive"):
        Evaluation.load(path)
    np.savez(path, labels=[0])
    with pytest.raises(NpzError, match="lacks the arrays"):
        Evaluation.load(path)
    with pytest.raises(FileNotFoundError):
        Evaluation.load(tmp_path / "other.npz")

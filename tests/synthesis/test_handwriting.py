"""The data set "handwriting": made once, kept, made again when damaged, with writers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import SplitError


@pytest.mark.usefixtures("mirror")
def test_it_is_made_once_and_made_again_when_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path))
    sizes = {"digits": 60, "pictures": 12, "others": 12, "processes": 1}
    made = mnistkit.load_dataset("handwriting", **sizes)
    assert made.classes == (*map(str, range(10)), "no digit")
    assert len(made.train) > 60
    assert len(made.test) >= 10
    mnist = mnistkit.load_dataset("mnist")
    np.testing.assert_array_equal(made.train.images[:60], mnist.train.images[:60])
    np.testing.assert_array_equal(made.test.images[:10], mnist.test.images[:10])
    rest, held_out = made.train.holdout(0.2, by="writer")
    assert not set(rest.writers) & set(held_out.writers)
    (kept,) = (tmp_path / "handwriting").glob("*.npz")
    content = kept.read_bytes()
    kept.write_bytes(content[:-1000])
    again = mnistkit.load_dataset("handwriting", **sizes)
    np.testing.assert_array_equal(again.train.images, made.train.images)
    assert kept.read_bytes() == content


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(SplitError, match="pictures=0 must be 6 or more"):
        mnistkit.load_dataset("handwriting", pictures=0)

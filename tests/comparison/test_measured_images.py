from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import mnistkit
from mnistkit.comparison import measured_images
from mnistkit.comparison.splits import keep
from mnistkit.errors import ComparisonError


def uniform(train, images, seed):
    """Train in its own way: not at all."""
    return np.full((len(images), len(train.classes)), 1 / len(train.classes))


def test_they_are_found_by_the_name_that_the_data_was_loaded_by() -> None:
    for on in ("holdout", "test"):
        comparison = mnistkit.compare([uniform], "digits", seeds=1, on=on)
        found = measured_images(comparison)
        assert found.dataset == "digits"
        result = comparison["uniform"].evaluations[0]
        np.testing.assert_array_equal(found.split.labels, result.labels)
        assert found.split.name == result.name


def test_data_that_is_given_is_held_against_the_digests(small, compared) -> None:
    found = measured_images(compared, small)
    assert found.dataset == ""
    assert len(found.split) == compared.num_measured
    with pytest.raises(ComparisonError, match="are not the 240 of the data set: their digests"):
        measured_images(compared, "digits")
    fewer = mnistkit.Dataset(small.train, small.test[:30], small.info)
    assert len(measured_images(compared, fewer).split) == compared.num_measured


@pytest.mark.parametrize("name", ["", "nets:data"])
def test_no_function_is_called_because_a_file_names_it(compared, name) -> None:
    unnamed = dataclasses.replace(compared, loaded_as=name)
    with pytest.raises(ComparisonError, match=r"not loaded by a name alone\. Give the data set"):
        measured_images(unnamed)


def test_images_in_the_folder_will_do(compared, small, tmp_path) -> None:
    (tmp_path / ".data").mkdir()
    split = measured_images(compared, small).split
    keep(split, tmp_path, compared.digests["measured"])
    elsewhere = dataclasses.replace(compared, run_dir=tmp_path)
    np.testing.assert_array_equal(measured_images(elsewhere).split.images, split.images)
    wrong = dataclasses.replace(elsewhere, digests={"measured": "0" * 32})
    keep(split, tmp_path, "0" * 32)
    with pytest.raises(ComparisonError, match="data without a name"):
        measured_images(wrong)

from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.comparison.splits import digest, keep, kept, splits_of


def test_a_split_is_kept_whole_for_other_processes(small, tmp_path) -> None:
    name = digest(small.train)
    keep(small.train, tmp_path, name)
    read = kept(tmp_path, name)
    assert digest(read) == name
    assert np.array_equal(read.writers, small.train.writers)
    assert (read.classes, read.name) == (small.train.classes, "small train")


@pytest.mark.parametrize(
    "change",
    [
        lambda split: split[1:],
        lambda split: split.replace(images=split.images ^ 1),
        lambda split: split.replace(labels=split.labels[::-1]),
        lambda split: split.replace(classes=["a", "b", "c"]),
        lambda split: split.replace(dataset="another"),
    ],
)
def test_other_images_labels_and_names_have_another_digest(small, change) -> None:
    assert digest(change(small.train)) != digest(small.train)


def test_corrupted_images_are_known_by_their_digests_before_they_are_made() -> None:
    data = mnistkit.load_dataset("digits")
    splits = splits_of(data, "test", (), robustness=True)
    digests = splits.digests
    assert len(set(digests.values())) == 1 + 15
    made = splits.by_digest()
    fog = made[digests["MNIST-C-like fog"]]
    assert np.array_equal(fog.images, mnistkit.corrupt(data.test.images, "fog"))
    assert fog.loaded_as == ""
    assert made.keys() == {*digests.values(), digest(data.train)}

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnistkit
from mnistkit import Split
from mnistkit.errors import ImageError, LabelError, SplitError


def split_of(labels, **options):
    labels = np.asarray(labels)
    images = np.arange(len(labels), dtype=np.uint16)[:, None, None] % 256 * np.ones((1, 4, 4))
    return Split(images.astype(np.uint8), labels, **options)


labels_and_fraction = st.tuples(
    st.lists(st.integers(0, 9), min_size=10, max_size=300), st.floats(0.1, 0.9)
)


@given(labels_and_fraction, st.integers(0, 2**32))
def test_holdout_by_class_is_disjoint_complete_stratified(case, seed):
    labels, fraction = case
    split = split_of(labels, writers=np.arange(len(labels)))
    rest, held_out = split.holdout(fraction, seed=seed)
    assert sorted([*rest.writers, *held_out.writers]) == list(range(len(labels)))
    assert len(held_out) == round(fraction * len(labels))
    for label in set(labels):
        share = labels.count(label) * len(held_out) / len(labels)
        assert abs((held_out.labels == label).sum() - share) < 1


@given(
    writers=st.lists(st.integers(0, 20), min_size=10, max_size=200).filter(
        lambda ids: len(set(ids)) > 1
    ),
    fraction=st.floats(0.1, 0.9),
    seed=st.integers(0, 2**32),
)
def test_holdout_by_writer_is_disjoint_complete_and_near(writers, fraction, seed):
    split = split_of(np.arange(len(writers)) % 10, writers=writers)
    rest, held_out = split.holdout(fraction, by="writer", seed=seed)
    assert not set(rest.writers) & set(held_out.writers)
    assert len(rest) + len(held_out) == len(split)
    assert len(rest) > 0
    assert len(held_out) > 0
    largest = max(map(writers.count, set(writers)))
    assert abs(len(held_out) - fraction * len(writers)) <= largest + 1


@given(st.integers(0, 2**32))
def test_holdout_is_a_function_of_the_seed(seed):
    split = split_of(np.arange(200) % 10, writers=np.arange(200))
    first, again = (split.holdout(0.3, seed=seed)[1].writers for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, split.holdout(0.3, seed=seed + 1)[1].writers)


def test_held_out_part_of_the_training_part_is_called_validation():
    split = split_of(np.arange(20) % 4, dataset="own", part="train")
    assert [part.name for part in split.holdout(0.5)] == ["own train", "own validation"]
    assert split_of([0, 1]).holdout(0.5)[1].name == ""


def test_holdout_keeps_the_order():
    rest, held_out = split_of(np.arange(50) % 5, writers=np.arange(50)).holdout(0.2)
    assert (np.diff(rest.writers) > 0).all()
    assert (np.diff(held_out.writers) > 0).all()


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_impossible_fraction(fraction):
    with pytest.raises(SplitError, match="must lie above 0 and below 1"):
        split_of([0, 1, 2]).holdout(fraction)


def test_fraction_that_leaves_nothing():
    with pytest.raises(SplitError, match="leaves one part empty"):
        split_of([0, 1, 2]).holdout(0.01)


def test_holdout_by_unknown_writers():
    with pytest.raises(SplitError, match="writers of 'this split' are not known"):
        split_of([0, 1, 2]).holdout(0.5, by="writer")


def test_holdout_by_the_only_writer():
    with pytest.raises(SplitError, match="by one writer"):
        split_of([0, 1, 2], writers=[7, 7, 7]).holdout(0.5, by="writer")


def test_holdout_by_something_else():
    with pytest.raises(SplitError, match="by='colour' is not a way to split"):
        split_of([0, 1, 2]).holdout(0.5, by="colour")


def test_it_is_a_sequence():
    split = split_of(np.arange(20) % 4, classes="abcd", dataset="own", part="train")
    part = split[5:15]
    assert isinstance(part, Split)
    assert len(part) == 10
    assert part.classes == ("a", "b", "c", "d")
    assert part.name == "own train"
    np.testing.assert_array_equal(part.labels, split.labels[5:15])
    np.testing.assert_array_equal(part.images, split.images[5:15])
    np.testing.assert_array_equal(split[[3, 1]].labels, split.labels[[3, 1]])
    np.testing.assert_array_equal(split[split.labels == 2].labels, 2)
    assert len(split.take(3)) == 3
    assert len(split.take(1000)) == 20


def test_classes_stay_when_a_part_lacks_some():
    assert len(split_of([0, 1, 2, 9])[:2].classes) == 10


def test_shuffle_is_a_seeded_permutation():
    split = split_of(np.arange(100) % 10, writers=np.arange(100))
    assert sorted(split.shuffle(3).writers) == list(range(100))
    np.testing.assert_array_equal(split.shuffle(3).writers, split.shuffle(3).writers)
    assert not np.array_equal(split.shuffle(3).writers, split.shuffle(4).writers)


@pytest.mark.parametrize("key", [slice(5, 5), [], np.zeros(10, bool)])
def test_empty_selection(key):
    with pytest.raises(SplitError, match="selects none of the 10 images"):
        split_of(np.arange(10))[key]


def test_a_split_does_not_pass_for_empty():
    with pytest.raises(TypeError, match=r"For pairs write zip\(split.images, split.labels\)"):
        list(split_of([0, 1]))


def test_at_most_256_classes():
    with pytest.raises(LabelError, match="There are 300 classes; labels are uint8"):
        split_of([0, 1], classes=[str(n) for n in range(300)])


def test_a_single_image_is_not_a_split():
    with pytest.raises(IndexError, match=r"For one image use split.images\[i\]"):
        split_of(np.arange(10))[3]


@pytest.mark.parametrize("count", [0, -1])
def test_take_nothing(count):
    with pytest.raises(SplitError, match="must be 1 or more"):
        split_of([0, 1]).take(count)


def test_arrays_are_ready_for_keras():
    images, labels = split_of([0, 1, 2]).arrays()
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    assert images.max() == np.float32(2 / 255)


def test_arrays_cannot_be_changed():
    split = split_of([0, 1, 2], writers=[1, 2, 3])
    for array in (split.images, split.labels, split.writers):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_writers_are_fetched_once_and_only_when_needed():
    calls = []

    def fetch():
        calls.append(1)
        return np.arange(10)

    split = split_of(np.arange(10), writers=fetch)
    part = split[2:5][1:]
    assert not calls
    assert part.writers.tolist() == [3, 4]
    assert split.writers.tolist() == list(range(10))
    assert len(calls) == 1


def test_wrong_number_of_writers():
    with pytest.raises(LabelError, match="expected one writer an image"):
        _ = split_of([0, 1], writers=[1, 2, 3]).writers


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((0, 28, 28), np.uint8), "There are no images in an array of shape"),
        (np.zeros((28, 28), np.uint8), "For a single picture add the first axis"),
        (np.zeros(3), "not a list of pictures"),
        (np.full((1, 2, 2), np.nan), "NaN or infinite"),
        (np.full((1, 2, 2), 1.5), "from 1.5 to 1.5, outside 0 to 1"),
        (np.full((1, 2, 2), -0.1), "outside 0 to 1"),
        (np.full((1, 2, 2), 256), "from 256 to 256, outside 0 to 255"),
        (np.full((1, 2, 2), -1), "outside 0 to 255"),
        (np.full((1, 2, 2), "a"), "cannot be of type <U1"),
        (np.full((1, 2, 2), 1j), "cannot be of type complex"),
    ],
)
def test_bad_images(images, message):
    with pytest.raises(ImageError, match=message):
        Split(images, [0])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0], r"2 images, but the labels have the shape \(1,\)"),
        ([[0], [1]], r"the shape \(2, 1\)"),
        ([0.0, 1.0], "integers from 0; these are of type float64"),
        ([-1, 0], "go from -1 to 0"),
        ([0, 3], "go from 0 to 3; expected 0 to 2 for the 3 classes"),
        ([0, 300], "go from 0 to 300"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(LabelError, match=message):
        Split(np.zeros((2, 3, 3), np.uint8), labels, classes="abc")


def test_floats_and_booleans_become_uint8():
    assert Split([[[0.0, 0.5, 1.0]]], [0]).images.tolist() == [[[0, 128, 255]]]
    assert Split([[[True, False]]], [0]).images.tolist() == [[[255, 0]]]


def test_repr_says_what_it_is():
    split = mnistkit.load_dataset("digits").test
    assert repr(split) == "<Split digits test: 360 images of 28x28, 10 classes>"

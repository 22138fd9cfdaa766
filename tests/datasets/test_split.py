from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnistkit
from mnistkit import Split
from mnistkit.errors import ImageError, LabelError, MnistKitError, SplitError


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


@given(st.lists(st.integers(0, 9), min_size=10, max_size=200), st.integers(2, 10), st.integers(0))
def test_kfold_by_class_holds_out_each_image_once_and_is_stratified(labels, k, seed):
    split = split_of(labels, writers=np.arange(len(labels)), part="train")
    folds = list(split.kfold(k, seed=seed))
    assert len(folds) == k
    assert sorted(np.concatenate([part.writers for _, part in folds])) == list(range(len(labels)))
    for rest, part in folds:
        assert sorted([*rest.writers, *part.writers]) == list(range(len(labels)))
        assert (rest.part, part.part) == ("train", "validation")
        assert abs(len(part) - len(labels) / k) < 1
        for label in set(labels):
            assert abs((part.labels == label).sum() - labels.count(label) / k) < 1


@given(st.lists(st.integers(0, 20), min_size=10, max_size=200), st.integers(2, 5), st.integers(0))
def test_kfold_by_writer_divides_nobody(writers, k, seed):
    split = split_of(np.arange(len(writers)) % 10, writers=writers)
    if len(set(writers)) < k:
        with pytest.raises(SplitError, match=f"writers cannot be divided into k={k} parts"):
            split.kfold(k, by="writer", seed=seed)
        return
    folds = list(split.kfold(k, by="writer", seed=seed))
    assert sorted(np.concatenate([part.writers for _, part in folds])) == sorted(writers)
    for rest, part in folds:
        assert len(rest) + len(part) == len(split)
        assert not set(rest.writers) & set(part.writers)
    sizes = [len(part) for _, part in folds]
    assert max(sizes) - min(sizes) <= max(map(writers.count, set(writers)))


def test_kfold_is_a_function_of_the_seed():
    split = split_of(np.arange(200) % 10, writers=np.arange(200))
    for by in ("class", "writer"):
        first, again, other = (
            [part.writers.tolist() for _, part in split.kfold(4, by=by, seed=seed)]
            for seed in (1, 1, 2)
        )
        assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 1}, "k=1 must be 2 or more"),
        ({"k": 2.5}, "k=2.5 must be a whole number"),
        ({"k": 6}, "5 images cannot be divided into k=6 parts"),
        ({"k": 2, "by": "colour"}, "by='colour' is not a way to split"),
        ({"k": 2, "by": "writer"}, "are not known"),
        ({"k": 2, "seed": -1}, "seed=-1 must be 0 or more"),
    ],
)
def test_impossible_kfold(arguments, message):
    with pytest.raises(SplitError, match=message):
        split_of([0, 1, 2, 3, 4]).kfold(**arguments)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=200), st.integers(1, 210), st.integers(0))
def test_take_by_class_is_stratified_and_keeps_the_order(labels, count, seed):
    split = split_of(labels, writers=np.arange(len(labels)))
    taken = split.take(count, by="class", seed=seed)
    assert len(taken) == min(count, len(labels))
    assert (np.diff(taken.writers) > 0).all()
    np.testing.assert_array_equal(taken.labels, split.labels[taken.writers])
    for label in set(labels):
        share = labels.count(label) * len(taken) / len(labels)
        assert abs((taken.labels == label).sum() - share) < 1


def test_take_draws_by_the_seed():
    split = split_of(np.arange(200) % 10, writers=np.arange(200), part="train")
    drawn = [split.take(40, by="class", seed=seed).writers.tolist() for seed in (None, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert split.take(40, by="class").part == "train"
    assert split.take(40).writers.tolist() == list(range(40))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 3}, "seed=3 has no effect on which images come first"),
        ({"by": "writer"}, "by='writer' is not a way to take images; use 'class'"),
        ({"by": "class", "seed": -1}, "seed=-1 must be 0 or more"),
    ],
)
def test_impossible_take(arguments, message):
    with pytest.raises(SplitError, match=message):
        split_of([0, 1, 2]).take(2, **arguments)


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


def test_more_than_256_classes():
    labels = np.arange(300)
    for names in (None, [f"kanji {n}" for n in range(300)]):
        split = split_of(labels, classes=names)
        assert split.labels.dtype == np.uint16
        assert len(split.classes) == 300
        np.testing.assert_array_equal(split.labels, labels)
        rest, part = split.replace(labels=labels // 2, classes=names).holdout(0.5, seed=0)
        np.testing.assert_array_equal(np.sort([*rest.labels, *part.labels]), labels // 2)
    assert split_of([0, 1], classes=split.classes).labels.dtype == np.uint16
    assert split_of(labels[:256]).labels.dtype == np.uint8


def test_at_most_65536_classes():
    with pytest.raises(LabelError, match=r"There are 70000 classes; expected 1 to 65,536\."):
        split_of([0, 1], classes=range(70_000))


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


def test_what_was_given_is_not_locked_and_not_copied_without_need():
    images, labels = np.zeros((3, 4, 4), np.uint8), np.zeros(3, np.uint8)
    split = Split(images, labels, writers=np.arange(3))
    images[0] = 7
    assert split.images[0, 0, 0] == 7
    received = pickle.loads(pickle.dumps(split[1:]))
    for array in (received.images, received.labels, received.writers):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError, match="does not change"):
        received.part = "test"


def test_a_split_does_not_change():
    split = split_of([0, 1, 2], dataset="own")
    for name in ("images", "labels", "writers", "classes", "dataset", "part", "loaded_as", "new"):
        with pytest.raises(AttributeError, match=f"does not change, so its '{name}' cannot be set"):
            setattr(split, name, "other")
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del split.dataset
    data = mnistkit.Dataset.from_splits(split, 0.4, mnistkit.DatasetInfo("own"))
    with pytest.raises(AttributeError):
        data.train = data.test
    assert split.part == ""


def test_replace_keeps_the_rest():
    split = mnistkit.load_dataset("digits").train
    odd = split.replace(labels=split.labels % 2, classes=["even", "odd"])
    assert odd.labels.tolist() == (split.labels % 2).tolist()
    assert odd.classes == ("even", "odd")
    assert (odd.name, odd.loaded_as, split.loaded_as) == ("digits train", "", "digits")
    named = split.replace(dataset="mine", part="all", loaded_as="mine")
    assert (named.name, named.loaded_as) == ("mine all", "mine")
    np.testing.assert_array_equal(named.images, split.images)
    inverted = split.replace(images=255 - split.images)
    assert inverted.loaded_as == ""
    np.testing.assert_array_equal(inverted.labels, split.labels)


def test_replace_keeps_the_writers_unless_there_are_others():
    calls = []
    split = split_of([0, 1, 2], writers=lambda: calls.append(1) or [5, 6, 7])
    assert split.replace(labels=[1, 1, 1])[1:].writers.tolist() == [6, 7]
    assert split.replace(part="test").writers.tolist() == [5, 6, 7]
    assert split.writers.tolist() == [5, 6, 7]
    assert split.replace(writers=[1, 2, 3]).writers.tolist() == [1, 2, 3]
    assert len(calls) == 1
    with pytest.raises(LabelError, match="expected one writer per image"):
        split.replace(images=np.zeros((2, 4, 4), np.uint8), labels=[0, 1], writers=[1, 2, 3])
    with pytest.raises(LabelError, match="go from 0 to 3; expected 0 to 2"):
        split.replace(labels=[0, 1, 3])


def test_concatenate_puts_one_after_the_other():
    data = mnistkit.load_dataset("digits")
    both = Split.concatenate([data.train, data.test])
    np.testing.assert_array_equal(both.images, np.r_[data.train.images, data.test.images])
    np.testing.assert_array_equal(both.labels, np.r_[data.train.labels, data.test.labels])
    assert (both.dataset, both.part, both.loaded_as) == ("digits", "", "digits")
    assert both.classes == data.classes
    again = Split.concatenate(part for part in data.train.holdout(0.2, seed=0))
    assert sorted(again.labels) == sorted(data.train.labels)


def test_concatenate_knows_the_writers_if_all_are_known():
    calls = []
    asked = split_of([0, 1], dataset="a", writers=lambda: calls.append(1) or [7, 8])
    same, other = (split_of([0, 1], dataset=name, writers=[8, 9]) for name in "ab")
    of_one = Split.concatenate([asked, same])
    of_two = Split.concatenate([asked[1:], same, other])
    assert calls == []
    assert of_one.writers.tolist() == [7, 8, 8, 9]
    eight, also_eight, nine, *others = of_two.writers
    assert eight == also_eight != nine
    assert len({eight, nine, *others}) == 4
    assert pickle.loads(pickle.dumps(of_two[1:3])).writers.tolist() == [eight, nine]
    assert Split.concatenate([same, split_of([0, 1])]).writers is None


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([], "no splits to concatenate"),
        (5, "5 is not a list of splits"),
        (split_of([0, 1]), "is not a list of splits"),
        ([split_of([0, 1]), "a"], "'a' is not a split"),
        ([split_of([0, 1]), split_of([0, 2])], "they must be the same"),
        ([split_of([0, 1]), Split(np.zeros((2, 3, 3), np.uint8), [0, 1])],
         r"shape \(4, 4\), another \(3, 3\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_concatenated(splits, message):
    with pytest.raises(SplitError, match=message):
        Split.concatenate(splits)


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
    with pytest.raises(LabelError, match="expected one writer per image"):
        split_of([0, 1], writers=[1, 2, 3])


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
        ([[0, 1]], r"the shape \(1, 2\).*become one row with labels\.ravel\(\)"),
        ([0.0, 1.0], "integers from 0; these are of type float64"),
        ([-1, 0], "go from -1 to 0"),
        ([0, 3], "go from 0 to 3; expected 0 to 2 for the 3 classes"),
        ([0, 300], "go from 0 to 300"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(LabelError, match=message):
        Split(np.zeros((2, 3, 3), np.uint8), labels, classes="abc")


PICTURES = np.zeros((4, 3, 3), np.uint8)


class Unwilling:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today")

    def __repr__(self):
        raise RuntimeError("no name")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([[[1, 2], [3]]], "The images cannot form an array"),
        ([np.zeros((2, 2)), np.zeros((3, 3))], "The images cannot form an array"),
        (Unwilling(), r"The images cannot form an array \(no array today\)"),
        ([[[object()]]], "cannot be of type object"),
        ([[[2**70]]], "cannot be of type object"),
        (None, "cannot be of type object"),
        ("a.png", "cannot be of type <U5"),
        (np.zeros((1, 2, 2), "M8[s]"), "cannot be of type datetime64"),
        (np.zeros((1, 2, 2), [(f"field{n}", "u1") for n in range(100)]), "cannot be of type"),
        (np.zeros((1, 2, 2), bytes), "cannot be of type"),
        (5, r"Images of shape \(\) are not a list of pictures"),
        (np.zeros((1, 2, 2, 1, 1)), "are not a list of pictures"),
    ],
)
def test_what_is_no_images(images, message):
    with pytest.raises(ImageError, match=message) as caught:
        Split(images, [0])
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("shape", "labels", "advice"),
    [
        ((40, 784), 40, "images.reshape(-1, 28, 28)"),
        ((40, 64), 40, "images.reshape(-1, 8, 8)"),
        ((1, 784), 1, "images.reshape(-1, 28, 28)"),
        ((16, 16), 16, "images.reshape(-1, 4, 4)"),
        ((16, 16), 1, "images[None]"),
        ((28, 28), 1, "images[None]"),
        ((784,), 1, "images.reshape(1, 28, 28)"),
        ((3,), 3, None),
        ((1, 3), 1, None),
        ((2, 1, 1, 1, 1), 2, None),
    ],
)
def test_advice_fits_the_shape_of_the_images(shape, labels, advice):
    images, labels = np.zeros(shape, np.uint8), np.zeros(labels, int)
    with pytest.raises(ImageError) as caught:
        Split(images, labels)
    message = str(caught.value)
    assert ("images.reshape" in message or "images[None]" in message) == (advice is not None)
    if advice:
        assert advice in message
        advised = eval(advice, {"images": images})
        assert len(Split(advised, labels)) == len(labels)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0], [1, 2], [3], [4]], "The labels cannot form an array"),
        (Unwilling(), "The labels cannot form an array"),
        (5, r"the shape \(\)"),
        (None, r"the shape \(\)"),
        ([0, 1, 2, 2**70], "of type object. Names become numbers with|Some are no class numbers"),
        ([0, 1, 2, 10**12], "go from 0 to 1000000000000"),
        (np.array([0, 1, 2, 2**64 - 1], np.uint64), "go from 0 to 18446744073709551615"),
        ([0.0, 1.0, np.nan, 2.0], "of type float64. Some are no class numbers at all"),
        ([0.0, 1.5, 1.0, 2.0], "of type float64. Some are no class numbers at all"),
        ([0.0, 1e300, 1.0, 2.0], "of type float64. Some are no class numbers at all"),
        ([0.0, 1.0, 2.0, 3.0], r"with labels\.astype\(int\)"),
        ([True, False, True, True], r"of type bool. They become integers with labels\.astype"),
        (["0", "1", "2", "3"], r"with labels\.astype\(int\)"),
        (["cat", "dog", "dog", "cat"], r"numpy\.unique\(labels, return_inverse=True\)"),
        (np.array(["a", 1, None, 2], object), r"numpy\.unique"),
        (np.array([0, 1, 2, 3], object), r"with labels\.astype\(int\)"),
        (np.zeros(4, complex), "of type complex128"),
        (np.zeros(4, "M8[s]"), "of type datetime64"),
        (np.zeros(4, [("a", "i4")]), "these are of type"),
        (np.zeros((4, 0)), r"the shape \(4, 0\)"),
    ],
)
def test_what_is_no_labels(labels, message):
    for wrong in (
        lambda: Split(PICTURES, labels),
        lambda: mnistkit.Dataset.from_arrays((PICTURES, labels), 0.5),
        lambda: mnistkit.Dataset.from_arrays((PICTURES, [0, 1, 2, 3]), (PICTURES, labels)),
    ):
        with pytest.raises(LabelError, match=message) as caught:
            wrong()
        assert len(str(caught.value)) < 600


@pytest.mark.parametrize("labels", [["0", "1", "2", "3"], [0.0, 1.0, 2.0, 3.0], [True] * 4])
def test_advised_types_are_right(labels):
    labels = np.array(labels)
    with pytest.raises(LabelError, match="astype"):
        Split(PICTURES, labels)
    assert Split(PICTURES, labels.astype(int)).labels.tolist() == [int(one) for one in labels]


def test_labels_in_one_column_are_labels():
    assert Split(PICTURES, [[0], [1], [2], [0]]).labels.tolist() == [0, 1, 2, 0]
    split = Split(PICTURES, [0, 1, 2, 0], writers=[[5], [6], [7], [8]])
    assert split.writers.tolist() == [5, 6, 7, 8]


def test_only_one_hot_labels_are_advised_to_become_numbers():
    with pytest.raises(LabelError, match=r"become class numbers with labels\.argmax\(axis=1\)"):
        Split(PICTURES, np.eye(4))
    for labels in (np.ones((4, 3)), np.zeros((4, 3)), np.eye(3), np.eye(4) * 2, np.eye(4) * np.nan,
                   np.array([["a", "b"]] * 4)):  # fmt: skip
        with pytest.raises(LabelError) as caught:
            Split(PICTURES, labels)
        assert "argmax" not in str(caught.value)


@pytest.mark.parametrize(
    "writers",
    [["a", "b", "c", "d"], [0.5, 1, 2, 3], [[1], [2, 3], [4], [5]], [1, 2, np.nan, 3], [True] * 4,
     [1, 2, 3, 2**63], [1, 2, 3, 2**70], 5, "abcd", Unwilling(), np.eye(4, dtype=int)],
)  # fmt: skip
def test_wrong_writers(writers):
    with pytest.raises(LabelError, match=r"[Ww]riters"):
        Split(PICTURES, [0, 1, 2, 3], writers=writers)
    split = Split(PICTURES, [0, 1, 2, 3], writers=lambda: writers)
    with pytest.raises(LabelError, match=r"[Ww]riters"):
        _ = split.writers


@pytest.mark.parametrize("classes", [5, Unwilling(), {"a", "b"}, [], "", 1.5])
def test_wrong_classes(classes):
    for wrong in (
        lambda: Split(PICTURES, [0, 1, 0, 1], classes=classes),
        lambda: mnistkit.Dataset.from_arrays((PICTURES, [0, 1, 0, 1]), classes=classes),
    ):
        with pytest.raises(LabelError, match="classes"):
            wrong()


def test_classes_may_come_one_by_one():
    data = mnistkit.Dataset.from_arrays(
        (PICTURES, [0, 1, 0, 1]), (PICTURES, [0] * 4), classes=(name for name in "ab")
    )
    assert data.classes == data.info.classes == ("a", "b")


@pytest.mark.parametrize(
    "fraction",
    ["0.1", None, True, [0.1], 0.1j, float("inf"), np.float32("nan"), Unwilling(), 10**400],
)  # fmt: skip
def test_what_is_no_fraction(fraction):
    split = split_of(np.arange(20) % 2)
    with pytest.raises(SplitError, match=r"fraction=.* must lie above 0 and below 1"):
        split.holdout(fraction)


@pytest.mark.parametrize("seed", ["3", None, True, 1.5, -1, [1], Unwilling()])
def test_what_is_no_seed(seed):
    split = split_of(np.arange(20) % 2, writers=np.arange(20))
    for wrong in (
        lambda: split.shuffle(seed),
        lambda: split.holdout(0.5, seed=seed),
        lambda: split.holdout(0.5, by="writer", seed=seed),
    ):
        with pytest.raises(SplitError, match=r"seed=.* must be"):
            wrong()


@pytest.mark.parametrize("count", ["3", None, 2.0, [2]])
def test_what_is_no_count(count):
    with pytest.raises(SplitError, match=r"count=.* must be a whole number"):
        split_of([0, 1]).take(count)


def test_numbers_of_numpy_are_numbers():
    split = split_of(np.arange(100) % 10)
    for number in (np.float32(0.25), np.float64(0.25), np.float16(0.25), np.array(0.25)):
        part = split.holdout(number, seed=np.int64(3))[1]
        np.testing.assert_array_equal(part.images, split.holdout(0.25, seed=3)[1].images)
        arrays = (split.images, split.labels)
        assert len(mnistkit.Dataset.from_arrays(arrays, number).test) == len(part) == 25
    assert len(split.take(np.uint8(7))) == 7
    np.testing.assert_array_equal(split.shuffle(np.uint8(7)).labels, split.shuffle(7).labels)


@pytest.mark.parametrize("key", [[[1], [2, 3]], Unwilling(), "a", None, 1.5])
def test_wrong_keys_are_index_errors(key):
    with pytest.raises(IndexError):
        split_of([0, 1])[key]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers()
    | st.text(max_size=3) | st.binary(max_size=3) | st.just(object())
    | st.integers(0, 3).map(np.uint8) | st.integers(0, 3).map(np.zeros),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)  # fmt: skip


@given(ANYTHING, ANYTHING)
def test_anything_is_a_split_or_an_error_of_mnistkit(images, labels):
    for make in (
        lambda: Split(images, labels),
        lambda: Split(PICTURES, labels, classes=images),
        lambda: mnistkit.Dataset.from_arrays((PICTURES, labels), images),
        lambda: mnistkit.Dataset.from_arrays((PICTURES, [0, 1, 0, 1]), (images, labels)),
        lambda: Split(PICTURES, [0, 1, 0, 1], writers=labels).holdout(0.5, by="writer"),
    ):
        try:
            made = make()
        except MnistKitError as error:
            assert len(str(error)) < 600  # noqa: PT017  (some of this does make one)
        else:
            assert made is not None


def test_a_memory_mapped_array_is_not_copied(tmp_path):
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.uint8, (4, 3, 3))
    assert np.shares_memory(Split(mapped, [0, 1, 2, 3]).images, mapped)


def test_floats_and_booleans_become_uint8():
    assert Split([[[0.0, 0.5, 1.0]]], [0]).images.tolist() == [[[0, 128, 255]]]
    assert Split([[[True, False]]], [0]).images.tolist() == [[[255, 0]]]


def test_repr_says_what_it_is():
    split = mnistkit.load_dataset("digits").test
    assert repr(split) == "<Split digits test: 360 images of 28x28, 10 classes>"


# Sent to another process -------------------------------------------------------------------------


def ask_for_writers():
    return np.arange(5000) // 10


@pytest.mark.parametrize(
    "writers",
    [None, np.arange(5000) // 10, ask_for_writers, lambda: np.arange(5000) // 10],
    ids=["none", "known", "asked for", "asked for by a function of a script"],
)
@pytest.mark.parametrize(
    "part",
    [
        lambda split: split[:10],
        lambda split: split.take(10),
        lambda split: split.shuffle(3)[-10:],
        lambda split: split[np.arange(5000) % 500 == 7],
        lambda split: split[1000:][::2][:10],
        lambda split: split.holdout(0.1, seed=1)[1][:10],
    ],
)
def test_ten_images_are_sent_at_the_cost_of_ten(part, writers):
    images = np.random.default_rng(0).integers(0, 256, (5000, 28, 28), dtype=np.uint8)
    split = part(Split(images, np.arange(5000) % 10, writers=writers, dataset="mine", part="train"))
    content = pickle.dumps(split)
    assert len(content) < 10 * 28 * 28 + 2000
    sent = pickle.loads(content)
    np.testing.assert_array_equal(sent.images, split.images)
    np.testing.assert_array_equal(sent.labels, split.labels)
    assert (sent.classes, sent.name) == (split.classes, split.name)
    if writers is None:
        assert sent.writers is None
    else:
        np.testing.assert_array_equal(sent.writers, split.writers)
        np.testing.assert_array_equal(sent[2:5].writers, split.writers[2:5])


def test_a_data_set_is_sent_as_large_as_it_is(mnist):
    content = pickle.dumps(mnist)
    assert len(content) < 1.02 * (mnist.train.images.nbytes + mnist.test.images.nbytes) + 100_000
    sent = pickle.loads(content)
    assert sent.train.writers is not None
    assert len(set(sent.test[:100].writers)) == len(set(mnist.test[:100].writers))


def test_writers_are_asked_for_once():
    asked = []

    def ask():
        asked.append(1)
        return np.arange(20)

    split = Split(np.zeros((20, 8, 8), np.uint8), np.zeros(20, int), writers=ask)
    first, second = split[:10], split[10:]
    assert first.writers.tolist() == list(range(10))
    assert second[5:].writers.tolist() == [15, 16, 17, 18, 19]
    assert split.writers.tolist() == list(range(20))
    assert len(asked) == 1

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

from mnistkit.errors import LabelError, ModelError, WrongTypeError
from mnistkit.evaluation import Evaluation, Mistake

if TYPE_CHECKING:
    from numpy.typing import NDArray

LABELS = np.array([0, 1, 2, 2, 1], dtype=np.uint8)
PROBABILITIES = np.array(
    [
        [0.8, 0.1, 0.1],
        [0.6, 0.3, 0.1],  # a 1 taken for a 0, at 60%
        [0.0, 0.1, 0.9],
        [0.05, 0.9, 0.05],  # a 2 taken for a 1, at 90%
        [0.2, 0.5, 0.3],
    ],
    dtype=np.float32,
)


@pytest.fixture
def result() -> Evaluation:
    return Evaluation.from_probabilities(
        LABELS, PROBABILITIES, classes=["zero", "one", "two"], name="small test"
    )


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    num_examples = draw(st.integers(1, 40))
    num_classes = draw(st.integers(1, 6))
    scores = draw(hnp.arrays(np.float64, (num_examples, num_classes), elements=st.floats(0, 1)))
    # Small whole weights give ties, zeros and rows with all the weight on one class.
    weights = np.where(scores.sum(axis=1, keepdims=True) == 0, 1.0, scores)
    probabilities = weights / weights.sum(axis=1, keepdims=True)
    labels = draw(hnp.arrays(np.uint8, num_examples, elements=st.integers(0, num_classes - 1)))
    return Evaluation.from_probabilities(labels, probabilities)


def test_predictions_are_the_most_probable_classes(result: Evaluation) -> None:
    assert result.predictions.tolist() == [0, 0, 2, 1, 1]
    assert result.correct.tolist() == [True, False, True, False, True]
    assert (result.num_examples, result.num_mistakes, result.num_classes) == (5, 2, 3)
    assert result.accuracy == 0.6


def test_of_equal_probabilities_the_first_class_is_predicted() -> None:
    assert Evaluation.from_probabilities([1], [[0.5, 0.5]]).predictions.tolist() == [0]


def test_types_are_as_documented(result: Evaluation) -> None:
    assert result.labels.dtype == np.int64
    assert result.probabilities.dtype == np.float32
    assert result.predictions.dtype == np.int64
    assert result.confusion_matrix.dtype == np.int64
    assert result.correct.dtype == np.bool_
    assert isinstance(result.accuracy, float)
    assert isinstance(result.loss, float)
    assert result.classes == ("zero", "one", "two")


def test_classes_are_named_by_number_unless_names_are_given() -> None:
    assert Evaluation.from_probabilities([1, 0], np.eye(2)).classes == ("0", "1")


def test_confusion_matrix_has_true_classes_in_rows(result: Evaluation) -> None:
    assert result.confusion_matrix.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]


def test_loss_is_the_mean_negative_log_likelihood(result: Evaluation) -> None:
    expected = -np.log([0.8, 0.3, 0.9, 0.05, 0.5]).mean()
    assert result.loss == pytest.approx(expected, rel=1e-6)
    assert result.loss == pytest.approx(log_loss(LABELS, PROBABILITIES), rel=1e-6)


def test_a_sure_mistake_costs_what_keras_makes_it_cost() -> None:
    sure = Evaluation.from_probabilities([1], [[1.0, 0.0]])
    assert sure.loss == pytest.approx(-np.log(1e-7))


def test_only_classes_of_the_images_are_scored() -> None:
    """Sevens alone, of which one was taken for a one."""
    probabilities = np.full((4, 10), 0.05)
    probabilities[np.arange(4), [7, 7, 1, 7]] = 0.55
    result = Evaluation.from_probabilities([7] * 4, probabilities)
    assert [(one.name, one.recall, one.support) for one in result.per_class] == [("7", 0.75, 4)]
    assert len(result.report().splitlines()) == 4
    assert result.confusion_matrix.shape == (10, 10)


def test_mistakes_come_most_confident_first(result: Evaluation) -> None:
    assert result.mistakes() == (
        Mistake(
            index=3,
            label=2,
            predicted=1,
            probability=float(np.float32(0.9)),
            true_probability=float(np.float32(0.05)),
        ),
        Mistake(
            index=1,
            label=1,
            predicted=0,
            probability=float(np.float32(0.6)),
            true_probability=float(np.float32(0.3)),
        ),
    )


def test_mistakes_can_be_limited(result: Evaluation) -> None:
    assert result.mistakes(1) == result.mistakes()[:1]
    assert result.mistakes(0) == ()
    assert result.mistakes(100) == result.mistakes()
    with pytest.raises(ValueError, match="k=-1 mistakes cannot be listed; use 0 or more"):
        result.mistakes(-1)


@pytest.mark.parametrize(
    "name", ["labels", "probabilities", "predictions", "correct", "confusion_matrix"]
)
def test_arrays_cannot_be_written_to(result: Evaluation, name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(result, name)[0] = 0


def test_arrays_are_copies() -> None:
    labels, probabilities = LABELS.astype(np.int64), PROBABILITIES.copy()
    result = Evaluation.from_probabilities(labels, probabilities)
    labels[:] = 0
    probabilities[:] = 1 / 3
    assert result.num_mistakes == 2
    assert labels.flags.writeable
    assert probabilities.flags.writeable


def test_fields_cannot_be_replaced(result: Evaluation) -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        result.name = "better"


def test_two_evaluations_are_equal_only_if_they_are_one(result: Evaluation) -> None:
    twin = Evaluation.from_probabilities(result.labels, result.probabilities)
    assert result == result  # noqa: PLR0124  (that is the question)
    assert result != twin
    assert len({result, twin}) == 2


def test_str_is_one_line() -> None:
    labels = np.zeros(10_000, dtype=int)
    probabilities = np.tile([0.95, 0.05], (10_000, 1))
    probabilities[:198] = [0.4, 0.6]
    result = Evaluation.from_probabilities(labels, probabilities, name="mnist test")
    assert str(result) == (
        "mnist test: 98.02% correct (95% interval 97.73 to 98.28), 198 mistakes in 10,000, "
        "loss 0.0684"
    )
    assert repr(result) == f"<Evaluation: {result}>"


@pytest.mark.parametrize(
    ("num_mistakes", "text"),
    [(0, "no mistakes in 3,"), (1, "1 mistake in 3,"), (2, "2 mistakes in 3,")],
)
def test_str_counts_mistakes(num_mistakes: int, text: str) -> None:
    labels = np.array([0] * (3 - num_mistakes) + [1] * num_mistakes)
    result = Evaluation.from_probabilities(labels, np.tile([0.9, 0.1], (3, 1)))
    assert text in str(result)


def test_report_has_a_line_for_each_class(result: Evaluation) -> None:
    lines = result.report().splitlines()
    assert lines[0] == str(result)
    assert [line.split() for line in lines[3:]] == [
        ["zero", "50.00%", "100.00%", "66.67%", "1"],
        ["one", "50.00%", "50.00%", "50.00%", "2"],
        ["two", "100.00%", "50.00%", "66.67%", "2"],
    ]
    assert len({len(line) for line in lines[2:]}) == 1, "the columns are aligned"


class _Table(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.append(" ".join([tag, *(f"{key}={value}" for key, value in attrs)]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_html_is_a_table_with_a_caption_and_headings(result: Evaluation) -> None:
    table = _Table(result._repr_html_())
    assert table.open == []
    assert table.tags.count("th scope=col") == 5
    assert table.tags.count("th scope=row") == 3
    assert table.texts[0] == str(result)
    assert table.texts[-5:] == ["two", "100.00%", "50.00%", "66.67%", "2"]


def test_html_escapes_names() -> None:
    evil = "<script>alert('&')</script>"
    result = Evaluation.from_probabilities([0, 1], np.eye(2), classes=[evil, "b"], name=evil)
    table = _Table(result._repr_html_())
    assert not any(tag.startswith("script") for tag in table.tags)
    assert evil in table.texts
    assert table.texts[0].startswith(evil)


def test_to_dict_is_complete_and_plain(result: Evaluation) -> None:
    record = result.to_dict()
    assert record == {
        "name": "small test",
        "num_examples": 5,
        "num_mistakes": 2,
        "accuracy": 0.6,
        "accuracy_interval": list(result.accuracy_interval),
        "interval_method": "Wilson",
        "loss": result.loss,
        "brier_score": result.brier_score,
        "calibration_error": result.calibration_error,
        "classes": ["zero", "one", "two"],
        "confusion_matrix": [[1, 0, 0], [1, 1, 0], [0, 1, 1]],
        "per_class": record["per_class"],
    }
    assert record["per_class"][1] == {
        "name": "one",
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "support": 2,
    }


def test_calibration_error_is_that_of_the_definition() -> None:
    """Two bins: around 0.9 half is right, around 0.6 all."""
    probabilities = [[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]]
    result = Evaluation.from_probabilities([0, 1, 0, 1], probabilities)
    assert result.calibration_error == pytest.approx((2 * (0.9 - 0.5) + 2 * (1 - 0.6)) / 4)


def test_calibration_error_of_probabilities_that_mean_what_they_say() -> None:
    generator = np.random.default_rng(0)
    first = generator.uniform(0.5, 1, 50_000)
    labels = (generator.uniform(size=50_000) > first).astype(int)
    result = Evaluation.from_probabilities(labels, np.stack([first, 1 - first], axis=1))
    assert result.calibration_error < 0.01


@given(evaluations())
def test_to_dict_survives_json(result: Evaluation) -> None:
    record = result.to_dict()
    assert json.loads(json.dumps(record, allow_nan=False)) == record


@given(evaluations())
def test_accuracy_is_the_diagonal_of_the_confusion_matrix(result: Evaluation) -> None:
    assert result.confusion_matrix.sum() == result.num_examples
    assert result.accuracy == np.trace(result.confusion_matrix) / result.num_examples
    assert result.num_mistakes == len(result.mistakes())


@given(evaluations())
def test_confusion_matrix_and_scores_are_those_of_scikit_learn(result: Evaluation) -> None:
    classes = range(result.num_classes)
    assume(result.num_classes > 1)  # scikit-learn warns about a single class
    expected = confusion_matrix(result.labels, result.predictions, labels=classes)
    np.testing.assert_array_equal(result.confusion_matrix, expected)
    scores = precision_recall_fscore_support(
        result.labels, result.predictions, labels=np.unique(result.labels), zero_division=0
    )
    np.testing.assert_array_equal(
        [[s.precision, s.recall, s.f1, s.support] for s in result.per_class],
        np.column_stack(scores),
    )


@given(st.integers(1, 200_000), st.data())
def test_interval_is_that_of_scipy_and_contains_the_accuracy(
    num_examples: int, data: st.DataObject
) -> None:
    num_correct = data.draw(st.integers(0, num_examples))
    probabilities = np.tile([1.0, 0.0], (num_examples, 1))
    labels = (np.arange(num_examples) >= num_correct).astype(int)
    result = Evaluation.from_probabilities(labels, probabilities)
    low, high = result.accuracy_interval
    assert 0 <= low <= result.accuracy <= high <= 1
    expected = binomtest(num_correct, num_examples).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(evaluations())
def test_mistakes_are_wrong_complete_and_sorted(result: Evaluation) -> None:
    mistakes = result.mistakes()
    assert {mistake.index for mistake in mistakes} == set(np.flatnonzero(~result.correct))
    for mistake in mistakes:
        row = result.probabilities[mistake.index]
        assert mistake.label == result.labels[mistake.index] != mistake.predicted
        assert mistake.probability == row[mistake.predicted] >= mistake.true_probability
        assert mistake.true_probability == row[mistake.label]
    order = [(-mistake.probability, mistake.index) for mistake in mistakes]
    assert order == sorted(order)


@given(evaluations())
def test_loss_is_finite_and_not_negative(result: Evaluation) -> None:
    assert 0 <= result.loss <= -np.log(1e-7) + 1e-9


def test_arguments_of_a_wrong_kind_are_refused(result: Evaluation) -> None:
    for wrong in ("3", 1.5, [1]):
        with pytest.raises(WrongTypeError, match="expected how many mistakes, or None for all"):
            result.mistakes(wrong)  # type: ignore[arg-type]
    assert result.mistakes(np.int64(1)) == result.mistakes(1)
    with pytest.raises(WrongTypeError, match="name=3: expected a str"):
        Evaluation.from_probabilities(LABELS, PROBABILITIES, name=3)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="classes=3: expected a sequence of names"):
        Evaluation.from_probabilities(LABELS, PROBABILITIES, classes=3)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="The probabilities cannot form an array"):
        Evaluation.from_probabilities([0, 1], [[1, 0], [1]])
    with pytest.raises(LabelError, match="The labels cannot form an array"):
        Evaluation.from_probabilities([0, [1]], [[0.5, 0.5], [0.5, 0.5]])


BAD_PROBABILITIES: dict[str, tuple[object, str]] = {
    "one number an image": (
        np.array([0.1, 0.9]),
        r"have the shape \(2,\); expected \(n, num_classes\).*softmax",
    ),
    "no image": (np.zeros((0, 10)), r"have the shape \(0, 10\)"),
    "no class": (np.zeros((3, 0)), r"have the shape \(3, 0\)"),
    "a number": (0.5, r"have the shape \(\)"),
    "classes instead of probabilities": (
        np.array([[1, 0], [0, 1]]),
        "of type int64; expected floating-point.*before any argmax",
    ),
    "NaN": (
        np.array([[np.nan, 1], [0.5, 0.5]]),
        "1 of 2 rows of probabilities contain NaN or infinite.*smaller learning rate",
    ),
    "infinite": (np.array([[np.inf, 1], [np.inf, 1]]), "2 of 2 rows"),
    "logits": (
        np.array([[0.5, 0.5], [-2.0, 7.0]]),
        "row 1 adds up to 5, and the smallest value is -2.*keras.ops.softmax",
    ),
    "negative, though adding up to 1": (
        np.array([[1.5, -0.5], [0.5, 0.5]]),
        "the smallest value is -0.5",
    ),
    "not quite adding up to 1": (
        np.array([[0.5, 0.5], [0.5, 0.506]]),
        "row 1 adds up to 1.006",
    ),
}


@pytest.mark.parametrize(
    ("probabilities", "message"), BAD_PROBABILITIES.values(), ids=BAD_PROBABILITIES
)
def test_bad_probabilities_are_refused(probabilities: NDArray[np.float64], message: str) -> None:
    with pytest.raises(ModelError, match=re.compile(message, re.DOTALL)):
        Evaluation.from_probabilities([0, 1], probabilities)


def test_half_precision_rounding_is_accepted() -> None:
    probabilities = np.full((2, 7), 1 / 7, dtype=np.float16)
    assert Evaluation.from_probabilities([0, 1], probabilities).accuracy == 0.5


BAD_LABELS: dict[str, tuple[object, str]] = {
    "too few": ([0, 1], r"for 5 images, but the labels have the shape \(2,\).*same order"),
    "none": ([], r"the labels have the shape \(0,\)"),
    "one-hot": (np.eye(3)[LABELS], r"the labels have the shape \(5, 3\); expected \(5,\)"),
    "floats": (LABELS.astype(float), r"are of type float64.*labels.astype\(int\)"),
    "truth values": (LABELS > 0, "are of type bool"),
    "names": (["a", "b", "c", "d", "e"], "are of type <U1"),
    "too large": (
        [0, 1, 2, 3, 9],
        r"go from 0 to 9, but there are probabilities for 3 classes.*len\(split.classes\)",
    ),
    "negative": ([-1, 0, 0, 0, 0], "go from -1 to 0"),
}


@pytest.mark.parametrize(("labels", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_refused(labels: object, message: str) -> None:
    with pytest.raises(LabelError, match=re.compile(message, re.DOTALL)):
        Evaluation.from_probabilities(labels, PROBABILITIES)


def test_names_of_classes_must_be_as_many_as_the_columns() -> None:
    with pytest.raises(LabelError, match=r"2 names of classes, \('a', 'b'\).*for 3 classes"):
        Evaluation.from_probabilities(LABELS, PROBABILITIES, classes=["a", "b"])


def test_the_constructor_checks_too() -> None:
    with pytest.raises(LabelError, match="go from 0 to 2"):
        Evaluation(LABELS.astype(np.int64), np.tile(np.float32(0.5), (5, 2)), ("a", "b"))

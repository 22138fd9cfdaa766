"""Evaluation: what a model said about labelled images, and how often it was right."""

from __future__ import annotations

import html
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.errors import LabelError, ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

# How far from 1 the probabilities of one image may add up: room for half-precision rounding.
_SUM_TOLERANCE = 5e-3
# Keras clips there before it takes the logarithm: a sure mistake costs 16.1, not infinity.
_CALIBRATION_BINS = 15
_SMALLEST_PROBABILITY = 1e-7


@dataclass(frozen=True)
class ClassScore:
    """How well one class is recognised.

    Attributes
    ----------
    name : str
        What the class is called.
    precision : float
        Of the images that were called this class, the share that are it; 0 if none was.
    recall : float
        Of the images that are this class, the share that were called it; 0 if there are none.
    f1 : float
        The harmonic mean of precision and recall.
    support : int
        How many images are this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Mistake:
    """One image that was taken for something else.

    Attributes
    ----------
    index : int
        Its position in the split that was evaluated.
    label : int
        The class that it is.
    predicted : int
        The class that it was taken for.
    probability : float
        What the model gave to the class that it took it for.
    true_probability : float
        What the model gave to the class that it is.
    """

    index: int
    label: int
    predicted: int
    probability: float
    true_probability: float


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """What a model said about labelled images, and how often it was right.

    Usually made by ``Trainer.evaluate``, or from plain arrays by `from_probabilities`. It does not
    change: its arrays are read-only copies. Two evaluations are equal only if they are the same
    object; compare what they hold instead.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        The class that each image is, from 0 to ``num_classes - 1``.
    probabilities : array_like of float, shape (n, num_classes)
        What the model gave to each class; each row adds up to 1, to within 0.005.
    classes : sequence of str
        What the classes are called.
    name : str, default ""
        What was evaluated, for instance ``"mnist test"``.

    Attributes
    ----------
    labels : numpy.ndarray of int64, shape (n,)
    probabilities : numpy.ndarray of float32, shape (n, num_classes)
    classes : tuple of str
    name : str

    Raises
    ------
    LabelError
        If the labels are not integers, out of range, or not as many as the probabilities; or if
        the classes' names are not as many as the columns.
    ModelError
        If the probabilities are wrongly shaped, empty, not finite, or do not add up to 1.

    Examples
    --------
    >>> result = Evaluation.from_probabilities(
    ...     labels=[0, 1, 1],
    ...     probabilities=[[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]],
    ...     classes=["zero", "one"],
    ... )
    >>> print(result)
    66.67% correct (95% interval 20.77 to 93.85), 1 mistake in 3, loss 0.5108
    >>> result.confusion
    array([[1, 0],
           [1, 1]])
    >>> result.mistakes()[0].index
    2
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    name: str = ""

    def __post_init__(self) -> None:
        probabilities = _checked_probabilities(self.probabilities)
        labels = _checked_labels(self.labels, *probabilities.shape)
        object.__setattr__(self, "probabilities", probabilities)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "classes", _checked_classes(self.classes, probabilities.shape[1]))

    @classmethod
    def from_probabilities(
        cls,
        labels: ArrayLike,
        probabilities: ArrayLike,
        *,
        classes: Sequence[str] | None = None,
        name: str = "",
    ) -> Evaluation:
        """Evaluate plain arrays, for instance those of a model that mnistkit did not train.

        Parameters
        ----------
        labels : array_like of int, shape (n,)
            The class that each image is, from 0 to ``num_classes - 1``.
        probabilities : array_like of float, shape (n, num_classes)
            What the model gave to each class; each row adds up to 1, to within 0.005.
        classes : sequence of str, optional
            What the classes are called. By default they are named by number.
        name : str, default ""
            What was evaluated, for instance ``"mnist test"``.

        Raises
        ------
        LabelError, ModelError
            As the class does.

        Examples
        --------
        >>> Evaluation.from_probabilities([1, 0], [[0.1, 0.9], [0.6, 0.4]]).accuracy
        1.0
        """
        given = np.asarray(probabilities)
        if classes is None:
            classes = [str(number) for number in range(given.shape[-1] if given.ndim else 0)]
        return cls(np.asarray(labels), given, tuple(classes), name)

    @property
    def num_examples(self) -> int:
        """How many images were evaluated."""
        return len(self.labels)

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    @cached_property
    def predictions(self) -> NDArray[np.int64]:
        """The most probable class of each image, int64 (n,); of equal ones the first."""
        return _read_only(self.probabilities.argmax(axis=1).astype(np.int64))

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Which predictions are right, bool (n,)."""
        return _read_only(self.predictions == self.labels)

    @property
    def num_mistakes(self) -> int:
        """How many predictions are wrong."""
        return int(np.count_nonzero(~self.correct))

    @property
    def accuracy(self) -> float:
        """The share of predictions that are right, from 0 to 1."""
        return (self.num_examples - self.num_mistakes) / self.num_examples

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Wilson's 95% interval for the accuracy, as (low, high), from 0 to 1.

        It says how far chance alone, in the choice of these images, may have moved the accuracy.
        It knows nothing of the chance in training: another seed gives another model.

        References
        ----------
        E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
        Journal of the American Statistical Association 22 (1927), 209-212.
        """
        return _wilson_interval(self.num_examples - self.num_mistakes, self.num_examples)

    @cached_property
    def loss(self) -> float:
        """The mean negative log-likelihood of the true classes, in nats.

        Probabilities are first clipped to between 1e-7 and 1 - 1e-7, as Keras does.
        """
        true = self._true_probabilities.astype(np.float64)
        clipped = np.clip(true, _SMALLEST_PROBABILITY, 1 - _SMALLEST_PROBABILITY)
        return float(-np.log(clipped).mean())

    @cached_property
    def calibration_error(self) -> float:
        """How far the probabilities are from the share of right answers, from 0 to 1.

        The expected calibration error: predictions are put into 15 equal bins by the probability
        of the predicted class; in each bin, the mean probability is compared with the share that
        is right; the differences are averaged, weighted by the number of predictions.

        References
        ----------
        C. Guo et al., "On calibration of modern neural networks", ICML 2017.
        """
        probability = self.probabilities.max(axis=1).astype(np.float64)
        bins = np.minimum((probability * _CALIBRATION_BINS).astype(np.int64), _CALIBRATION_BINS - 1)
        surplus = np.bincount(bins, weights=probability - self.correct)
        return float(np.abs(surplus).sum() / self.num_examples)

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """How many images of each class were taken for which, int64 (num_classes, num_classes).

        Rows are what the images are, columns what they were taken for.
        """
        cells = self.labels * self.num_classes + self.predictions
        counts = np.bincount(cells, minlength=self.num_classes**2).astype(np.int64)
        return _read_only(counts.reshape(self.num_classes, self.num_classes))

    @cached_property
    def per_class(self) -> tuple[ClassScore, ...]:
        """Precision, recall and F1 of each class, as scikit-learn computes them."""
        # Here and not at the top: it takes a second to import, and few ask for it.
        from sklearn.metrics import precision_recall_fscore_support

        columns = precision_recall_fscore_support(
            self.labels, self.predictions, labels=range(self.num_classes), zero_division=0
        )
        return tuple(
            ClassScore(name, float(precision), float(recall), float(f1), int(support))
            for name, precision, recall, f1, support in zip(self.classes, *columns, strict=True)
        )

    def mistakes(self, k: int | None = None) -> tuple[Mistake, ...]:
        """List the images that were taken for something else, the most confident mistake first.

        Parameters
        ----------
        k : int, optional
            How many at most; all of them by default.

        Returns
        -------
        tuple of Mistake
            Sorted by the probability of the class that was predicted, then by position.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([0, 0], [[0.4, 0.6], [0.2, 0.8]])
        >>> [mistake.index for mistake in result.mistakes()]
        [1, 0]
        """
        if k is not None and k < 0:
            raise ValueError(f"k={k!r} mistakes cannot be listed; use 0 or more, or None for all.")
        wrong = np.flatnonzero(~self.correct)
        confidence = self.probabilities.max(axis=1)[wrong]
        order = wrong[np.argsort(-confidence, kind="stable")][:k]
        return tuple(
            Mistake(
                index=int(index),
                label=int(self.labels[index]),
                predicted=int(self.predictions[index]),
                probability=float(self.probabilities[index].max()),
                true_probability=float(self._true_probabilities[index]),
            )
            for index in order
        )

    def report(self) -> str:
        """Write the result as text: one line for the whole, one for each class.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([1, 0], [[0.1, 0.9], [0.6, 0.4]])
        >>> print(result.report())
        100.00% correct (95% interval 34.24 to 100.00), no mistakes in 2, loss 0.3081
        <BLANKLINE>
        class  precision   recall       F1   images
        0        100.00%  100.00%  100.00%        1
        1        100.00%  100.00%  100.00%        1
        """
        width = max(len("class"), *map(len, self.classes))
        lines = [str(self), "", f"{'class':<{width}}  precision   recall       F1   images"]
        lines += [
            f"{score.name:<{width}}  {score.precision:>9.2%}  {score.recall:>7.2%}  "
            f"{score.f1:>7.2%}  {score.support:>7,}"
            for score in self.per_class
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Write the result in plain Python values, ready for JSON.

        The labels and the probabilities of the single images are left out.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([1, 0], [[0.1, 0.9], [0.6, 0.4]], name="two")
        >>> record = result.to_dict()
        >>> record["name"], record["accuracy"], record["confusion"]
        ('two', 1.0, [[1, 0], [0, 1]])
        """
        return {
            "name": self.name,
            "num_examples": self.num_examples,
            "num_mistakes": self.num_mistakes,
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.accuracy_interval),
            "loss": self.loss,
            "calibration_error": self.calibration_error,
            "classes": list(self.classes),
            "confusion": self.confusion.tolist(),
            "per_class": [asdict(score) for score in self.per_class],
        }

    def __str__(self) -> str:
        low, high = self.accuracy_interval
        count = f"{self.num_mistakes:,}" if self.num_mistakes else "no"
        mistakes = f"{count} mistake{'' if self.num_mistakes == 1 else 's'}"
        return (
            f"{self.name + ': ' if self.name else ''}{self.accuracy:.2%} correct "
            f"(95% interval {100 * low:.2f} to {100 * high:.2f}), "
            f"{mistakes} in {self.num_examples:,}, loss {self.loss:.4f}"
        )

    def __repr__(self) -> str:
        return f"<Evaluation: {self}>"

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th scope="col">{title}</th>'
            for title in ("Class", "Precision", "Recall", "F1", "Images")
        )
        rows = "".join(
            f'<tr><th scope="row">{html.escape(score.name)}</th><td>{score.precision:.2%}</td>'
            f"<td>{score.recall:.2%}</td><td>{score.f1:.2%}</td><td>{score.support:,}</td></tr>"
            for score in self.per_class
        )
        return (
            f"<table><caption>{html.escape(str(self))}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )

    @property
    def _true_probabilities(self) -> NDArray[np.float32]:
        """What the model gave to the class that each image is, float32 (n,)."""
        return self.probabilities[np.arange(self.num_examples), self.labels]


def _wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95% interval for a share.

    SciPy has it too, but importing scipy.stats takes a second, and every printed result needs it.
    """
    z = NormalDist().inv_cdf(0.975)
    share = successes / trials
    scale = 1 + z**2 / trials
    middle = (share + z**2 / (2 * trials)) / scale
    half = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / scale
    # At both ends the exact value is known; rounding must not push the share out of its interval.
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return low, high


def _checked_probabilities(probabilities: ArrayLike) -> NDArray[np.float32]:
    given = np.asarray(probabilities)
    if given.ndim != 2 or given.size == 0:
        raise ModelError(
            f"The probabilities have the shape {given.shape}; expected (n, num_classes), one row "
            "an image and one column a class, at least one of each. "
            "A model ends in Dense(num_classes, activation='softmax')."
        )
    if not np.issubdtype(given.dtype, np.floating):
        raise ModelError(
            f"The probabilities are of type {given.dtype}; expected floating-point numbers. "
            "Give what model.predict returns, before any argmax."
        )
    if not np.isfinite(given).all():
        raise ModelError(
            f"{np.count_nonzero(~np.isfinite(given).all(axis=1)):,} of {len(given):,} rows of "
            "probabilities contain NaN or infinite values: the training has probably diverged. "
            "Try a smaller learning rate."
        )
    sums = given.sum(axis=1, dtype=np.float64)
    worst = int(np.abs(sums - 1).argmax())
    if given.min() < 0 or abs(sums[worst] - 1) > _SUM_TOLERANCE:
        raise ModelError(
            f"These are no probabilities: row {worst} adds up to {sums[worst]:.6g}, and the "
            f"smallest value is {given.min():.6g}; expected rows of values from 0 to 1 that add "
            "up to 1. If they are logits, apply a softmax first: "
            "keras.ops.softmax(logits), or activation='softmax' in the last layer."
        )
    return _read_only(given.astype(np.float32))


def _checked_labels(labels: ArrayLike, num_examples: int, num_classes: int) -> NDArray[np.int64]:
    given = np.asarray(labels)
    if given.shape != (num_examples,):
        raise LabelError(
            f"There are probabilities for {num_examples:,} images, but the labels have the shape "
            f"{given.shape}; expected ({num_examples},), one class number an image. "
            "Evaluate the same images, in the same order, that were predicted."
        )
    if not np.issubdtype(given.dtype, np.integer):
        raise LabelError(
            f"Labels are class numbers, integers from 0; these are of type {given.dtype}. "
            "Whole numbers in another type become labels with labels.astype(int)."
        )
    if given.min() < 0 or given.max() >= num_classes:
        raise LabelError(
            f"The labels go from {given.min()} to {given.max()}, but there are probabilities for "
            f"{num_classes} classes; expected 0 to {num_classes - 1}. "
            "Build the model with num_classes=len(split.classes)."
        )
    return _read_only(given.astype(np.int64))


def _checked_classes(classes: Sequence[str], num_classes: int) -> tuple[str, ...]:
    names = (classes,) if isinstance(classes, str) else tuple(map(str, classes))
    if len(names) != num_classes:
        raise LabelError(
            f"There are {len(names)} names of classes, {names!r}, but probabilities for "
            f"{num_classes} classes; expected one name a class, in the order of the columns."
        )
    return names


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array

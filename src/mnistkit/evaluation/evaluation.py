"""Evaluation: what a model said about labelled images, and how often it was right."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import LabelError, ModelError, WrongTypeError
from mnistkit.evaluation.brier import brier_by_class
from mnistkit.evaluation.checks import (
    checked_classes,
    checked_labels,
    checked_probabilities,
    checked_writers,
    read_only,
    refuse_less,
)
from mnistkit.evaluation.class_score import ClassScore, class_scores
from mnistkit.evaluation.confusion import Confusion, sorted_confusions
from mnistkit.evaluation.doubtful_label import DoubtfulLabel, most_doubtful
from mnistkit.evaluation.evaluation_file import (
    not_an_evaluation,
    read_evaluation,
    write_evaluation,
)
from mnistkit.evaluation.interval import effective_sample_size, wilson_interval
from mnistkit.evaluation.mistake import Mistake, surest_mistakes
from mnistkit.evaluation.reliability import ReliabilityBin, calibration_error, reliability_bins
from mnistkit.evaluation.risk_coverage import RiskCoverage, risk_coverage
from mnistkit.evaluation.tables import class_table, text_table
from mnistkit.evaluation.writer_score import WriterScore, writer_scores
from mnistkit.images.arrays import as_array
from mnistkit.messages import shown

_CALIBRATION_BINS = 15
# Keras clips there before it takes the logarithm: a sure mistake costs 16.1, not infinity.
_SMALLEST_PROBABILITY = 1e-7


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
    writers : array_like of int, shape (n,), optional
        Who wrote each image, where that is known. It makes `accuracy_interval` wider.

    Attributes
    ----------
    labels : numpy.ndarray of int64, shape (n,)
    probabilities : numpy.ndarray of float32, shape (n, num_classes)
    classes : tuple of str
    name : str
    writers : numpy.ndarray of int64, shape (n,), or None

    Raises
    ------
    LabelError
        If the labels or writers are not integers, out of range, or not as many as the
        probabilities; or if the classes' names are not as many as the columns.
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
    >>> result.confusion_matrix
    array([[1, 0],
           [1, 1]])
    >>> result.mistakes()[0].index
    2
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    classes: tuple[str, ...]
    name: str = ""
    writers: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise WrongTypeError(f"name={shown(self.name)}: expected a str.")
        probabilities = checked_probabilities(self.probabilities)
        labels = checked_labels(self.labels, *probabilities.shape)
        object.__setattr__(self, "probabilities", probabilities)
        object.__setattr__(self, "labels", labels)
        if self.writers is not None:
            object.__setattr__(self, "writers", checked_writers(self.writers, len(labels)))
        object.__setattr__(self, "classes", checked_classes(self.classes, probabilities.shape[1]))

    @classmethod
    def from_probabilities(
        cls,
        labels: ArrayLike,
        probabilities: ArrayLike,
        *,
        classes: Sequence[str] | None = None,
        name: str = "",
        writers: ArrayLike | None = None,
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
        writers : array_like of int, shape (n,), optional
            Who wrote each image, where that is known.

        Raises
        ------
        LabelError, ModelError
            As the class does.

        Examples
        --------
        >>> Evaluation.from_probabilities([1, 0], [[0.1, 0.9], [0.6, 0.4]]).accuracy
        1.0
        """
        given = as_array(probabilities, "probabilities", ModelError)
        if classes is None:
            classes = [str(number) for number in range(given.shape[-1] if given.ndim else 0)]
        numbers = as_array(labels, "labels", LabelError)
        authors = None if writers is None else as_array(writers, "writers", LabelError)
        return cls(numbers, given, classes, name, authors)  # type: ignore[arg-type]  # checked

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
        return read_only(self.probabilities.argmax(axis=1).astype(np.int64))

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Which predictions are right, bool (n,)."""
        return read_only(self.predictions == self.labels)

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
        """The 95% interval for the accuracy, as (low, high), from 0 to 1.

        It says how far chance alone, in the choice of these images, may have moved the accuracy.
        It knows nothing of the chance in training: another seed gives another model.

        It is Wilson's. Where the writers are known, there is chance in the choice of the writers
        too: a model that fails with a writer fails with many of this writer's images. Then so many
        images are counted as would say as much if each had a writer of its own: by the
        cluster-robust variance of the accuracy, and Student's quantile for as many writers. From a
        handful of mistakes little is seen of how writers differ; then it may still be too narrow.
        If there is one writer only, the interval holds for this writer. `interval_method` says
        which it is.

        References
        ----------
        E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
        Journal of the American Statistical Association 22 (1927), 209-212.

        E. L. Korn & B. I. Graubard, "Confidence intervals for proportions with small expected
        number of positive counts estimated from survey data", Survey Methodology 24 (1998),
        193-201: the effective sample size.

        A. C. Cameron & D. L. Miller, "A practitioner's guide to cluster-robust inference", Journal
        of Human Resources 50 (2015), 317-372: the variance, and Student's quantile.

        Examples
        --------
        >>> right = [True] * 10 + [False] * 5 + [True] * 35  # one of ten writers is not readable
        >>> given = np.where(np.array(right)[:, None], [0.9, 0.1], [0.1, 0.9])
        >>> print(Evaluation.from_probabilities([0] * 50, given))
        90.00% correct (95% interval 78.64 to 95.65), 5 mistakes in 50, loss 0.3251
        >>> writers = np.arange(50) // 5
        >>> print(Evaluation.from_probabilities([0] * 50, given, writers=writers))
        90.00% correct (95% interval by writer 52.34 to 98.66), 5 mistakes in 50, loss 0.3251
        """
        if self._knows_several_writers:
            assert self.writers is not None
            size = effective_sample_size(self.correct, self.writers)
            return wilson_interval(self.accuracy, size)
        return wilson_interval(self.accuracy, self.num_examples)

    @property
    def interval_method(self) -> str:
        """How `accuracy_interval` is computed: ``"Wilson"``, or ``"Wilson by writer"``."""
        return "Wilson by writer" if self._knows_several_writers else "Wilson"

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
        return calibration_error(self.reliability_curve(_CALIBRATION_BINS))

    def reliability_curve(self, num_bins: int = _CALIBRATION_BINS) -> tuple[ReliabilityBin, ...]:
        """Whether the probabilities can be believed: what was said against what came true.

        Predictions are put into bins of equal width by the probability of the predicted class.

        Parameters
        ----------
        num_bins : int, default 15

        Returns
        -------
        tuple of ReliabilityBin
            From the least sure to the surest; bins without a prediction are left out.

        Raises
        ------
        WrongTypeError, ValueError
            If the number of bins is no whole number, or too small.

        References
        ----------
        A. Niculescu-Mizil, R. Caruana, "Predicting good probabilities with supervised learning",
        ICML 2005.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])
        >>> for one in result.reliability_curve(num_bins=4):
        ...     print(f"said {one.probability:.0%}, right {one.accuracy:.0%} of {one.num_examples}")
        said 70%, right 0% of 1
        said 85%, right 100% of 2
        """
        refuse_less(num_bins, "num_bins", at_least=1)
        return reliability_bins(self.probabilities.max(axis=1), self.correct, num_bins)

    @property
    def brier_score(self) -> float:
        """How far the probabilities are from what is true, squared; from 0, the best, to 2.

        The sum of `brier_by_class`: the squared distances of all probabilities of an image from 1
        for the true class and 0 for the others, added up, and averaged over the images. This is
        Brier's own definition, and scikit-learn's for more than two classes; for two classes
        scikit-learn takes half of it, unless it is told ``scale_by_half=False``.

        References
        ----------
        G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
        Review 78 (1950), 1-3.
        """
        return float(self.brier_by_class.sum())

    @cached_property
    def brier_by_class(self) -> NDArray[np.float64]:
        """The Brier score of each class against all others, float64 (num_classes,), from 0 to 1.

        The mean over all images of the squared distance of the class's probability from 1 where the
        image is of the class, and from 0 where it is not.
        """
        return read_only(brier_by_class(self.labels, self.probabilities))

    @cached_property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """How many images of each class were taken for which, int64 (num_classes, num_classes).

        Rows are what the images are, columns what they were taken for.
        """
        cells = self.labels * self.num_classes + self.predictions
        counts = np.bincount(cells, minlength=self.num_classes**2).astype(np.int64)
        return read_only(counts.reshape(self.num_classes, self.num_classes))

    @cached_property
    def per_class(self) -> tuple[ClassScore, ...]:
        """Precision, recall and F1 of each class that images are of, as in scikit-learn."""
        return class_scores(self.labels, self.predictions, self.classes)

    @cached_property
    def per_writer(self) -> tuple[WriterScore, ...]:
        """How many images of each writer are recognised, the least accurate writer first.

        Raises
        ------
        LabelError
            If the writers are not known.
        """
        if self.writers is None:
            raise LabelError(
                f"The writers of {self.name or 'these images'!r} are not known. Those of MNIST and "
                "QMNIST are, if their files can be had; others are given to "
                "Split(..., writers=...) or to Evaluation(..., writers=...)."
            )
        return writer_scores(self.writers, self.correct)

    def top_confusions(self, k: int | None = 10) -> tuple[Confusion, ...]:
        """List which classes are taken for which, the most frequent first.

        Parameters
        ----------
        k : int, default 10
            How many at most; None for all that occur.

        Returns
        -------
        tuple of Confusion

        Raises
        ------
        WrongTypeError, ValueError
            If `k` is no whole number, or too small.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([0, 0, 1], [[0.4, 0.6], [0.2, 0.8], [0.1, 0.9]])
        >>> result.top_confusions()
        (Confusion(label=0, predicted=1, num_mistakes=2, share=1.0),)
        """
        if k is not None:
            refuse_less(k, "k", at_least=0)
        return tuple(sorted_confusions(self.confusion_matrix)[:k])

    def risk_coverage(self) -> RiskCoverage:
        """How many images can be answered at which share of wrong answers.

        If the doubtful ones are not answered: see `RiskCoverage`.
        """
        return risk_coverage(self.probabilities.max(axis=1), self.correct)

    def doubtful_labels(self, k: int = 20) -> tuple[DoubtfulLabel, ...]:
        """List the images whose label the model contradicts most surely: some labels are wrong.

        They are sorted by the probability that the model gave to the label, the least first. A
        model has to be accurate for this, and must not have been trained on these images, since it
        learns wrong labels by heart: of training images look at one held-out part after another
        (`Split.kfold`). Whether a label is wrong, only a person can say.

        Parameters
        ----------
        k : int, default 20
            How many at most.

        Returns
        -------
        tuple of DoubtfulLabel

        Raises
        ------
        WrongTypeError, ValueError
            If `k` is no whole number, or too small.

        References
        ----------
        C. Northcutt, L. Jiang, I. Chuang, "Confident learning: estimating uncertainty in dataset
        labels", Journal of Artificial Intelligence Research 70 (2021), 1373-1411: self-confidence.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([0, 1, 0], [[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
        >>> doubt = result.doubtful_labels(k=1)[0]
        >>> doubt.index, doubt.label, doubt.suggested
        (1, 1, 0)
        """
        refuse_less(k, "k", at_least=0)
        return tuple(most_doubtful(self.labels, self.probabilities, k))

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
        return tuple(surest_mistakes(self.labels, self.probabilities, k))

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
        return f"{self}\n\n{text_table(self.per_class)}"

    def to_dict(self) -> dict[str, Any]:
        """Write the result in plain Python values, ready for JSON.

        What the single images have, labels, probabilities and writers, is left out; `save` keeps
        it.

        Examples
        --------
        >>> result = Evaluation.from_probabilities([1, 0], [[0.1, 0.9], [0.6, 0.4]], name="two")
        >>> record = result.to_dict()
        >>> record["name"], record["accuracy"], record["confusion_matrix"]
        ('two', 1.0, [[1, 0], [0, 1]])
        """
        return {
            "name": self.name,
            "num_examples": self.num_examples,
            "num_mistakes": self.num_mistakes,
            "accuracy": self.accuracy,
            "accuracy_interval": list(self.accuracy_interval),
            "interval_method": self.interval_method,
            "loss": self.loss,
            "brier_score": self.brier_score,
            "calibration_error": self.calibration_error,
            "classes": list(self.classes),
            "confusion_matrix": self.confusion_matrix.tolist(),
            "per_class": [asdict(score) for score in self.per_class],
        }

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it, the single images' probabilities too, to a file that `load` reads.

        The file is a NumPy archive, so its name should end in ``.npz``. One that is there is
        replaced, in one step.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        write_evaluation(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Evaluation:
        """Read what `save` has written.

        Parameters
        ----------
        path : str or path-like

        Raises
        ------
        NpzError
            If the file is damaged, or is not an evaluation.
        OSError
            If there is no such file.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "result.npz"
        >>> Evaluation.from_probabilities([1, 0], [[0.1, 0.9], [0.6, 0.4]], name="two").save(path)
        >>> Evaluation.load(path).accuracy
        1.0
        """
        content = read_evaluation(path)
        try:
            return cls(**content)
        except (LabelError, ModelError) as error:
            raise not_an_evaluation(path, error) from error

    def __str__(self) -> str:
        low, high = self.accuracy_interval
        by_writer = " by writer" if self._knows_several_writers else ""
        count = f"{self.num_mistakes:,}" if self.num_mistakes else "no"
        mistakes = f"{count} mistake{'' if self.num_mistakes == 1 else 's'}"
        return (
            f"{self.name + ': ' if self.name else ''}{self.accuracy:.2%} correct "
            f"(95% interval{by_writer} {100 * low:.2f} to {100 * high:.2f}), "
            f"{mistakes} in {self.num_examples:,}, loss {self.loss:.4f}"
        )

    def __repr__(self) -> str:
        return f"<Evaluation: {self}>"

    def _repr_html_(self) -> str:
        return class_table(self.per_class, str(self))

    @cached_property
    def _knows_several_writers(self) -> bool:
        return self.writers is not None and bool((self.writers != self.writers[0]).any())

    @property
    def _true_probabilities(self) -> NDArray[np.float32]:
        """What the model gave to the class that each image is, float32 (n,)."""
        return self.probabilities[np.arange(self.num_examples), self.labels]

"""How many images can be answered at which share of wrong answers, if the doubtful are left out."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.evaluation.checks import read_only
from mnistkit.messages import shown


@dataclass(frozen=True, eq=False, repr=False)
class RiskCoverage:
    """How many images can be answered at which share of wrong answers.

    A model that may say "I do not know" answers only where the probability of the predicted class
    reaches a threshold. The higher that is, the fewer images are answered (the coverage), and the
    smaller is the share of wrong ones among the answers (the risk). There is one point for each
    probability that occurs: equally sure predictions are answered together or not at all.

    Attributes
    ----------
    thresholds : numpy.ndarray of float64, shape (m,)
        Probabilities from which on to answer, the highest first.
    coverage : numpy.ndarray of float64, shape (m,)
        The share of the images that is then answered; it grows to 1.
    risk : numpy.ndarray of float64, shape (m,)
        The share of the answers that is then wrong.

    Notes
    -----
    A threshold is a setting like any other: choose it on validation images, and measure on the
    test images what it gives. Read off the same images, it is a little too good.

    References
    ----------
    R. El-Yaniv, Y. Wiener, "On the foundations of noise-free selective classification", Journal of
    Machine Learning Research 11 (2010), 1605-1641.

    Examples
    --------
    >>> import mnistkit
    >>> sure = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]]
    >>> curve = mnistkit.Evaluation.from_probabilities([0, 0, 0, 1], sure).risk_coverage()
    >>> print(curve)
    all answered: 25.00% wrong; none wrong: 75.00% answered, those with 0.7 or more
    >>> curve.coverage_at(risk=0), curve.threshold_at(risk=0), curve.risk_at(coverage=1)
    (0.75, 0.699999988079071, 0.25)
    """

    thresholds: NDArray[np.float64]
    coverage: NDArray[np.float64]
    risk: NDArray[np.float64]

    @property
    def area(self) -> float:
        """The mean of the risk over all coverages, from 0 to 1: the less, the better.

        Known as AURC. Each image counts the risk at which it is answered.

        References
        ----------
        Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
        classifiers", ICLR 2019.
        """
        return float((np.diff(self.coverage, prepend=0) * self.risk).sum())

    def coverage_at(self, risk: float) -> float:
        """The largest share of the images that can be answered with at most this risk.

        Parameters
        ----------
        risk : float
            From 0 to 1, for instance 0.001 for one wrong answer in a thousand.

        Returns
        -------
        float
            0 if there is no such threshold.

        Raises
        ------
        ValueError
            If it is no share.
        """
        place = self._last_at(risk)
        return 0.0 if place is None else float(self.coverage[place])

    def threshold_at(self, risk: float) -> float | None:
        """The threshold that goes with `coverage_at`; None if there is none.

        Parameters
        ----------
        risk : float
            From 0 to 1.

        Raises
        ------
        ValueError
            If it is no share.
        """
        place = self._last_at(risk)
        return None if place is None else float(self.thresholds[place])

    def risk_at(self, coverage: float) -> float:
        """The share of wrong answers if at least this share of the images is answered.

        Parameters
        ----------
        coverage : float
            From 0 to 1.

        Raises
        ------
        ValueError
            If it is no share.
        """
        _refuse_outside(coverage, "coverage")
        return float(self.risk[np.searchsorted(self.coverage, min(coverage, 1.0))])

    def to_dict(self) -> dict[str, Any]:
        """Write the curve in plain Python values, ready for JSON."""
        return {
            "thresholds": self.thresholds.tolist(),
            "coverage": self.coverage.tolist(),
            "risk": self.risk.tolist(),
            "area": self.area,
        }

    def __str__(self) -> str:
        words: dict[float, str] = {}  # by threshold; a smaller risk at no cost replaces a larger
        for risk, said in ((0.01, "1% wrong"), (0.001, "0.1% wrong"), (0.0, "none wrong")):
            threshold = self.threshold_at(risk)
            if threshold is not None and risk < self.risk[-1]:
                words[threshold] = f"{said}: {self.coverage_at(risk):.2%} answered, "
        parts = [f"{said}those with {threshold:.6g} or more" for threshold, said in words.items()]
        return "; ".join([f"all answered: {self.risk[-1]:.2%} wrong", *parts])

    def __repr__(self) -> str:
        return f"<RiskCoverage: {self}>"

    def _last_at(self, risk: float) -> int | None:
        _refuse_outside(risk, "risk")
        places = np.flatnonzero(self.risk <= risk)
        return int(places[-1]) if len(places) else None


def risk_coverage(confidence: NDArray[np.float32], correct: NDArray[np.bool_]) -> RiskCoverage:
    """The curve of predictions of which it is known how sure they were, and whether right."""
    order = np.argsort(-confidence, kind="stable")
    sure = confidence[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(sure)), len(sure) - 1)
    answered, wrong = ends + 1, np.cumsum(~correct[order])[ends]
    return RiskCoverage(
        thresholds=read_only(sure[ends]),
        coverage=read_only(answered / len(sure)),
        risk=read_only(wrong / answered),
    )


def _refuse_outside(share: float, name: str) -> None:
    if not isinstance(share, Real) or not 0 <= share <= 1:
        raise ValueError(f"{name}={shown(share)} is not a share; expected a number from 0 to 1.")

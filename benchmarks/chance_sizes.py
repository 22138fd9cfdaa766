"""How large each kind of chance is in real trainings: what `comparison_statistics.py` simulates.

``python benchmarks/chance_sizes.py FOLDER`` reads the folder of a comparison, such as
``accuracy.py`` leaves, trains nothing, and prints two tables in Markdown.

Correlations are tetrachoric: two answers are wrong together as often as two normal variables of
that correlation are above their thresholds together.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from measuring import markdown_table
from mnistkit.comparison import ContenderResult, load_comparison, mean_accuracy

Wrong = NDArray[np.bool_]  # (seeds, images)
MOST = 0.9999  # of a correlation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the run_dir of a comparison")
    contenders = load_comparison(parser.parse_args().folder).contenders
    print("\n".join(spreads(contenders)), end="\n\n")
    print("\n".join(correlations(contenders)))


def wrong_answers(one: ContenderResult) -> tuple[Wrong, NDArray[np.int64]]:
    """Which answers are wrong, and each image's writer, from 0."""
    evaluations = list(one.evaluations.values())
    writers = evaluations[0].writers
    if writers is None:
        raise SystemExit("The writers of these images are not known.")
    _, numbers = np.unique(writers, return_inverse=True)
    return np.stack([~evaluation.correct for evaluation in evaluations]), numbers


def spreads(contenders: tuple[ContenderResult, ...]) -> list[str]:
    """Mistakes, and the standard errors that come of the seeds and of the images, in points."""
    rows = []
    for one in contenders:
        wrong, writers = wrong_answers(one)
        by_image = mean_accuracy(~wrong).variance
        by_writer = mean_accuracy(~wrong, writers).variance
        of_writer = np.sort(np.bincount(writers, weights=wrong.sum(axis=0)))[::-1]
        true_spread = np.sqrt(by_writer.one_training[0]) if by_writer.one_training else np.nan
        rows.append(
            [
                one.title,
                " ".join(str(count) for count in wrong.sum(axis=1)),
                f"{wrong.any(axis=0).sum()}, {wrong.all(axis=0).sum()}",
                *(
                    f"{100 * size:.3f}"
                    for size in (
                        true_spread,
                        np.sqrt(by_writer.training),
                        np.sqrt(by_image.images),
                        np.sqrt(by_writer.images),
                    )
                ),
                f"{100 * of_writer[:10].sum() / of_writer.sum():.0f}%",
                f"{(of_writer == 0).sum()} of {len(of_writer)}",
            ]
        )
    header = (
        *("contender", "mistakes of each seed", "wrong by any, by all", "± of a seed"),
        *("error by seeds", "by images", "by writers", "ten writers have", "writers with none"),
    )
    return markdown_table(header, rows)


def correlations(contenders: tuple[ContenderResult, ...]) -> list[str]:
    """How wrong answers go together: two seeds, two contenders, two images of a writer."""
    every = {one.title: wrong_answers(one) for one in contenders}
    rows = []
    for title, (wrong, writers) in every.items():
        seeds = [correlation(a.mean(), b.mean(), (a & b).mean()) for a, b in combinations(wrong, 2)]
        rows.append(["two seeds", title, shown(seeds)])
        rows.append(["two images by one writer", title, shown(list(of_writers(wrong, writers)))])
    for (first, (a, _)), (second, (b, _)) in combinations(every.items(), 2):
        pairs = [
            correlation(one.mean(), other.mean(), (one & other).mean())
            for one, other in product(a, b)
        ]
        rows.append(["two contenders", f"{first}; {second}", shown(pairs)])
    return markdown_table(("wrong answers of", "of", "correlation"), rows)


def of_writers(wrong: Wrong, writers: NDArray[np.int64]) -> Iterator[float]:
    """For each seed, the correlation of its answers to an image and to another by its writer."""
    images = np.bincount(writers)
    others = np.maximum(images - 1, 1)
    for answers in wrong:
        mistakes = np.bincount(writers, weights=answers)
        both = (mistakes * (mistakes - 1) / others).sum() / images.sum()
        yield correlation(answers.mean(), answers.mean(), both)


def correlation(first: float, second: float, both: float) -> float:
    """That of two normal variables that are above thresholds so often, each and both."""
    limits = ndtri([first, second])

    def too_often(rho: float) -> float:
        together = multivariate_normal.cdf(limits, cov=[[1.0, rho], [rho, 1.0]])
        return float(together - both)

    if too_often(MOST) <= 0:
        return MOST
    return float(brentq(too_often, -MOST, MOST, xtol=1e-4))


def shown(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()

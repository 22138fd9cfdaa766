"""How often the statistics of a comparison are right, in simulated worlds where the truth is known.

``python benchmarks/comparison_statistics.py`` prints three tables in Markdown: how often
`mnistkit.comparison.compare_accuracies` is right, what other ways would have said of the same
worlds, and how much wider its intervals are than with Satterthwaite's weights. ``--worlds 200`` is
enough for a look, ``--only 97.7`` for the worlds that have this in their title.

A world is a choice of writers, their images, contenders and trainings. An answer is wrong if the
sum of what they bring is above a threshold, each normal: the writer (to all contenders, and to one
of them), the image (likewise), the training, and the rest. Their variances add up to 1, so the true
accuracy is known. Their sizes are near those of trainings of dense128 and cnn on MNIST, which
``chance_sizes.py`` reads off: the wrong answers of two seeds correlate like normal variables of
0.92 to 0.96, those of two contenders 0.73 to 0.87, those to two images by one writer 0.13 to 0.18.
The last is 0.075 here, or twice as much with ``--writer-times 2``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit
from scipy.stats import binomtest, ttest_ind_from_stats

from mnistkit.comparison import AccuracyComparison, Variance, compare_accuracies, holm_adjusted

TEST_WRITERS = (20,) * 260 + (130,) * 37  # MNIST's test images: 297 writers, most of few images
HOLDOUT_WRITERS = (111,) * 90  # a sixth of its training images


@dataclass(frozen=True)
class World:
    """What worlds have in common: the writers, and how much each kind of chance brings.

    Attributes
    ----------
    accuracy : float
        Of contenders that do not differ.
    training : float
        Standard deviation of the seeds' true accuracies.
    images_of_writer : tuple of int
        How many images each writer wrote.
    writer, writer_and_contender, image, rest : float
        Variances; what is missing to 1 is ``image_and_contender``.
    """

    title: str
    accuracy: float
    training: float
    images_of_writer: tuple[int, ...] = TEST_WRITERS
    writer: float = 0.06
    writer_and_contender: float = 0.015
    image: float = 0.77
    rest: float = 0.06

    @property
    def writers(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.images_of_writer)), self.images_of_writer)

    def with_harder_hands(self, times: float) -> World:
        """The same with so many times as much of the writer, and less of the image."""
        more = (times - 1) * (self.writer + self.writer_and_contender)
        return replace(
            self,
            writer=times * self.writer,
            writer_and_contender=times * self.writer_and_contender,
            image=self.image - more,
        )

    def answers(
        self, generator: np.random.Generator, accuracies: Sequence[float], seeds: int
    ) -> NDArray[np.bool_]:
        """Right or wrong, bool (contenders, seeds, images)."""
        contenders, writers = len(accuracies), self.writers
        # A small step of the threshold changes the accuracy by so much.
        slope = np.exp(-(ndtri(self.accuracy) ** 2) / 2) / np.sqrt(2 * np.pi)
        training = (self.training / slope) ** 2
        image_and_contender = (
            1 - self.writer - self.writer_and_contender - self.image - self.rest - training
        )

        def normal(variance: float, *shape: int) -> NDArray[np.float32]:
            return np.float32(np.sqrt(variance)) * generator.standard_normal(shape, np.float32)

        hardness = normal(self.image, len(writers)) + normal(
            image_and_contender, contenders, len(writers)
        )
        hardness += (
            normal(self.writer, len(self.images_of_writer))
            + normal(self.writer_and_contender, contenders, len(self.images_of_writer))
        )[:, writers]
        hardness -= ndtri(accuracies).astype(np.float32)[:, None]
        skill = normal(training, contenders, seeds, 1)
        # The rest can make an image wrong only where five standard deviations of it are enough.
        reach = skill.max() + 5 * np.sqrt(self.rest)
        doubtful = np.flatnonzero(hardness.max(axis=0) > -reach)
        right = np.ones((contenders, seeds, len(writers)), dtype=bool)
        right[..., doubtful] = (
            hardness[:, None, doubtful]
            + skill
            + normal(self.rest, contenders, seeds, len(doubtful))
            <= 0
        )
        return right


WORLDS = (
    World("99.6%, seeds ± 0.04, 297 writers", 0.996, 0.0004),
    World("97.7%, seeds ± 0.1, 297 writers", 0.977, 0.001),
    World("99.6%, seeds ± 0.04, 90 writers", 0.996, 0.0004, HOLDOUT_WRITERS),
    World("98%, seeds ± 0.3, 297 writers", 0.98, 0.003),  # the chance in training dominates
)


@dataclass(frozen=True)
class Tally:
    """What was said of many worlds, each a share of them.

    Attributes
    ----------
    different : float
        Some pair without a difference is called different.
    means, differences : float
        A mean's interval, a difference's interval holds the truth.
    all_differences : float
        All intervals of differences do.
    found : float
        A pair that differs is called different, the right way round.
    half_width : float
        Of the interval of the first pair, on average.
    """

    different: float
    means: float
    differences: float
    all_differences: float
    found: float
    half_width: float


def simulate(
    world: World, accuracies: Sequence[float], seeds: int, worlds: int, seed: int
) -> Tally:
    """What `compare_accuracies` says of contenders with these true accuracies."""
    truth = dict(zip(map(str, range(len(accuracies))), accuracies, strict=True))
    rows = []
    generator = np.random.default_rng(seed)
    for _ in range(worlds):
        comparison = _compared(world.answers(generator, accuracies, seeds), world.writers)
        means = [
            one.interval[0] <= truth[one.name] <= one.interval[1] for one in comparison.contenders
        ]
        held, false, found = [], [], []
        for pair in comparison.differences:
            true = truth[pair.first] - truth[pair.second]
            low, high = pair.interval
            held.append(low <= true <= high)
            if true == 0:
                false.append(pair.different)
            else:
                found.append(pair.different and (pair.difference > 0) == (true > 0))
        low, high = comparison.differences[0].interval
        rows.append(
            [
                any(false),
                np.mean(means),
                np.mean(held),
                all(held),
                np.mean(found) if found else 0.0,
                (high - low) / 2,
            ]
        )
    return Tally(*np.mean(rows, axis=0).tolist())


def without_difference(world: World, contenders: int, seeds: int, worlds: int, seed: int) -> Tally:
    return simulate(world, [world.accuracy] * contenders, seeds, worlds, seed)


def with_difference(world: World, contenders: int, seeds: int, worlds: int, seed: int) -> Tally:
    """The first contender is worse than the others, by twice the half-width of an interval."""
    others = [world.accuracy] * (contenders - 1)
    half_width = 0.0
    for _ in range(4):  # the interval grows with the mistakes of the first contender
        first = world.accuracy - 2 * half_width
        pilot = simulate(world, [first, *others], seeds, max(20, worlds // 20), seed)
        half_width = pilot.half_width
    return simulate(world, [world.accuracy - 2 * half_width, *others], seeds, worlds, seed)


# ------------------------------------------------------------------------------------------------
# Other ways


def ours(answers: NDArray[np.bool_], writers: NDArray[np.int64]) -> list[float]:
    return [pair.p_value for pair in _compared(answers, writers).differences]


def satterthwaite(answers: NDArray[np.bool_], writers: NDArray[np.int64]) -> list[float]:
    """The same variance, with the degrees of freedom as Satterthwaite weighs them."""
    p_values = []
    for pair in _compared(answers, writers).differences:
        statistic = pair.difference / np.sqrt(pair.variance.total)
        p_values.append(2 * stdtr(satterthwaites_degrees(pair.variance), -abs(statistic)))
    return p_values


def satterthwaites_degrees(variance: Variance) -> float:
    """Degrees of freedom, with the squares of the shares as weights."""
    doubt = variance.images**2 / (variance.num_units - 1) + sum(
        (one / seeds) ** 2 / (seeds - 1)
        for one, seeds in zip(variance.one_training, variance.num_seeds, strict=True)
    )
    return variance.total**2 / doubt


def crossed_bootstrap(answers: NDArray[np.bool_], writers: NDArray[np.int64]) -> list[float]:
    """Seeds and writers drawn anew; the seeds' spread is scaled up, as there are few of them."""
    generator = np.random.default_rng(0)
    contenders, seeds, _ = answers.shape
    sizes = np.bincount(writers)
    right = np.add.reduceat(answers, np.cumsum(sizes) - sizes, axis=2, dtype=np.float64)
    drawn = generator.multinomial(len(sizes), np.full(len(sizes), 1 / len(sizes)), RESAMPLES)
    accuracies = right @ drawn.T / (drawn @ sizes)
    chosen = generator.multinomial(seeds, np.full(seeds, 1 / seeds), (contenders, RESAMPLES))
    weights = 1 / seeds + (chosen - 1) / seeds * np.sqrt(seeds / (seeds - 1))
    means = np.einsum("csr,crs->cr", accuracies, weights)
    observed = answers.mean(axis=(1, 2))
    return [
        2 * ndtr(-abs(observed[first] - observed[second]) / (means[first] - means[second]).std())
        for first, second in combinations(range(contenders), 2)
    ]


def seeds_alone(answers: NDArray[np.bool_], _: NDArray[np.int64]) -> list[float]:
    """Welch's t-test of the seeds' accuracies, as if there were no other test images."""
    seeds = answers.shape[1]
    accuracies = answers.mean(axis=2)
    means, spreads = accuracies.mean(axis=1), accuracies.std(axis=1, ddof=1)
    return [
        ttest_ind_from_stats(
            means[first], spreads[first] + TINY, seeds,
            means[second], spreads[second] + TINY, seeds, equal_var=False,
        ).pvalue
        for first, second in combinations(range(len(answers)), 2)
    ]  # fmt: skip


def one_seed(answers: NDArray[np.bool_], _: NDArray[np.int64]) -> list[float]:
    """McNemar's test of the first seeds, as if there were no other training, and no writers."""
    p_values = []
    for first, second in combinations(answers[:, 0], 2):
        better, worse = np.count_nonzero(first & ~second), np.count_nonzero(second & ~first)
        p_values.append(binomtest(better, better + worse).pvalue if better + worse else 1.0)
    return p_values


RESAMPLES = 400
TINY = 1e-12  # seeds that agree to the last image have no spread to divide by
WAYS = {
    "this one": ours,
    "Satterthwaite's weights": satterthwaite,
    "crossed bootstrap, scaled": crossed_bootstrap,
    "Welch's t-test of the seeds": seeds_alone,
    "one seed each, McNemar's test": one_seed,
}


def wrongly_different(
    world: World, contenders: int, seeds: int, worlds: int, seed: int
) -> dict[str, float]:
    """In which share of worlds each way tells a difference where there is none."""
    generator = np.random.default_rng(seed)
    wrong = dict.fromkeys(WAYS, 0)
    for _ in range(worlds):
        answers = world.answers(generator, [world.accuracy] * contenders, seeds)
        for name, p_values in WAYS.items():
            wrong[name] += min(holm_adjusted(p_values(answers, world.writers))) <= 0.05
    return {name: count / worlds for name, count in wrong.items()}


def price_of_weights(world: World, contenders: int, seeds: int, worlds: int, seed: int) -> float:
    """How many times as wide a difference's interval is as with Satterthwaite's weights."""
    generator = np.random.default_rng(seed)
    ratios = []
    for _ in range(worlds):
        answers = world.answers(generator, [world.accuracy] * contenders, seeds)
        pairs = _compared(answers, world.writers).differences
        miss = 0.05 / len(pairs) / 2
        ratios += [
            stdtrit(pair.variance.degrees_of_freedom, 1 - miss)
            / stdtrit(satterthwaites_degrees(pair.variance), 1 - miss)
            for pair in pairs
        ]
    return float(np.mean(ratios))


def _compared(answers: NDArray[np.bool_], writers: NDArray[np.int64]) -> AccuracyComparison:
    return compare_accuracies({str(name): one for name, one in enumerate(answers)}, writers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=2000, help="for each row (default 2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="worlds that have this in their title")
    parser.add_argument(
        "--writer-times", type=float, default=1.0, help="how much harder hands are, 1 or more"
    )
    chosen = parser.parse_args()
    every = [world.with_harder_hands(chosen.writer_times) for world in WORLDS]
    worlds = [world for world in every if chosen.only in world.title]
    print_how_often_right(worlds, chosen.worlds, chosen.seed)
    if few := [world for world in worlds if world in (every[0], every[-1])]:
        print_other_ways(few, chosen.worlds, chosen.seed)
        print_price_of_weights(few, chosen.worlds, chosen.seed)


def print_how_often_right(every: Sequence[World], worlds: int, seed: int) -> None:
    print(
        "| accuracy | seeds | contenders | called different | mean covered | difference covered "
        "| all covered | half-width, points | found | difference covered | all covered |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for world, seeds, contenders in product(every, (3, 5, 10), (2, 4, 6)):
        none = without_difference(world, contenders, seeds, worlds, seed)
        one = with_difference(world, contenders, seeds, worlds, seed + 1)
        shares = (none.different, none.means, none.differences, none.all_differences)
        print(
            f"| {world.title} | {seeds} | {contenders} | "
            f"{' | '.join(f'{100 * share:.1f}' for share in shares)} | "
            f"{100 * none.half_width:.2f} | {100 * one.found:.1f} | {100 * one.differences:.1f} | "
            f"{100 * one.all_differences:.1f} |",
            flush=True,
        )


def print_other_ways(every: Sequence[World], worlds: int, seed: int) -> None:
    print(f"\n| accuracy | seeds | contenders | {' | '.join(WAYS)} |")
    print(f"|---|---|---|{'---|' * len(WAYS)}")
    for world, seeds, contenders in product(every, (3, 5), (2, 6)):
        wrong = wrongly_different(world, contenders, seeds, worlds, seed)
        shares = " | ".join(f"{100 * share:.1f}" for share in wrong.values())
        print(f"| {world.title} | {seeds} | {contenders} | {shares} |", flush=True)


def print_price_of_weights(every: Sequence[World], worlds: int, seed: int) -> None:
    print("\n| accuracy | seeds | contenders | times as wide as with Satterthwaite's weights |")
    print("|---|---|---|---|")
    for world, seeds, contenders in product(every, (3, 5), (2, 6)):
        ratio = price_of_weights(world, contenders, seeds, worlds, seed)
        print(f"| {world.title} | {seeds} | {contenders} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()

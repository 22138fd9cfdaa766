"""Training examples by the thousand: made by many processes, the same however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import Split
from mnistkit.packages import require
from mnistkit.progress import progress
from mnistkit.synthesis.examples import LabelledImages, examples_of_digits, examples_of_non_digits

_CHUNK = 200  # pictures of one task; each task has a seed of its own

Task = tuple[Callable[..., LabelledImages], tuple[Any, ...]]


def make_examples(
    digits: Split,
    clothes: NDArray[np.uint8],
    *,
    pictures: int,
    others: int,
    seed: tuple[int, int] = (0, 0),
    processes: int | None = None,
    title: str = "Making training images",
) -> LabelledImages:
    """Digits as they are, digits found in pictures of them, and what is no digit.

    On a terminal a bar shows the progress.

    Parameters
    ----------
    digits : Split
        Digits as MNIST's.
    clothes : numpy.ndarray of uint8, shape (n, 28, 28)
        Pictures that are no digits.
    pictures : int
        How many pictures of digits to render, each digit as often as any other, to within one.
    others : int
        How many pictures of what is no digit to render.
    seed : tuple of two int, default (0, 0)
        The examples are a function of it and of all of the above. Two seeds may well differ in
        the second number alone.
    processes : int, optional
        By default as many as there are processors that this process may use.
    title : str
        What to write before the bar.

    Returns
    -------
    LabelledImages
        First the digits as they are, in their order.

    Raises
    ------
    MissingPackageError
        If scikit-image or joblib is not installed.
    """
    require("skimage", "joblib", to="make training images")
    first, second = seed
    order = np.random.default_rng((first, 2 * second)).permutation(len(digits))
    tasks: list[Task] = []
    for number, positions in enumerate(_chunks(np.resize(order, pictures))):
        chosen = (digits.images[positions], digits.labels[positions], positions)
        tasks.append((examples_of_digits, (*chosen, (first, 2 * second, number))))
    for number, chunk in enumerate(_chunks(np.arange(others))):
        seed_of_task = (first, 2 * second + 1, number)
        arguments = (digits.images, clothes, len(chunk), seed_of_task)
        tasks.append((examples_of_non_digits, arguments))
    every = [LabelledImages(digits.images, digits.labels.astype(np.uint8), np.arange(len(digits)))]
    with progress(title, len(tasks)) as advance:
        for made in _done(tasks, processes):
            every.append(made)
            advance(1)
    images, labels, origins = zip(*every, strict=True)
    return LabelledImages(np.concatenate(images), np.concatenate(labels), np.concatenate(origins))


def _chunks(numbers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(numbers), _CHUNK):
        yield numbers[start : start + _CHUNK]


def _done(tasks: list[Task], processes: int | None) -> Iterable[LabelledImages]:
    """The results of the tasks, in their order."""
    import joblib

    pool = joblib.Parallel(n_jobs=processes or joblib.cpu_count(), return_as="generator")
    results: Iterable[LabelledImages] = pool(
        joblib.delayed(function)(*arguments) for function, arguments in tasks
    )
    return results

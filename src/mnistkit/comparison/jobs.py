"""One training of a comparison, as a description that any process can carry out.

A job is a few hundred bytes: names, options, a path and a seed. The images lie in the comparison's
folder, and what the job finds out stays in the folder of its run.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnistkit.comparison.contender import Entrant
from mnistkit.comparison.cost import Cost, cost_of
from mnistkit.comparison.measured import Measured, read_measured, write_measured
from mnistkit.comparison.one_model import trainer_of
from mnistkit.comparison.splits import kept
from mnistkit.datasets import Split
from mnistkit.errors import ModelError
from mnistkit.evaluation import Evaluation
from mnistkit.models import MODELS
from mnistkit.training.run_folder import RunFolder

# Initial weights come from the process's random state, which threads would share.
_one_at_a_time = threading.RLock()


@dataclass(frozen=True)
class Job:
    """One contender, trained from one seed, and measured.

    Attributes
    ----------
    entrant : Entrant
        The contender.
    seed : int
    folder : str
        The comparison's.
    train : str
        The digest of the images to train on.
    tests : mapping of str to str
        The digests of the images to measure on, by name.
    threads : int or None
        How many the process may use; None for as many as it likes.
    """

    entrant: Entrant
    seed: int
    folder: str
    train: str
    tests: Mapping[str, str]
    threads: int | None = None

    @property
    def title(self) -> str:
        """The contender's."""
        return self.entrant.title

    @property
    def path(self) -> Path:
        """The folder of its run."""
        return Path(self.folder, self.entrant.folder, f"seed-{self.seed}")

    def measured(self) -> Measured | None:
        """What it has found out, if it is done."""
        return read_measured(self.path, self.tests)


def run_job(job: Job, splits: Mapping[str, Split] | None = None) -> str | None:
    """Train, or go on where an earlier process was interrupted; measure; leave it in the folder.

    Parameters
    ----------
    job : Job
    splits : mapping of str to Split, optional
        The images by their digests; by default they are read from the comparison's folder.

    Returns
    -------
    str or None
        What went wrong.
    """
    with _one_at_a_time:
        try:
            _use_threads(job.threads)
            # What a spawned process calls the script that began it; its runs shall not.
            model = job.entrant.model
            if getattr(model, "__module__", "") == "__mp_main__":
                model.__module__ = "__main__"
            _train_and_measure(job, splits or _Kept(Path(job.folder)))
        # Whatever a contender raises: the others go on.
        except Exception as error:  # noqa: BLE001
            return f"{type(error).__name__}: {error}".rstrip(": ")
    return None


class _Kept(dict[str, Split]):
    """The images in a comparison's folder, read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def __missing__(self, name: str) -> Split:
        return kept(self._folder, name)


def _use_threads(count: int | None) -> None:
    if count is None:
        return
    import tensorflow as tf

    # TensorFlow refuses it once it has begun to compute, as for an earlier job of this process.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(count)
        tf.config.threading.set_inter_op_parallelism_threads(count)


def _train_and_measure(job: Job, splits: Mapping[str, Split]) -> None:
    train = splits[job.train]
    tests = {name: splits[images] for name, images in job.tests.items()}
    work = _train_in_its_own_way if job.entrant.trains_itself else _train_model
    measured = work(job, train, tests)
    job.path.mkdir(parents=True, exist_ok=True)
    write_measured(job.path, measured, job.tests)


def _train_model(job: Job, train: Split, tests: Mapping[str, Split]) -> Measured:
    entrant = job.entrant
    with _known(entrant):
        trainer = trainer_of(
            entrant.model, entrant.recipe, entrant.options, train, seed=job.seed, run_dir=job.path
        )
        trainer.fit(train, resume=True, verbose=0)
    seconds = float(RunFolder(job.path).description["duration"])
    evaluations = {name: trainer.evaluate(split) for name, split in tests.items()}
    return Measured(evaluations, cost_of(trainer, next(iter(tests.values())), seconds))


@contextlib.contextmanager
def _known(entrant: Entrant) -> Iterator[None]:
    """Have the function known here by the name that it was registered with elsewhere."""
    name = entrant.registered_as
    if name is None or not callable(entrant.model) or name in MODELS.names():
        yield
        return
    MODELS.register(name)(entrant.model)
    try:
        yield
    finally:
        MODELS.unregister(name)


def _train_in_its_own_way(job: Job, train: Split, tests: Mapping[str, Split]) -> Measured:
    model = job.entrant.model
    function = model if callable(model) else MODELS.get(model)
    counts = [len(split) for split in tests.values()]
    images = np.concatenate([split.images for split in tests.values()])
    begin = time.perf_counter()
    returned = function(train, images, job.seed, **job.entrant.options)
    cost = Cost(fit_seconds=time.perf_counter() - begin)
    if isinstance(returned, tuple) and len(returned) == 2 and isinstance(returned[1], Cost):
        returned, cost = returned
    given = np.asarray(returned)
    if given.ndim != 2 or given.shape != (len(images), len(train.classes)):
        raise ModelError(
            f"{job.title!r} returned an array of the shape {given.shape}; expected probabilities, "
            f"({len(images)}, {len(train.classes)}), a row for each image that it was given."
        )
    parts = np.split(given, np.cumsum(counts)[:-1])
    evaluations = {
        name: Evaluation.from_probabilities(
            split.labels,
            part,
            classes=split.classes,
            name=split.name,
            writers=split.writers,
        )
        for (name, split), part in zip(tests.items(), parts, strict=True)
    }
    return Measured(evaluations, cost)

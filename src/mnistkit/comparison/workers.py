"""Who carries out the jobs: this process, one after the other, or an executor's workers."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from typing import Any

from mnistkit.comparison.jobs import Job, run_job
from mnistkit.datasets import Split
from mnistkit.errors import ComparisonError
from mnistkit.messages import shown
from mnistkit.progress import Advance

_TRIES = 3  # of a job whose worker is lost


def run_here(
    jobs: Sequence[Job], splits: Mapping[str, Split], advance: Advance
) -> list[str | None]:
    """Run jobs one after the other; what went wrong with each."""
    errors = []
    for job in jobs:
        advance(0, f"{job.title}, seed {job.seed}")
        errors.append(run_job(job, splits))
        advance(1)
    return errors


def run_by(executor: Executor, jobs: Sequence[Job], advance: Advance) -> list[str | None]:
    """Have an executor's workers run jobs; what went wrong with each.

    A job whose worker is lost is run again: it goes on at its last checkpoint.
    """
    crew = _Crew(executor, len(jobs))
    errors: list[str | None] = [None] * len(jobs)
    tries = [0] * len(jobs)
    left = deque(range(len(jobs)))
    running: dict[Future[str | None], tuple[int, int]] = {}  # the job's number, and the place
    try:
        while left or running:
            while left and crew.free:
                number, place = left.popleft(), crew.free.pop()
                running[crew.submit(place, jobs[number])] = (number, place)
                advance(0, f"{jobs[number].title}, seed {jobs[number].seed}")
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                number, place = running.pop(future)
                try:
                    errors[number] = future.result()
                # Its worker is gone, or the executor could not send or return it.
                except Exception as error:  # noqa: BLE001
                    tries[number] += crew.replace(place, error)
                    if tries[number] < _TRIES:
                        left.appendleft(number)
                        crew.free.append(place)
                        continue
                    errors[number] = _lost(error)
                crew.free.append(place)
                advance(1)
    finally:
        for future in running:
            future.cancel()
        crew.dismiss()
    return errors


class _Crew:
    """Places for jobs to run in, each with the executor that runs them.

    A broken pool of processes is not to be used again. So each of its places gets a pool of one
    process in its stead, whose loss costs the one job that was in it.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    num_jobs : int
    """

    def __init__(self, executor: Executor, num_jobs: int) -> None:
        self._first = executor
        count = num_workers(executor) or num_jobs
        self._executors = [executor] * count
        self._own: list[ProcessPoolExecutor] = []
        self.free = list(range(count))
        if isinstance(executor, ProcessPoolExecutor) and _forks(executor):
            for place in self.free:
                self._executors[place] = self._successor()

    def submit(self, place: int, job: Job) -> Future[str | None]:
        """Have a job run there."""
        try:
            return self._executors[place].submit(run_job, job)
        except BrokenExecutor as error:
            self.replace(place, error)
            return self._executors[place].submit(run_job, job)

    def replace(self, place: int, error: Exception) -> int:
        """Replace a broken pool; whether the job that ran there may be to blame, as 0 or 1."""
        broken = self._executors[place]
        if not isinstance(broken, ProcessPoolExecutor) or not isinstance(error, BrokenExecutor):
            return 1
        self._executors[place] = self._successor()
        return int(broken in self._own)

    def dismiss(self) -> None:
        """End the pools that were made here."""
        for pool in self._own:
            pool.shutdown(wait=False, cancel_futures=True)

    def _successor(self) -> ProcessPoolExecutor:
        context = None if _forks(self._first) else getattr(self._first, "_mp_context", None)
        pool = ProcessPoolExecutor(
            1,
            mp_context=context or multiprocessing.get_context("spawn"),
            initializer=getattr(self._first, "_initializer", None),
            initargs=getattr(self._first, "_initargs", ()),
        )
        self._own.append(pool)
        return pool


def num_workers(executor: Executor) -> int | None:
    """How many processes of this machine a pool has; None for other executors."""
    if not isinstance(executor, ProcessPoolExecutor):
        return None
    count: int = getattr(executor, "_max_workers", 1)
    return count


def threads_each(executor: Executor | None) -> int | None:
    """How many threads a worker may use, so that all together use the machine once."""
    count = None if executor is None else num_workers(executor)
    if count is None:
        return None
    may_use = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return max(1, (len(may_use) or os.cpu_count() or 1) // count)


def refuse_executor(executor: Any, jobs: Sequence[Job]) -> None:
    """Refuse what is no executor, and functions that its workers cannot be sent.

    Raises
    ------
    ComparisonError
    """
    if not isinstance(executor, Executor):
        raise ComparisonError(
            f"executor={shown(executor)}: expected a concurrent.futures.Executor, such as a "
            "ProcessPoolExecutor, or client.get_executor() of Dask."
        )
    if not isinstance(executor, ProcessPoolExecutor):
        return
    for job in jobs:
        try:
            pickle.dumps(job)
        except Exception as error:  # pickle raises almost anything
            raise ComparisonError(
                f"The contender {job.title!r} cannot be sent to other processes: {error}. Define "
                "its function at the top of a module, or compare without an executor."
            ) from error


def _forks(executor: Executor) -> bool:
    """Whether a pool forks this process: TensorFlow does not work in what comes of it."""
    context = getattr(executor, "_mp_context", None)
    return context is not None and context.get_start_method(allow_none=False) == "fork"


def _lost(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    if not isinstance(error, BrokenExecutor):
        return said
    return (
        f"its process ended without a word, {_TRIES} times ({said}). Perhaps the memory was not "
        "enough, or a script lacks 'if __name__ == \"__main__\":' around what it does."
    )

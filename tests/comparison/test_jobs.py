"""Jobs: descriptions that any process can carry out, and what they leave behind."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import mnistkit
from mnistkit.comparison import Cost
from mnistkit.comparison.contender import entrants_of
from mnistkit.comparison.jobs import Job, run_job
from mnistkit.comparison.splits import digest, keep


def says_its_cost(train, images, seed, *, cost=None):
    """Train in its own way, and tell what it cost."""
    probabilities = np.full((len(images), 3), 1 / 3)
    return probabilities if cost is None else (probabilities, cost)


@pytest.fixture
def make(small, tmp_path):
    """Make a job from a contender, for images that are in its folder."""
    digests = {name: digest(split) for name, split in (("t", small.train), ("", small.test))}
    for split in (small.train, small.test):
        keep(split, tmp_path, digest(split))

    def make_job(contender, *, seed: int = 0) -> Job:
        (entrant,) = entrants_of([contender], 3)
        return Job(entrant, seed, str(tmp_path), digests["t"], {"": digests[""]})

    return make_job


@pytest.mark.parametrize("recipe", ["fast", "best", mnistkit.Recipe(epochs=2)])
def test_a_job_survives_pickling_and_takes_about_a_kilobyte(tmp_path, recipe) -> None:
    contender = mnistkit.Contender("cnn", recipe=recipe, options={"width": 32})
    (entrant,) = entrants_of([contender], 10)
    job = Job(entrant, 3, str(tmp_path), "1" * 32, {"": "0" * 32, "usps": "2" * 32}, 1)
    content = pickle.dumps(job)
    assert len(content) < 1300
    again = pickle.loads(content)
    assert (again, again.entrant.recipe) == (job, entrant.recipe)
    assert again.path == tmp_path / entrant.folder / "seed-3"


def test_its_result_lies_in_its_folder_for_these_images_alone(make, small) -> None:
    job = make(says_its_cost)
    assert job.measured() is None
    assert run_job(job) is None
    evaluation = job.measured().evaluations[""]
    assert np.array_equal(evaluation.labels, small.test.labels)
    assert evaluation.name == "small test"
    other = Job(job.entrant, 0, job.folder, job.train, {"": "0" * 32})
    assert other.measured() is None


def test_images_may_be_given_in_place_of_those_in_the_folder(make, small) -> None:
    job = make(says_its_cost)
    given = {job.train: small.train, job.tests[""]: small.test[:30]}
    assert run_job(job, given) is None
    assert job.measured().evaluations[""].num_examples == 30


def test_a_function_tells_what_it_costs_or_the_seconds_alone_are_known(make) -> None:
    cost = Cost(2.5, parameters=7, multiply_adds=11)
    job = make(mnistkit.Contender(says_its_cost, options={"cost": cost}))
    assert run_job(job) is None
    assert job.measured().cost == cost
    job = make(mnistkit.Contender(says_its_cost, title="silent"))
    assert run_job(job) is None
    measured = job.measured().cost
    assert measured == Cost(measured.fit_seconds)


def test_what_went_wrong_is_returned_in_words(make) -> None:
    job = make(mnistkit.Contender(says_its_cost, options={"cost": "high"}))
    assert run_job(job).startswith("ValueError: ")  # a tuple, but not with a cost
    assert job.measured() is None

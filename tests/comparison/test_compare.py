from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import (
    ComparisonError,
    ImageError,
    ModelError,
    OptionError,
    RecipeError,
    RunFolderError,
    UnknownNameError,
    WrongTypeError,
)

CONFTEST = Path(__file__).with_name("conftest.py")


def trained(folder: Path) -> dict[str, int]:
    """When each run was written, which tells whether it was written again."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.json")
    }


def accuracies(comparison: mnistkit.Comparison) -> dict[str, list[float]]:
    return {
        one.title: [evaluation.loss for evaluation in one.evaluations.values()]
        for one in comparison.contenders
    }


@pytest.fixture
def copy(compared, tmp_path) -> Path:
    """A copy of the finished comparison's folder."""
    return shutil.copytree(compared.run_dir, tmp_path / "copy")


def test_the_better_one_is_told(compared) -> None:
    (usual_blind, *_), titles = compared.accuracies.differences, ["usual", "blind", "by_colour"]
    assert [one.title for one in compared.contenders] == titles
    assert (usual_blind.first, usual_blind.second, usual_blind.better) == (
        "usual",
        "blind",
        "usual",
    )
    assert compared["usual"].accuracy > 0.9
    assert compared.errors == ()
    assert all(one.cost.fit_seconds > 0 for one in compared.contenders)


def test_a_holdout_is_measured_on_writers_never_seen(compared, small) -> None:
    assert (compared.on, compared.held_out_by) == ("holdout", "writer")
    assert (compared.num_train, compared.num_measured) == (100, 20)
    rest, held_out = small.train.holdout(1 / 6, by="writer", seed=0)
    for one in compared.contenders:
        for evaluation in one.evaluations.values():
            assert np.array_equal(evaluation.labels, held_out.labels)
            assert set(evaluation.writers).isdisjoint(rest.writers)
    assert "by writers that no contender has seen" in str(compared)


def test_on_test_all_training_images_are_used_and_the_test_images_measured(small, contenders):
    compared = mnistkit.compare(contenders[2:], small, seeds=1, on="test")
    (evaluation,) = compared["by_colour"].evaluations.values()
    assert np.array_equal(evaluation.labels, small.test.labels)
    assert (compared.num_train, compared.held_out_by) == (120, None)
    assert "the test images" in str(compared)


def test_unknown_writers_are_held_out_by_class(small, contenders) -> None:
    parts = [mnistkit.Split(one.images, one.labels) for one in (small.train, small.test)]
    data = mnistkit.Dataset.from_splits(*parts, small.info)
    compared = mnistkit.compare(contenders[2:], data, seeds=1)
    (evaluation,) = compared["by_colour"].evaluations.values()
    assert compared.held_out_by == "class"
    assert sorted(np.bincount(evaluation.labels)) == [6, 7, 7]
    assert compared.run_dir is None


def test_every_training_is_an_ordinary_run(compared, contenders) -> None:
    run = compared.run_dir / "usual" / "seed-1"
    loaded = mnistkit.Trainer.load(run, builder=contenders[0].model)
    assert loaded.seed == 1
    assert loaded.recipe == compared["usual"].recipe


def test_repeated_it_trains_nothing_and_says_the_same(copy, small, contenders, compared) -> None:
    before = trained(copy)
    again = mnistkit.compare(contenders, small, seeds=2, run_dir=copy)
    assert trained(copy) == before
    assert again.to_json() == compared.to_json()


def test_one_more_seed_or_contender_trains_that_one(copy, small, contenders, recipe) -> None:
    before = trained(copy)
    more = mnistkit.compare(contenders[2:], small, seeds=3, run_dir=copy)
    assert list(more["by_colour"].evaluations) == [0, 1, 2]
    new = mnistkit.Contender(contenders[0].model, recipe=recipe, title="new")
    mnistkit.compare([*contenders, new], small, seeds=1, run_dir=copy)
    after = trained(copy)
    changed = {name for name in after if before.get(name) != after[name]}
    assert changed == {
        "comparison.json",
        "by_colour/seed-2/measured.json",
        "new/seed-0/measured.json",
        "new/seed-0/run.json",
    }
    # Those that are left out stay known.
    assert trained(copy) == after
    mnistkit.compare(contenders, small, seeds=2, run_dir=copy)
    assert trained(copy) == after


def test_other_images_are_measured_without_training_again(copy, small, contenders) -> None:
    other = small.test.replace(dataset="other")

    @mnistkit.register_dataset("other")
    def load():
        return mnistkit.Dataset(small.train, other, small.info)

    runs = {name: at for name, at in trained(copy).items() if "run.json" in name}
    compared = mnistkit.compare(contenders, small, seeds=2, run_dir=copy, also_on="other")
    assert {name: at for name, at in trained(copy).items() if "run.json" in name} == runs
    assert 0.9 < compared["usual"].accuracy_on("other") <= 1
    assert "other" in str(compared).splitlines()[0]


def test_other_settings_are_refused_with_the_difference(copy, small, contenders, recipe) -> None:
    changed = mnistkit.Contender(
        contenders[0].model, recipe=recipe.replace(epochs=3), title="usual"
    )
    with pytest.raises(
        RunFolderError, match=r"(?s)another one:.*usual\.recipe\.epochs: 10 then, 3"
    ):
        mnistkit.compare([changed], small, seeds=2, run_dir=copy)
    with pytest.raises(RunFolderError, match=r"on: 'holdout' then, 'test' now"):
        mnistkit.compare(contenders, small, seeds=2, run_dir=copy, on="test")
    other = mnistkit.Dataset(small.train[:90], small.test, small.info)
    with pytest.raises(RunFolderError, match=r"data\.train\.digest"):
        mnistkit.compare(contenders, other, seeds=2, run_dir=copy)


def test_damaged_results_are_found_again(copy, small, contenders, compared) -> None:
    damaged = copy / "usual" / "seed-0" / "evaluation.npz"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    again = mnistkit.compare(contenders, small, seeds=2, run_dir=copy)
    assert accuracies(again) == accuracies(compared)


def test_a_damaged_comparison_is_refused(copy, small, contenders) -> None:
    (copy / "comparison.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunFolderError, match=r"comparison\.json' is damaged"):
        mnistkit.compare(contenders, small, seeds=2, run_dir=copy)


def test_one_that_fails_does_not_stop_the_others(small, contenders, tmp_path) -> None:
    def breaks(*, num_classes=10, input_shape=(28, 28)):
        raise KeyError("no such layer")

    def says_no_probabilities(train, images, seed):
        return np.ones((len(images), 3)) if seed else np.full((len(images), 3), 1 / 3)

    def says_too_little(train, images, seed):
        return [0.5, 0.5]

    wrong = [breaks, says_no_probabilities, says_too_little]
    compared = mnistkit.compare([*wrong, *contenders[2:]], small, seeds=2, run_dir=tmp_path / "c")
    assert compared["breaks"].accuracy is None
    for seed in (0, 1):
        assert "cannot be built: KeyError: 'no such layer' (" in compared["breaks"].errors[seed]
    assert list(compared["says_no_probabilities"].errors) == [1]
    assert "These are not probabilities" in compared["says_no_probabilities"].errors[1]
    assert "expected probabilities, (20, 3)" in compared["says_too_little"].errors[0]
    # What worked of one that failed is no fair sample.
    assert [one.name for one in compared.accuracies.contenders] == ["by_colour"]
    assert "`breaks` failed with seed 0: " in str(compared)
    # Repeated, it is tried again.
    again = mnistkit.compare([wrong[1]], small, seeds=1, run_dir=tmp_path / "c")
    assert again.errors == ()


def test_if_all_fail_there_is_a_table_all_the_same(small) -> None:
    def breaks(train, images, seed):
        raise MemoryError

    compared = mnistkit.compare([breaks], small, seeds=1)
    assert compared.accuracies is None
    assert compared.verdict == ()
    assert "`breaks` failed with seed 0: MemoryError" in str(compared)


def grows(*, num_classes=10, input_shape=(28, 28)):
    return None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"seeds": 0}, ComparisonError, "seeds=0: expected how many times"),
        ({"seeds": True}, ComparisonError, "seeds=True"),
        ({"on": "train"}, ComparisonError, "on='train': expected 'holdout'"),
        ({"contenders": []}, ComparisonError, "There are no contenders"),
        ({"contenders": ["cnn", "cnn"]}, ComparisonError, "Two contenders are called 'cnn'"),
        ({"contenders": ["densest"]}, UnknownNameError, "There is no model named 'densest'"),
        ({"contenders": [3]}, WrongTypeError, "not 3"),
        ({"contenders": [grows]}, ModelError, "returned NoneType"),
        (
            {"contenders": [mnistkit.Contender("cnn", options={"wide": 3})]},
            OptionError,
            "does not take these options",
        ),
        (
            {"contenders": [mnistkit.Contender("cnn", recipe="endless")]},
            RecipeError,
            "has no recipe named 'endless'",
        ),
        (
            {"contenders": [mnistkit.Contender("cnn", options={"num_classes": 26})]},
            ComparisonError,
            "is for 26 classes, the data has 3",
        ),
        ({"data": 3}, WrongTypeError, "compare takes a mnistkit.Dataset"),
        ({"robustness": True}, ImageError, "28"),
        ({"also_on": "digits"}, ComparisonError, "also_on='digits' has the classes"),
        ({"executor": 4}, ComparisonError, "executor=4: expected a concurrent.futures.Executor"),
    ],
)
def test_bad_input_is_refused_before_anything_is_trained(
    small, tmp_path, change, error, message
) -> None:
    calls = []

    def first(train, images, seed):
        calls.append(seed)
        return np.full((len(images), 3), 1 / 3)

    given = {"contenders": ["dense128"], "data": small, "seeds": 1, "run_dir": tmp_path, **change}
    given["contenders"] = [*([first] if given["contenders"] else []), *given["contenders"]]
    with pytest.raises(error, match=message):
        mnistkit.compare(given.pop("contenders"), given.pop("data"), **given)
    assert calls == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_refused(small, contenders, tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(RunFolderError, match="cannot be kept in"):
        mnistkit.compare(contenders, small, seeds=1, run_dir=tmp_path / "new")


def test_a_folder_that_is_a_file_is_refused(small, contenders, tmp_path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(RunFolderError, match="cannot be kept in"):
        mnistkit.compare(contenders, small, seeds=1, run_dir=tmp_path / "file" / "new")


def test_a_pipe_is_told_nothing_meanwhile(small, contenders, capsys) -> None:
    mnistkit.compare(contenders[2:], small, seeds=1)
    assert capsys.readouterr() == ("", "")


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest, mnistkit
data = mnistkit.Dataset(
    conftest.pictures(120, 1, "small", "train"),
    conftest.pictures(60, 2, "small", "test"),
    mnistkit.datasets.DatasetInfo("small", title="bars and dots", classes=conftest.CLASSES),
)
recipe = mnistkit.Recipe(epochs=40, batch_size=2)
contenders = [mnistkit.Contender(conftest.linear, recipe=recipe)]
print(mnistkit.compare(contenders, data, seeds=2, run_dir=sys.argv[2])["linear"].loss)
"""


@pytest.mark.slow
def test_killed_and_repeated_it_gives_the_same_numbers(tmp_path) -> None:
    (tmp_path / "conftest.py").write_bytes(CONFTEST.read_bytes())
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]

    def run(name: str) -> str:
        arguments = [*command, str(tmp_path / name)]
        return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout

    expected = run("whole")
    for seed in (0, 1):
        with subprocess.Popen([*command, str(tmp_path / "killed")]) as process:
            folder = tmp_path / "killed" / "linear" / f"seed-{seed}"
            while not list(folder.glob("checkpoint-*2.npz")) and process.poll() is None:
                time.sleep(0.005)
            assert process.poll() is None, "it was finished before it could be killed"
            process.send_signal(signal.SIGKILL)
        assert not (folder / "measured.json").exists()
    assert run("killed") == expected

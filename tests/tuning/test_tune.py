"""tune: from a model to a verdict."""

from __future__ import annotations

import json
import sys

import numpy as np
import optuna
import pytest

import mnistkit
from mnistkit.errors import MissingPackageError, OptionError, TuningError, UnknownNameError
from mnistkit.training.run_folder import RunFolder
from mnistkit.tuning.plan import plan_of


def test_a_search_finds_what_is_better_and_says_by_how_much(tuned, linear, recipe) -> None:
    assert [one.number for one in tuned.trials] == [0, 1, 2, 3]
    assert tuned.trials[0].values == {"learning_rate": 0.002, "scaled": 1.0}  # the default
    assert tuned.best.accuracy == max(one.accuracy for one in tuned.trials)
    assert tuned.recipe == recipe.replace(learning_rate=tuned.best.values["learning_rate"])
    assert tuned.options == {"engine": "graph", "scaled": tuned.best.values["scaled"]}
    assert tuned.comparison is not None
    assert [one.title for one in tuned.comparison.contenders] == [
        f"trial {tuned.best.number}",
        "default",
    ]
    assert tuned.verdict.endswith(str(tuned.difference))
    assert tuned.better == (tuned.difference.better == f"trial {tuned.best.number}")
    trainer = mnistkit.Trainer(linear, recipe=tuned.recipe, num_classes=2, input_shape=5)
    assert trainer.recipe == tuned.recipe


def test_trials_and_verdict_use_three_parts_by_writers_of_their_own(
    few, linear, recipe, search
) -> None:
    plan = plan_of(linear, few, space=search["space"], recipe=recipe, options=None, seed=0)
    judged = few.train.holdout(1 / 6, by="writer", seed=0)[1]
    parts = [set(part.writers.tolist()) for part in (plan.train, plan.validation, judged)]
    assert set.union(*parts) == set(few.train.writers.tolist())
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert len(plan.train) + len(plan.validation) + len(judged) == len(few.train)


def test_the_test_images_are_not_looked_at(few, linear, search) -> None:
    others = mnistkit.Dataset(few.train, few.test.replace(images=255 - few.test.images), few.info)
    one, other = (plan_of(linear, data, **search, seed=0).settings for data in (few, others))
    assert one == other


def test_every_trial_is_an_ordinary_run(tuned, linear) -> None:
    folder = tuned.run_dir / "trials" / f"{tuned.best.number:04d}"
    run = RunFolder(folder)
    assert run.status == "finished"
    assert run.description["recipe"] == tuned.recipe.to_dict()
    loaded = mnistkit.Trainer.load(folder, builder=linear)
    assert loaded.history["val_accuracy"] == pytest.approx(list(tuned.best.accuracies))


def test_a_repeated_search_trains_nothing_and_says_the_same(
    tuned, few, monkeypatch, linear, search
) -> None:
    monkeypatch.setattr(mnistkit.Trainer, "fit", None)
    again = mnistkit.tune(linear, few, trials=4, seeds=2, run_dir=tuned.run_dir, **search)
    assert again.to_dict() == tuned.to_dict()
    kept = json.loads((tuned.run_dir / "result.json").read_text(encoding="utf-8"))
    assert kept["verdict"] == tuned.verdict


def test_a_search_goes_on_to_more_trials_as_if_it_had_not_stopped(
    tuned, few, tmp_path, linear, search
) -> None:
    first = mnistkit.tune(linear, few, trials=2, seeds=0, run_dir=tmp_path / "t", **search)
    assert len(first.trials) == 2
    more = mnistkit.tune(linear, few, trials=4, seeds=0, run_dir=tmp_path / "t", **search)
    assert [one.values for one in more.trials] == [one.values for one in tuned.trials]
    assert [one.accuracies for one in more.trials] == [one.accuracies for one in tuned.trials]
    assert more.comparison is None
    assert more.verdict in {
        "not held against the default",
        "no better than the default: none of the trials was",
    }


def test_a_search_that_finds_nothing_better_says_so(few, linear, recipe, search) -> None:
    tuning = mnistkit.tune(
        linear, few, trials=1, space=search["space"], recipe=recipe, options={"engine": "graph"}
    )
    assert tuning.is_default
    assert (tuning.better, tuning.comparison) == (False, None)
    assert tuning.verdict == "no better than the default: none of the trials was"


def test_a_trial_that_fails_does_not_stop_the_others(few, linear, recipe) -> None:
    def fails(*, num_classes=10, input_shape=(28, 28), wrong=False):
        model = linear(num_classes=num_classes, input_shape=input_shape)
        if wrong:
            model.stop = 1
        return model

    space = {"learning_rate": mnistkit.choice(0.01, 1e30)}
    tuning = mnistkit.tune(
        fails, few, trials=5, space=space, recipe=recipe.replace(weight_decay=0.5), seeds=0,
        options={"engine": "graph"},
    )  # fmt: skip
    states = {one.values["learning_rate"]: one.state for one in tuning.trials}
    assert len(tuning.trials) == 5
    assert states[0.01] == "complete"
    assert states[1e30] == "failed"
    failed = next(one for one in tuning.trials if one.state == "failed")
    assert failed.error.startswith("DivergenceError: Training has diverged")
    assert failed.accuracy is None
    with pytest.raises(TuningError, match="All trials have failed, the first one with: Divergence"):
        mnistkit.tune(
            fails, few, trials=1, space={"learning_rate": mnistkit.choice(1e30)}, seeds=0,
            recipe=recipe.replace(weight_decay=0.5), options={"engine": "graph"},
        )  # fmt: skip


def test_a_timeout_ends_a_search_and_finishes_what_was_begun(few, linear, search) -> None:
    tuning = mnistkit.tune(linear, few, timeout=0.01, seeds=0, **search)
    assert [one.number for one in tuning.trials] == [0]


def test_a_hopeless_trial_is_given_up_after_its_first_epochs(few, linear, recipe, tmp_path) -> None:
    def searched(trials):
        return mnistkit.tune(
            linear, few, trials=trials, seeds=0, run_dir=tmp_path,
            space={"learning_rate": mnistkit.choice(1e-9)}, options={"engine": "graph"},
            recipe=recipe.replace(epochs=4),
        )  # fmt: skip

    searched(1)
    # As if five trials had been good.
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "study.journal"))
    )
    study = optuna.load_study(study_name="mnistkit", storage=storage)
    (first,) = study.trials
    for _ in range(5):
        good = dict.fromkeys(range(4), 0.99)
        study.add_trial(
            optuna.trial.create_trial(
                value=0.99,
                params=first.params,
                distributions=first.distributions,
                intermediate_values=good,
            )
        )
    tuning = searched(7)
    hopeless = tuning.trials[-1]
    assert (hopeless.number, hopeless.state, hopeless.epochs) == (6, "pruned", 2)
    assert tuning.best.accuracy == 0.99
    assert "7 trials, 1 given up as hopeless" in str(tuning)
    # An ordinary run that has ended early.
    run = RunFolder(tmp_path / "trials" / "0006").description
    assert (run["status"], run["epochs_done"], run["epochs_planned"]) == ("finished", 2, 4)


def test_a_model_without_a_space_is_searched_over_its_recipe(few, linear) -> None:
    plan = plan_of(linear, few, space=None, recipe=None, options=None, seed=0)
    assert list(plan.space) == ["learning_rate", "batch_size", "weight_decay", "label_smoothing"]


def test_names_lead_to_options_the_recipe_and_its_augmentation(few, linear, recipe) -> None:
    space = {
        "scaled": mnistkit.uniform(0.5, 1),
        "rotation": mnistkit.uniform(0, 10),
        "epochs": mnistkit.whole(1, 4),
    }
    plan = plan_of(linear, few, space=space, recipe=recipe, options={"engine": "graph"}, seed=0)
    assert plan.with_values({"scaled": 0.5, "rotation": 3, "epochs": 2}) == (
        recipe.replace(epochs=2, augmentation=mnistkit.Augmentation(rotation=3)),
        {"engine": "graph", "scaled": 0.5},
    )
    assert plan.defaults == {"scaled": 1.0, "rotation": 0.0, "epochs": 3}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "A search needs an end: give trials=30, timeout=600, or both (--trials, --timeout)."),
        ({"trials": 0}, "trials=0: expected how many trials there are to be in all, 1 or more."),
        ({"trials": 2.5}, "trials=2.5: expected how many trials there are to be in all"),
        ({"timeout": -1}, "timeout=-1: expected seconds, more than 0."),
        ({"trials": 1, "seeds": -1}, "seeds=-1: expected a whole number of at least 0."),
        ({"trials": 1, "seed": "0"}, "seed='0': expected a whole number of at least 0."),
        ({"trials": 1, "study": ""}, "study='': expected a name, a text."),
        ({"trials": 1, "space": {}}, "space={}: expected what to try by name, at least one"),
        (
            {"trials": 1, "space": {"learning_rat": mnistkit.uniform(0, 1)}},
            "The search space has 'learning_rat', which a search of",
        ),
        (
            {"trials": 1, "space": {"num_classes": mnistkit.whole(2, 3)}},
            "The search space has 'num_classes', which a search of",
        ),
        (
            {"trials": 1, "space": {"batch_size": mnistkit.uniform(8, 16)}},
            (
                "The search space has batch_size=uniform(8.0, 16.0), which makes no sense at 8.0: "
                "batch_size=8.0: expected a whole number of at least 1"
            ),
        ),
        (
            {"trials": 1, "space": {"scaled": mnistkit.uniform(-1, 1)}},
            "The search space has scaled=uniform(-1.0, 1.0), which makes no sense at -1.0: The ",
        ),
        (
            {"trials": 1, "recipe": mnistkit.Recipe(metrics=())},
            "The recipe measures nothing; a search goes by the accuracy: put 'accuracy' among",
        ),
        ({"trials": 1, "storage": 3}, "storage=3: expected a file, such as 'shared/study.journal'"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_trained(
    few, wrong, message, monkeypatch, linear, search
) -> None:
    monkeypatch.setattr(mnistkit.Trainer, "fit", None)
    with pytest.raises(TuningError) as refusal:
        mnistkit.tune(linear, few, **{**search, **wrong})
    assert str(refusal.value).startswith(message)


def test_a_slip_in_a_name_is_told_with_what_there_is(few, linear) -> None:
    with pytest.raises(TuningError) as refusal:
        mnistkit.tune(linear, few, trials=1, space={"learning_rat": mnistkit.uniform(0, 1)})
    assert "Did you mean 'learning_rate'?" in str(refusal.value)
    assert "Options of the model: scaled; settings of the recipe: epochs" in str(refusal.value)
    assert "of its augmentation: rotation" in str(refusal.value)


def test_what_is_no_model_is_refused(few, linear) -> None:
    with pytest.raises(UnknownNameError):
        mnistkit.tune("dens128", few, trials=1)
    with pytest.raises(OptionError):
        mnistkit.tune(linear, few, trials=1, options={"unit": 3})

    def trains(train, images, seed):
        return np.ones((len(images), 2)) / 2

    with pytest.raises(TuningError, match="trains in its own way"):
        mnistkit.tune(trains, few, trials=1)


def test_a_study_of_another_search_is_refused_and_the_differences_are_told(
    tuned, few, linear, search, recipe
) -> None:
    other = {**search, "recipe": recipe.replace(epochs=2)}
    with pytest.raises(TuningError) as refusal:
        mnistkit.tune(linear, few, trials=4, run_dir=tuned.run_dir, **other)
    first, second, last = str(refusal.value).splitlines()
    assert first == "The study 'mnistkit' in that storage is another one:"
    assert second.strip() == "recipe.epochs: 3 then, 2 now"
    assert last.startswith("Repeat the call that it was begun with, give this one another name")


def test_somebody_elses_study_is_refused(few, linear, search, tmp_path) -> None:
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / "s"))
    optuna.create_study(
        storage=optuna.storages.JournalStorage(backend), study_name="mine"
    ).optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(TuningError, match="The study 'mine' in that storage is another one:"):
        mnistkit.tune(linear, few, trials=1, storage=tmp_path / "s", study="mine", **search)


def test_a_folder_with_the_trials_of_another_study_is_refused(tuned, few, linear, search) -> None:
    with pytest.raises(TuningError, match="has the trials of another study"):
        mnistkit.tune(linear, few, trials=4, run_dir=tuned.run_dir, study="other", **search)


def test_without_optuna_the_error_says_what_to_install(few, linear, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError) as refusal:
        mnistkit.tune(linear, few, trials=1)
    assert str(refusal.value) == (
        "To search for better settings, 'optuna' is needed, which is not installed. Install with: "
        "pip install 'mnistkit[tune]'"
    )

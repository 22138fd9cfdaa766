"""Trainer.calibrate: fitted on other images than were trained on, and kept with the weights."""

from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import RunFolderError, SplitError

DATA = mnistkit.load_dataset("digits")
TRAIN, VALIDATION = DATA.train.holdout(0.2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A trainer that was calibrated, and the folder that it was saved to."""
    trainer = mnistkit.Trainer("dense128")
    trainer.fit(TRAIN, epochs=3, verbose=0)
    before = trainer.predict(DATA.test)
    calibration = trainer.calibrate(VALIDATION)
    np.testing.assert_array_equal(trainer.predict(DATA.test), before)  # the model's own
    folder = trainer.save(tmp_path_factory.mktemp("runs") / "calibrated")
    return trainer, calibration, folder


def test_probabilities_are_nearer_to_the_truth(saved):
    trainer, calibration, _ = saved
    assert calibration.temperature == trainer.temperature != 1
    assert calibration.after.loss < calibration.before.loss
    assert calibration.before.name == "digits validation"


def test_it_is_saved_with_the_run_and_loaded_with_the_weights(saved):
    trainer, _, folder = saved
    assert mnistkit.Trainer.load(folder).temperature == trainer.temperature
    model = mnistkit.create_model("dense128", weights=folder)
    assert mnistkit.Trainer(model).temperature == trainer.temperature


def test_recognize_uses_it(saved):
    trainer, _, folder = saved
    image = DATA.test.images[0]
    (calibrated,) = mnistkit.recognize(image, model=trainer.model)
    (of_run,) = mnistkit.recognize(image, model=folder)
    assert of_run.probability == calibrated.probability
    same = mnistkit.create_model("dense128")
    same.set_weights(trainer.model.get_weights())
    (raw,) = mnistkit.recognize(image, model=same)
    assert raw.label == calibrated.label
    assert raw.probability != calibrated.probability


def test_more_training_makes_it_void(saved, tmp_path):
    _, _, folder = saved
    trainer = mnistkit.Trainer.load(folder)
    trainer.fit(TRAIN, epochs=1, verbose=0)
    assert trainer.temperature == 1
    assert mnistkit.Trainer.load(trainer.save(tmp_path / "run")).temperature == 1


def test_the_images_that_it_was_trained_on_are_refused(saved):
    trainer, _, folder = saved
    with pytest.raises(SplitError, match=r"These 1,150 images are the very ones .* trained on"):
        trainer.calibrate(TRAIN)
    with pytest.raises(SplitError, match="the very ones"):
        trainer.calibrate((TRAIN.images, TRAIN.labels))
    with pytest.raises(SplitError, match="the very ones"):
        mnistkit.Trainer.load(folder).calibrate(TRAIN)
    with pytest.raises(SplitError, match="Set some aside before training"):
        mnistkit.Trainer(trainer.model).calibrate((TRAIN.arrays()[0], np.eye(10)[TRAIN.labels]))


def test_a_part_of_what_it_was_trained_on_is_refused_where_that_is_certain(saved):
    trainer, _, _ = saved
    with pytest.raises(SplitError, match="trained on at least 213: on 1,150 images of the same"):
        trainer.calibrate(DATA.train[:500])


def test_a_run_that_says_nonsense_is_refused(saved, forge, tmp_path):
    trainer, _, _ = saved
    folder = trainer.save(tmp_path / "run")
    for wrong in (0, -1, "1.5", None, float("inf")):
        forge(folder, lambda run, wrong=wrong: run.update(temperature=wrong))
        with pytest.raises(RunFolderError, match="lacks what every run has"):
            mnistkit.Trainer.load(folder)

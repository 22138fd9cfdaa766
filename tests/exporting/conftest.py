"""What the tests of exporting share: small models that were trained on the bundled digits."""

from __future__ import annotations

from pathlib import Path

import pytest

import mnistkit

DATA = mnistkit.load_dataset("digits")


@pytest.fixture(scope="session")
def trainer() -> mnistkit.Trainer:
    """One that was trained and calibrated."""
    train, validation = DATA.train.holdout(0.2)
    trainer = mnistkit.Trainer("cnn", width=4)
    trainer.fit(train, epochs=4, verbose=0)
    trainer.calibrate(validation)
    return trainer


@pytest.fixture(scope="session")
def run(trainer, tmp_path_factory) -> Path:
    """The folder that it was saved to."""
    folder: Path = trainer.save(tmp_path_factory.mktemp("runs") / "small")
    return folder

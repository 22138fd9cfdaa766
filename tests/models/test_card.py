"""Cards are read as they were written, or refused."""

from __future__ import annotations

import copy
import json
import shutil
from importlib import resources
from pathlib import Path

import pytest

from mnistkit import model_card
from mnistkit.errors import WeightsError

FOLDER = Path(str(resources.files("mnistkit.models"))) / "weights" / "dense128"
CARD = json.loads((FOLDER / "mnist.json").read_text()) | {"model": "carded"}


def changed(**fields):
    return json.dumps({**CARD, **fields})


def without(name, within=None):
    card = copy.deepcopy(CARD)
    del (card if within is None else within(card))[name]
    return json.dumps(card)


@pytest.fixture
def damaged_card(install):
    """Other content for the card of a file that is right."""
    folder = install("carded", [("carded", "carded_package")], group="mnistkit.weights")
    folder /= "carded_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    shutil.copy(FOLDER / "mnist.npz", folder)

    def lay(content):
        path = folder / "mnist.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return lay


DAMAGED = [
    "", "{", "[]", "3", "null", b"\xff\xfe", "[" * 100_000, '{"a":' * 100_000,
    changed(more=1), changed(measurements=3), changed(measurements=[3]), changed(measurements=[{}]),
    changed(measurements=[{**CARD["measurements"][0], "accuracy": "high"}]),
    changed(measurements=[{**CARD["measurements"][0], "accuracy_interval": [0.5]}]),
    changed(measurements=[{**CARD["measurements"][0], "accuracy_interval": "ab"}]),
    changed(options=None), changed(options={"width": {"a": 1}}), changed(options=[["width", 1]]),
    changed(trained_on={}), changed(recipe={"epochs": "3"}), changed(recipe={"epoch": 3}),
    changed(versions={"keras": 3}), changed(temperature=0), changed(temperature=float("nan")),
    changed(temperature="1"), changed(parameters=1.5), changed(seed=True), changed(size=-1),
    changed(fit_seconds=float("inf")), changed(sha256=None), changed(licence=["MIT"]),
    *(without(name) for name in CARD),
    *(without(name, lambda card: card["measurements"][0]) for name in CARD["measurements"][0]),
    *(without(name, lambda card: card["trained_on"]) for name in ("name", "sha256", "num_images")),
]  # fmt: skip


def test_damaged_cards_are_refused(damaged_card):
    for content in DAMAGED:
        damaged_card(content)
        with pytest.raises(WeightsError, match=r"'mnist\.json' of carded 1\.0 is damaged"):
            model_card("carded", "mnist")
    damaged_card(json.dumps(CARD))
    assert model_card("carded", "mnist").parameters == CARD["parameters"]

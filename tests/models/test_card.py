"""Cards are read as they were written, or refused."""

from __future__ import annotations

import copy
import json
import shutil

import pytest

from mnistkit import create_model, model_card
from mnistkit.errors import WeightsError
from mnistkit.models.pretrained import _FOLDER as FOLDER

CARD = json.loads((FOLDER / "dense128-mnist.json").read_text())


def changed(**fields):
    return json.dumps({**CARD, **fields})


def without(name, within=None):
    card = copy.deepcopy(CARD)
    del (card if within is None else within(card))[name]
    return json.dumps(card)


@pytest.fixture
def damaged_card(tmp_path, monkeypatch):
    """Other content for the card of a file that is right."""
    shutil.copy(FOLDER / "dense128-mnist.npz", tmp_path)
    monkeypatch.setattr("mnistkit.models.pretrained._FOLDER", tmp_path)

    def lay(content):
        path = tmp_path / "dense128-mnist.json"
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
        for read in (lambda: model_card("dense128", "mnist"),
                     lambda: create_model("dense128", weights="mnist")):  # fmt: skip
            with pytest.raises(WeightsError, match=r"'dense128-mnist\.json' of the package is dam"):
                read()
    damaged_card(json.dumps(CARD))
    assert model_card("dense128", "mnist").parameters == CARD["parameters"]

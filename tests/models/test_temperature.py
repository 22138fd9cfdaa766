from __future__ import annotations

import mnistkit
from mnistkit.models import note_temperature, temperature_of


def test_a_model_has_none_until_one_is_noted():
    model = mnistkit.create_model("dense128")
    assert temperature_of(model) == 1
    note_temperature(model, 1.5)
    assert temperature_of(model) == 1.5
    note_temperature(model, 1)
    assert temperature_of(model) == 1


def test_other_weights_make_it_void_and_the_same_ones_bring_it_back():
    model = mnistkit.create_model("dense128")
    weights = model.get_weights()
    note_temperature(model, 1.5)
    model.set_weights([weight + 1 for weight in weights])
    assert temperature_of(model) == 1
    model.set_weights(weights)
    assert temperature_of(model) == 1.5


def test_weights_of_the_package_bring_theirs_along_unless_the_head_is_new():
    card = mnistkit.model_card("dense128", "mnist")
    assert temperature_of(mnistkit.create_model("dense128", weights="mnist")) == card.temperature
    new_head = mnistkit.create_model("dense128", weights="mnist", num_classes=3)
    assert temperature_of(new_head) == 1

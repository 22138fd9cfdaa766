from __future__ import annotations

import numpy as np
import pytest

import mnistkit
from mnistkit.errors import UnknownNameError, WrongTypeError
from mnistkit.models import MODELS


@pytest.mark.parametrize("name", ["dense128", "cnn"])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (32, 32, 3)])
def test_built_in_models_take_any_size_of_image_and_number_of_classes(name, shape):
    model = mnistkit.create_model(name, num_classes=26, input_shape=shape)
    outputs = np.asarray(model(np.zeros((2, *shape), np.float32)))
    assert outputs.shape == (2, 26)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)


def test_unknown_model():
    with pytest.raises(UnknownNameError, match="Did you mean 'dense128'"):
        mnistkit.create_model("dense_128")


def test_list_models():
    assert mnistkit.list_models("c*") == ["cnn"]


def test_listing_leaves_out_and_asks_for_weights():
    assert mnistkit.list_models(exclude="c*") == [
        name for name in mnistkit.list_models() if not name.startswith("c")
    ]
    assert mnistkit.list_models("d*", weights=True) == ["dense128"]
    with pytest.raises(WrongTypeError, match=r"not by \['cnn'\]"):
        mnistkit.list_models(["cnn"])
    with pytest.raises(WrongTypeError, match=r"not by \['cnn'\]"):
        mnistkit.list_models(exclude=["cnn"])
    with pytest.raises(WrongTypeError, match="weights='mnist': expected True or False"):
        mnistkit.list_models(weights="mnist")


def test_things_that_are_no_name():
    model = mnistkit.create_model("dense128")
    with pytest.raises(WrongTypeError, match="is built already; expected the name of a model"):
        mnistkit.create_model(model)
    for wrong in (["cnn"], None, 3):
        with pytest.raises(WrongTypeError, match="The name of a model is a str, not"):
            mnistkit.create_model(wrong)
        with pytest.raises(WrongTypeError, match="Weights are listed by the name of a model"):
            mnistkit.list_weights(wrong)
        with pytest.raises(WrongTypeError):
            mnistkit.model_card(wrong, "mnist")


def test_recipes_are_listed_by_name_or_function():
    assert mnistkit.list_recipes("cnn")[0] == "fast"
    assert mnistkit.list_recipes("mnistkit.models.cnn:cnn") == mnistkit.list_recipes("cnn")
    assert mnistkit.list_recipes(MODELS.get("cnn")) == mnistkit.list_recipes("cnn")
    assert mnistkit.list_recipes(lambda: None) == ["default"]
    with pytest.raises(UnknownNameError, match="There is no model named 'none'"):
        mnistkit.list_recipes("none")


def test_a_name_can_be_given_again():
    for units in (3, 4):

        @mnistkit.register_model("again")
        def again(*, num_classes=10, input_shape=(28, 28), units=units):
            return mnistkit.create_model("dense128")

        mnistkit.unregister_model("again")
    assert "again" not in mnistkit.list_models()
    with pytest.raises(UnknownNameError, match="No model 'again' was registered"):
        mnistkit.unregister_model("again")

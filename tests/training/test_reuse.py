"""One program serves all models that it would be compiled from anew, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnistkit import Augmentation, Recipe, Split, Trainer
from mnistkit.training.reuse import forget_programs
from mnistkit.training.same_program import begin_again, end_promise, promise_same

VARIED = Augmentation(translation=1)
RECIPE = Recipe(epochs=1, batch_size=32)


@pytest.fixture(scope="module")
def data() -> Split:
    generator = np.random.default_rng(0)
    return Split(generator.integers(0, 256, (64, 4, 4), dtype=np.uint8), np.arange(64) % 3)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    forget_programs()
    yield
    forget_programs()


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows whenever a program is made of Keras' step."""
    calls: list[str] = []
    step = keras.Model.train_step

    def counting(self: keras.Model, *given: Any) -> Any:
        calls.append(self.name)
        return step(self, *given)

    monkeypatch.setattr(keras.Model, "train_step", counting)
    return calls


def network(*more: Any, **options: Any) -> keras.Model:
    layers = keras.layers
    hidden = [layers.Flatten(), layers.Dense(8, "relu", **options), layers.Dropout(0.5)]
    end = [layers.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((4, 4)), *hidden, *more, *end])


@pytest.mark.parametrize("engine", [pytest.param("xla", marks=pytest.mark.slow), "graph"])
def test_seeds_share_a_program_and_get_the_weights_that_they_would_have(
    engine: str, data: Split, traced: list[str]
) -> None:
    def weights(seed: int) -> list[Any]:
        model = keras.models.clone_model(shared)
        recipe = Recipe(epochs=2, batch_size=24, weight_averaging=0.9, augmentation=VARIED)
        trainer = Trainer(model, seed=seed, recipe=recipe, engine=engine)
        model.set_weights([w + seed for w in shared.get_weights()])
        trainer.fit(data, validation=0.25)
        return [*model.get_weights(), *trainer.history.values()]

    shared = network(keras.layers.BatchNormalization())
    found = [weights(seed) for seed in (0, 1, 0)]
    count = len(traced)
    forget_programs()
    alone = weights(1)
    assert len(traced) == 2 * count  # all that the first one compiled, and nothing for the others
    assert all(map(np.array_equal, found[1], alone))
    assert all(map(np.array_equal, found[0], found[2]))
    assert not all(map(np.array_equal, found[0], found[1]))


NUMBERS = {
    "learning_rate": 0.1,
    "final_learning_rate": 0.002,
    "warmup": 0.4,
    "epochs": 3,
    "weight_decay": 0.3,
    "label_smoothing": 0.4,
    "weight_averaging": 0.3,
}


@pytest.mark.parametrize("schedule", ["cosine", pytest.param("constant", marks=pytest.mark.slow)])
def test_recipes_that_differ_in_numbers_share_a_program_and_each_has_its_effect(
    schedule: str, data: Split, traced: list[str]
) -> None:
    usual = Recipe(
        epochs=2, batch_size=8, weight_decay=0.1, label_smoothing=0.1, weight_averaging=0.5,
        learning_rate=0.01, warmup=0.1, schedule=schedule,
    )  # fmt: skip
    initial = network().get_weights()

    def trained(recipe: Recipe, engine: str = "graph") -> list[Any]:
        model = network()
        model.set_weights(initial)
        Trainer(model, recipe=recipe, engine=engine).fit(data, validation=0.25)
        return model.get_weights()

    without = trained(usual)
    count = len(traced)
    for name, number in NUMBERS.items():
        found = trained(usual.replace(**{name: number}))
        assert len(traced) == count, f"{name} is compiled"
        unused = schedule == "constant" and name in {"final_learning_rate", "warmup"}
        assert all(map(np.array_equal, found, without)) is unused, name
    recipe = usual.replace(**NUMBERS)
    found = trained(recipe)
    forget_programs()
    assert all(map(np.array_equal, found, trained(recipe)))  # as it is alone
    by_keras = trained(recipe, "keras")
    assert all(map(partial(np.allclose, atol=1e-4), found, by_keras))


def test_numbers_that_a_callback_sets_have_their_effect(data: Split) -> None:
    class Sets(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.model.optimizer.weight_decay = 0.5

    def trained(decay: float, *callbacks: Any) -> list[Any]:
        model = keras.models.clone_model(shared)
        model.set_weights(shared.get_weights())
        recipe = RECIPE.replace(weight_decay=decay)
        Trainer(model, recipe=recipe, engine="graph", callbacks=callbacks).fit(data)
        assert model.optimizer.get_config()["weight_decay"] == (0.5 if callbacks else decay)
        return model.get_weights()

    shared = network()
    assert all(map(np.array_equal, trained(0.1, Sets()), trained(0.5)))
    assert not all(map(np.array_equal, trained(0.1), trained(0.5)))


@keras.saving.register_keras_serializable("test_reuse")
def own_constraint(values: Any) -> Any:
    return keras.ops.relu(values)


class OwnLayer(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs


class Freezes(keras.callbacks.Callback):
    def on_train_begin(self, logs: Any = None) -> None:
        self.model.layers[1].trainable = False


class SetsClipping(keras.callbacks.Callback):
    def on_train_begin(self, logs: Any = None) -> None:
        self.model.optimizer.clipnorm = 1e-3


def with_own_call() -> keras.Model:
    model = network()
    model.layers[0].call = lambda values: keras.ops.reshape(values, (-1, 16))
    return model


OTHERS: dict[str, Callable[[], tuple[keras.Model, dict[str, Any]]]] = {
    "another optimizer": lambda: (network(), {"recipe": RECIPE.replace(optimizer="sgd")}),
    "another schedule": lambda: (network(), {"recipe": RECIPE.replace(schedule="constant")}),
    "weight decay": lambda: (network(), {"recipe": RECIPE.replace(weight_decay=0.1)}),
    "another batch size": lambda: (network(), {"recipe": RECIPE.replace(batch_size=16)}),
    "another layer": lambda: (network(keras.layers.ReLU()), {}),
    "another rate": lambda: (network(keras.layers.Dropout(0.1)), {}),
    "a layer of one's own": lambda: (network(OwnLayer()), {}),
    "a constraint of one's own": lambda: (network(kernel_constraint=own_constraint), {}),
    "a call of one's own": lambda: (with_own_call(), {}),
    "a lambda": lambda: (network(keras.layers.Lambda(lambda values: values)), {}),
    "a callback that freezes": lambda: (network(), {"callbacks": [Freezes()]}),
    "a callback that sets the optimizer": lambda: (network(), {"callbacks": [SetsClipping()]}),
}
OWN_CODE = ("a layer of one's own", "a constraint of one's own", "a lambda", "a call of one's own")


@pytest.mark.parametrize("case", OTHERS)
def test_another_program_is_compiled_for_what_is_not_the_same(
    case: str, data: Split, traced: list[str]
) -> None:
    Trainer(network(), recipe=RECIPE, engine="graph").fit(data)
    counts = []
    for _ in range(2):
        traced.clear()
        model, options = OTHERS[case]()
        Trainer(model, **{"recipe": RECIPE, **options}, engine="graph").fit(data)
        counts.append(len(traced))
    assert counts[0] > 0
    assert (counts[1] > 0) is (case in OWN_CODE)  # which nobody can compare


def test_settings_of_the_process_are_part_of_a_program(data: Split, traced: list[str]) -> None:
    Trainer(network(), recipe=RECIPE, engine="graph").fit(data)
    traced.clear()
    before = keras.config.epsilon()
    try:
        keras.config.set_epsilon(1e-3)
        Trainer(network(), recipe=RECIPE, engine="graph").fit(data)
    finally:
        keras.config.set_epsilon(before)
    assert traced


def test_what_a_seed_is_compiled_into_is_not_shared(data: Split) -> None:
    class Draws(keras.layers.Layer):
        def call(self, inputs: Any, training: bool = False) -> Any:
            return inputs + tf.random.normal(tf.shape(inputs)) if training else inputs

    def losses(seed: int) -> list[float]:
        model.set_weights(beginning)
        trainer = Trainer(model, recipe=RECIPE, engine="graph", seed=seed)
        return trainer.fit(data).history["loss"]

    model = network(Draws())
    beginning = model.get_weights()
    alone = losses(1)
    promise_same(model)
    losses(0)
    assert losses(1) == alone


def test_what_stays_the_same_begins_again(data: Split, traced: list[str]) -> None:
    """What somebody promises is believed also of code of one's own, and of Keras' own engine."""
    model = network(OwnLayer())
    beginning = model.get_weights()
    promise_same(model)
    results, optimizers = [], []
    for engine in ("graph", "graph", "keras", "keras"):
        traced.clear()
        model.set_weights(beginning)
        Trainer(model, recipe=RECIPE, engine=engine).fit(data)
        results.append(model.get_weights())
        optimizers.append(model.optimizer)
        if len(results) in (2, 4):
            assert not traced
    assert all(map(np.array_equal, results[0], results[1]))
    assert all(map(np.array_equal, results[2], results[3]))
    assert optimizers[0] is optimizers[1]
    end_promise(model)
    assert not begin_again(model, (RECIPE, 2, False))
    Trainer(model, recipe=RECIPE, engine="graph").fit(data)
    assert traced

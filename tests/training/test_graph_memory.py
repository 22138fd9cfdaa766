"""What is trained leaves nothing behind: neither graphs nor data, on any engine."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref

import keras
import numpy as np
import pytest

from mnistkit import Augmentation, Recipe, Trainer

ENGINES = ["xla", "graph", "keras"]


@pytest.mark.parametrize("engine", ENGINES)
def test_models_and_data_are_forgotten(engine: str) -> None:
    """TensorFlow's registries, which live as long as the process, have no part of a fit."""
    from tensorflow.python.framework.func_graph import FuncGraph

    recipe = Recipe(epochs=1, augmentation=Augmentation(translation=1))

    def fit() -> list[weakref.ref[object]]:
        stack = [keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
        trainer = Trainer(
            keras.Sequential([keras.Input((8, 8)), *stack]), recipe=recipe, engine=engine
        )
        images = np.zeros((40, 8, 8), np.uint8)
        trainer.fit((images, np.arange(40) % 10), validation=0.5)
        return [weakref.ref(trainer), weakref.ref(trainer.model), weakref.ref(images)]

    def graphs() -> int:
        gc.collect()
        return sum(isinstance(one, FuncGraph) for one in gc.get_objects())

    fit()
    before = graphs()
    left = [fit(), fit()]
    assert graphs() <= before + 1  # Keras' own engine keeps the last one
    assert not [one() for references in left for one in references if one() is not None]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("model", "engine", "megabytes"),
    [
        ("mine", "keras", 2.0),
        ("mine", "graph", 2.0),
        ("cnn", "graph", 1.5),  # 0.3 to 0.9 were measured
        ("dense128", "xla", 0.8),
    ],
)
def test_sixty_trainers_in_one_process(model: str, engine: str, megabytes: float) -> None:
    """With code of one's own each compiles its own program; else the first one's serves all."""
    script = """
        import gc, sys
        import keras, mnistkit
        digits = mnistkit.load_dataset("digits").train.take(64)
        model, engine = sys.argv[1:]

        def megabytes():
            gc.collect()
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * 4096 / 1e6

        def mine(num_classes=10, input_shape=(28, 28)):
            own = keras.layers.Lambda(lambda images: images)
            stack = [own, keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")]
            return keras.Sequential([keras.Input((28, 28)), *stack])

        def train(count):
            for seed in range(count):
                built = mine if model == "mine" else model
                trainer = mnistkit.Trainer(built, seed=seed, engine=engine)
                trainer.fit(digits, validation=0.2, epochs=1)
                trainer.evaluate(digits)

        train(5)
        before = megabytes()
        train(60)
        print((megabytes() - before) / 60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), model, engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert float(done.stdout) < megabytes

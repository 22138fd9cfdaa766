"""What every test and doctest starts from: no network, no files of the user's, no window.

It lies here and not in ``tests`` so that it holds for the doctests in ``src`` too.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnistkit import Dataset

# Examples are the same in every run of continuous integration, and new ones at a developer's desk.
hypothesis.settings.register_profile(
    "mnistkit", deadline=None, derandomize=bool(os.environ.get("CI"))
)
hypothesis.settings.load_profile("mnistkit")

MIRROR = os.environ.get("MNISTKIT_MIRROR", "")
NEEDS_MIRROR = (
    "needs the real data: set MNISTKIT_MIRROR to a folder that has mnist/train-images-idx3-ubyte.gz"
    " and its siblings"
)
environment: dict[str, str] = {
    "MNISTKIT_OFFLINE": "1",  # a test with a server of its own unsets it with monkeypatch
    "MPLBACKEND": "Agg",
}
UNSET = ("MNISTKIT_MIRROR", "MNISTKIT_TIMEOUT")
in_graphs = pytest.MonkeyPatch()


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment before anything is imported; processes that tests start inherit it."""
    if getattr(config.option, "numprocesses", 0) and not hasattr(config, "workerinput"):
        return  # the worker processes of pytest-xdist run the tests, and do this each
    folder = tempfile.TemporaryDirectory(prefix="mnistkit-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    for variable in ("MNISTKIT_HOME", "KERAS_HOME", "TORCH_HOME"):
        environment[variable] = str(Path(folder.name, variable.lower()))
    os.environ.update(environment)
    for variable in UNSET:
        os.environ.pop(variable, None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for real data through a fixture."""
    for item in items:
        if "mirror" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.mirror)


@pytest.hookimpl(tryfirst=True)  # before fixtures, which train too
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have ``engine="auto"``, and Keras' own, train in graphs where they would take XLA.

    XLA compiles for longer than most tests train. What depends on it asks for ``engine="xla"``, or
    is marked ``xla``; slow tests train as users do.
    """
    in_graphs.undo()
    if "keras" not in sys.modules or any(map(item.get_closest_marker, ("xla", "slow"))):
        return
    import keras

    from mnistkit.training import engine

    suitable = engine._suitable  # noqa: SLF001
    without_xla = lambda fit: {"xla": "graph"}.get(name := suitable(fit), name)  # noqa: E731
    in_graphs.setattr(engine, "_suitable", without_xla)
    in_graphs.setattr(keras.Model, "_resolve_auto_jit_compile", lambda _model: False)


@pytest.fixture(scope="session")
def mirror() -> Path:
    """The folder with the real data files; without one, the test is skipped."""
    if not MIRROR:
        pytest.skip(NEEDS_MIRROR)
    if not Path(MIRROR).is_dir():
        pytest.fail(f"MNISTKIT_MIRROR is {MIRROR!r}, which is no folder. The test {NEEDS_MIRROR}.")
    return Path(MIRROR).resolve()


@pytest.fixture(scope="session")
def mnist(mirror: Path) -> Dataset:
    """The real MNIST."""
    import mnistkit

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNISTKIT_MIRROR", str(mirror))
        return mnistkit.load_dataset("mnist")


@pytest.fixture(autouse=True)
def _same_environment_for_every_test(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undo what the test before changed; only the marker ``mirror`` shows ``$MNISTKIT_MIRROR``."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    for variable in UNSET:
        monkeypatch.delenv(variable, raising=False)
    if request.node.get_closest_marker("mirror"):
        monkeypatch.setenv("MNISTKIT_MIRROR", str(request.getfixturevalue("mirror")))


@pytest.fixture(autouse=True)
def _no_name_stays_registered() -> Iterator[None]:
    """Forget the models and data sets that a test or a doctest registered."""
    from mnistkit.datasets import DATASETS
    from mnistkit.models import MODELS

    before = [(registry, dict(registry._registered)) for registry in (DATASETS, MODELS)]  # noqa: SLF001
    yield
    for registry, names in before:
        for name in registry._registered.keys() - names.keys():  # noqa: SLF001
            registry.unregister(name)


@pytest.fixture(autouse=True)
def _no_figure_stays_open() -> Iterator[None]:
    """Close what a test drew, if it drew anything."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True, scope="module")
def _what_stays_is_not_searched_for_garbage_again() -> Iterator[None]:
    """TensorFlow keeps millions of objects, and looking through all of them takes seconds."""
    yield
    gc.collect()
    gc.freeze()

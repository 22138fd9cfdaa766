"""Data sets by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.split import writable_arrays
from mnistkit.datasets.split_checks import Labels
from mnistkit.errors import OptionError, PluginError
from mnistkit.registry import Registry

DATASETS: Registry[Callable[..., Dataset]] = Registry(
    kind="data set",
    group="mnistkit.datasets",
    how_to_add='@mnistkit.register_dataset("mine") above a function that returns a Dataset',
)
"""The registry of data sets."""

Arrays = tuple[NDArray[np.uint8], Labels]


def load_dataset(name: str, **options: Any) -> Dataset:
    """Load a data set; download it the first time.

    Parameters
    ----------
    name : str
        One of `list_datasets`, or ``"module:function"``.
    **options
        What the data set's own function takes; the built-in ones take nothing.

    Returns
    -------
    Dataset
        Images are uint8 (n, 28, 28), 0 = paper, 255 = ink, upright, whatever the source.

    Raises
    ------
    UnknownNameError, AmbiguousNameError, PluginError
        If the name leads nowhere.
    DownloadError, CacheError
        If the files cannot be downloaded or kept; the message says which file to put where.
    OptionError
        If an option is not one of the data set's.

    Examples
    --------
    >>> import mnistkit
    >>> data = mnistkit.load_dataset("digits")
    >>> data.train.images.shape, data.train.labels[:5]
    ((1437, 28, 28), array([0, 1, 2, 3, 4], dtype=uint8))
    """
    loader = DATASETS.get(name)
    try:
        signature = inspect.signature(loader)
        signature.bind(**options)
    except (TypeError, ValueError) as error:
        raise OptionError(
            f"The data set {name!r} does not take these options ({error}). Its function must have "
            "defaults for all its options."
        ) from error
    dataset = loader(**options)
    if not isinstance(dataset, Dataset):
        raise PluginError(
            f"The data set {name!r} returned {type(dataset).__name__}; its function must return a "
            "mnistkit.Dataset, for instance made by Dataset.from_arrays."
        )
    train, test = (part.replace(loaded_as=name) for part in (dataset.train, dataset.test))
    return Dataset(train, test, dataset.info)


def load_data(name: str = "mnist") -> tuple[Arrays, Arrays]:
    """Load a data set as plain arrays, as ``keras.datasets.mnist.load_data()`` does.

    Parameters
    ----------
    name : str, default "mnist"

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 images (n, 28, 28) in 0-255, uint8 labels (n,).

    Examples
    --------
    >>> import mnistkit
    >>> (x_train, y_train), (x_test, y_test) = mnistkit.load_data("digits")
    >>> x_train.shape, y_test.shape
    ((1437, 28, 28), (360,))
    """
    dataset = load_dataset(name)
    return writable_arrays(dataset.train), writable_arrays(dataset.test)


def list_datasets(pattern: str = "*") -> list[str]:
    """The names that `load_dataset` takes.

    Parameters
    ----------
    pattern : str, default "*"
        Shell-style, for instance ``"emnist/*"``.

    Examples
    --------
    >>> import mnistkit
    >>> mnistkit.list_datasets("*mnist")
    ['emnist/mnist', 'fashion_mnist', 'kmnist', 'mnist', 'qmnist']
    """
    return DATASETS.names(pattern)


def register_dataset(
    name: str,
) -> Callable[[Callable[..., Dataset]], Callable[..., Dataset]]:
    """Give a function that returns a `Dataset` a name in this process.

    Parameters
    ----------
    name : str

    Raises
    ------
    NameTakenError
        If the name is built in, or was registered for another function.

    Examples
    --------
    >>> import numpy as np, mnistkit
    >>> @mnistkit.register_dataset("noise")
    ... def noise(*, seed=0):
    ...     images = np.random.default_rng(seed).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    ...     return mnistkit.Dataset.from_arrays((images, np.arange(20) % 10), test=0.5)
    >>> mnistkit.load_dataset("noise", seed=3)
    <Dataset arrays: 10 + 10 images of 28x28, 10 classes>
    """
    return DATASETS.register(name)


def unregister_dataset(name: str) -> None:
    """Forget a data set that `register_dataset` has given a name, so that the name is free again.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownNameError
        If the name was not registered in this process.

    Examples
    --------
    >>> import mnistkit
    >>> @mnistkit.register_dataset("short-lived")
    ... def load(): ...
    >>> mnistkit.unregister_dataset("short-lived")
    >>> "short-lived" in mnistkit.list_datasets()
    False
    """
    DATASETS.unregister(name)

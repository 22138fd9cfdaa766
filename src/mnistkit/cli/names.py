"""Names on the command line, looked at before anything takes long."""

from __future__ import annotations

from collections.abc import Iterable


def refuse_unknown(models: Iterable[str], datasets: Iterable[str]) -> None:
    """Raise an error for a name that leads nowhere; imports no plugin and no TensorFlow.

    What is given as ``module:function`` is found out when it is imported.

    Raises
    ------
    UnknownNameError, AmbiguousNameError
        If there is no such model or data set, or several packages offer it.
    """
    from mnistkit.datasets import DATASETS
    from mnistkit.models import MODELS

    for registry, names in ((MODELS, models), (DATASETS, datasets)):
        for name in names:
            if ":" not in name:
                registry.find(name)

"""Who wrote the images that are measured, as far as that can be known here."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import Split
from mnistkit.errors import CacheError, DownloadError, FormatError

logger = logging.getLogger(__name__)

_unknown: set[str] = set()  # names of splits whose writers could not be fetched in this process


def known_writers(data: Any) -> NDArray[np.int64] | None:
    """The writers of a split; None if it has none, or if they are in a file that cannot be had.

    A measurement does not fail for want of them: a warning is logged, once for each part of a data
    set, and it is not tried again in this process.

    Parameters
    ----------
    data : Split, or anything else, which has no writers
    """
    if not isinstance(data, Split) or data.name in _unknown:
        return None
    try:
        return data.writers
    except (DownloadError, CacheError, FormatError) as error:
        _unknown.add(data.name)
        logger.warning(
            "Who wrote the images of %r could not be found out, so the interval of the accuracy "
            "takes them as independent, and may be too narrow: %s",
            data.name, error,
        )  # fmt: skip
        return None

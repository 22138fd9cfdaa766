"""How much `fit` says while it trains."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from mnistkit.errors import OptionError


def checked_verbosity(wanted: Any) -> int:
    """What was asked for; by default a progress bar for people, nothing for a pipe.

    Raises
    ------
    OptionError
        If it is neither 0, 1, 2 nor ``"auto"``.
    """
    if isinstance(wanted, int | np.integer) and 0 <= wanted <= 2:
        return int(wanted)
    if wanted not in (None, "auto"):
        raise OptionError(
            f"verbose={wanted!r}: expected 0 for nothing, 1 for a progress bar, or 2 for a line an "
            "epoch."
        )
    in_notebook = "ipykernel" in sys.modules
    return int(in_notebook or sys.stdout.isatty())

"""``module:function`` on the command line, where the module lies in the present folder."""

from __future__ import annotations

import os
import sys


def allow_local_code(*names: str | None) -> None:
    """Look for modules in the present folder too, if the user has named one.

    Only then: the present folder may be a run's folder that came from elsewhere, with modules in it
    that some package would import for convenience if it found them.

    Parameters
    ----------
    *names : str or None
        What the user wrote where a name or ``module:function`` can stand.
    """
    if sys.flags.safe_path or not any(name and ":" in name for name in names):
        return
    here = os.getcwd()  # noqa: PTH109  (sys.path takes text)
    if here not in sys.path:
        sys.path.append(here)  # last, so that no file that lies here hides an installed package

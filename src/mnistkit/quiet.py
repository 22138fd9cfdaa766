"""Import TensorFlow without its start-up messages."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from mnistkit.packages import require_tensorflow


def quiet_tensorflow() -> None:
    """Import TensorFlow now, and keep its start-up messages from the screen.

    The messages about missing GPU drivers and processor features are written before any Python
    setting takes effect, so the process's standard error is closed to them while the import runs,
    and ``$TF_CPP_MIN_LOG_LEVEL`` is set to 3 unless it is set already. Nothing in mnistkit does
    this by itself, except the command line.

    Errors of the import itself are raised as usual.

    Raises
    ------
    MissingPackageError
        If TensorFlow or Keras is not installed.
    """
    require_tensorflow()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with standard_error_closed():
        import tensorflow as tf

        tf.config.list_logical_devices()  # the search for devices has its messages too


@contextlib.contextmanager
def standard_error_closed() -> Iterator[None]:
    """Send what is written to file descriptor 2 nowhere, from C++ code too."""
    if sys.stderr is None:  # nothing to redirect: a program without a console, or "2>&-"
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)

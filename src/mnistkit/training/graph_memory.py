"""What TensorFlow would keep until the process ends, though the training that it is of has ended.

Without this every `fit` costs several megabytes, and Keras' own ``fit`` keeps the images, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

_DEPTH = 4  # from the function that TensorFlow keeps to the generator that it calls


def leave_gradients_as_they_are(optimizer: keras.Optimizer) -> None:
    """Let an optimizer not sum the gradients of all devices where there is one.

    The sum has a gradient of its own, which is registered for good, with all of the graph that it
    is a part of.
    """
    for one in (optimizer, getattr(optimizer, "inner_optimizer", None)):
        if hasattr(one, "_all_reduce_sum_gradients"):
            one._all_reduce_sum_gradients = _same  # type: ignore[union-attr]  # noqa: SLF001


def _same(gradients: Any) -> Any:
    return gradients


@contextlib.contextmanager
def forgotten(generators: Collection[Callable[..., Any]]) -> Iterator[None]:
    """Let TensorFlow forget the generators of data sets, and with them the data, at the end.

    Parameters
    ----------
    generators : collection of function
        What ``tf.data.Dataset.from_generator`` was given.
    """
    try:
        yield
    finally:
        import tensorflow as tf

        kept = getattr(tf.compat.v1.get_default_graph(), "_py_funcs_used_in_graph", [])
        for function in list(kept):
            if any(_refers_to(function, generator, _DEPTH) for generator in generators):
                with contextlib.suppress(ValueError):  # another thread has forgotten it
                    kept.remove(function)


def _refers_to(holder: Any, wanted: Any, depth: int) -> bool:
    if holder is wanted:
        return True
    if not depth:
        return False
    held = [cell.cell_contents for cell in getattr(holder, "__closure__", None) or ()]
    held += vars(holder).values() if hasattr(holder, "__dict__") else ()
    held.append(getattr(holder, "__self__", None))
    return any(_refers_to(one, wanted, depth - 1) for one in held)

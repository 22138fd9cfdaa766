"""What is compiled once serves every model that it would be compiled from anew.

Trainers of one architecture, optimizer and batch size, of other seeds, folds or numbers in their
recipes, run one program: what a program refers to are variables, and those of another model can
take their place. So nothing is shared that a callback or a caller could see: each model, each
optimizer is its own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from mnistkit.training.same_program import (
    is_promised,
    variables_of,
    what_is_computed,
    what_is_trained,
)

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Kept = TypeVar("Kept")

_MOST = 32  # programs: a fit has four at most
# Operations that are seeded when they are compiled: another seed is another program.
SEEDED_WHEN_COMPILED = (
    "Multinomial", "ParameterizedTruncatedNormal", "RandomGamma", "RandomPoisson", "RandomShuffle",
    "RandomStandardNormal", "RandomUniform", "TruncatedNormal",
)  # fmt: skip


@dataclass(frozen=True)
class _Kept:
    """A program, and what it takes besides its arguments.

    Attributes
    ----------
    program : function
    captured : list of int or tensor
        The places of variables among those of the model, or what else it has taken hold of.
    """

    program: Any
    captured: list[Any]

    @property
    def refers_to_variables(self) -> bool:
        """Whether it has taken hold of nothing but the model's variables."""
        return all(isinstance(one, int) for one in self.captured)


class _Store:
    """The programs of this process that were used last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Any:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        with self._lock:
            self._kept[key] = value
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


_store = _Store()


def forget_programs() -> None:
    """Let go of all that is kept; the next training compiles anew."""
    _store.clear()


def found_once(model: keras.Model, what: str, find: Callable[[], Kept]) -> Kept:
    """What was found out about a model that computes the same, or what is found out now."""
    computed = what_is_computed(model)
    if computed is None:
        return find()
    found: Kept | None = _store.get((what, computed))
    if found is None:
        found = find()
        _store.put((what, computed), found)
    return found


def shared_program(
    model: keras.Model, function: Any, settings: Hashable, same: Hashable, arguments: Sequence[Any]
) -> Callable[..., Any] | None:
    """What runs a function on the variables of a model, compiled once for all that are the same.

    What is returned does not keep the model alive.

    Parameters
    ----------
    model : keras.Model
    function : tf.function
    settings : hashable
        What it depends on besides the model.
    same : hashable
        What `what_is_trained` or `what_is_computed` says of the model.
    arguments : sequence of tf.Tensor or tf.TensorSpec

    Returns
    -------
    function or None
        None if the program belongs to this model alone.
    """
    handles = _handles(model)
    if handles is None:
        return None
    specs = tuple((tuple(one.shape), one.dtype) for one in arguments)
    kinds = tuple((tuple(v.shape), v.dtype, v.trainable) for v in variables_of(model))
    key = (same, settings, specs, kinds)
    kept = _store.get(key)
    if kept is None:
        kept = _taken_apart(function.get_concrete_function(*arguments), handles)
        if kept is None or not (kept.refers_to_variables or is_promised(model)):
            return None
        _store.put(key, kept)
    program = kept.program
    captured = [handles[one] if isinstance(one, int) else one for one in kept.captured]
    return lambda *given: program.call_preflattened([*given, *captured])


class SharedSteps:
    """A function over a model's variables, compiled once for all models that are trained the same.

    Whether there are others is looked up when it would be compiled: whatever somebody has changed
    of the model until then has its effect.

    Parameters
    ----------
    model : keras.Model
    function : function
        Takes tensors and returns nothing; what it reads and changes are variables.
    settings : hashable or None
        What it depends on besides the model and what that is compiled with; None if nobody knows.
    jit_compile : bool
        Whether XLA compiles it.
    """

    def __init__(
        self,
        model: keras.Model,
        function: Callable[..., None],
        settings: Hashable | None,
        *,
        jit_compile: bool = False,
    ) -> None:
        import tensorflow as tf

        self._model = model
        self._settings = None if settings is None else (settings, jit_compile)
        self._function = tf.function(function, autograph=False, jit_compile=jit_compile)
        self._bound: dict[Hashable, Callable[..., Any]] = {}

    def __call__(self, *tensors: tf.Tensor) -> None:
        """Run it."""
        specs = tuple((tuple(tensor.shape), tensor.dtype) for tensor in tensors)
        if specs not in self._bound:
            self._bound[specs] = self._shared(tensors) or self._function
        self._bound[specs](*tensors)

    def _shared(self, tensors: Sequence[tf.Tensor]) -> Callable[..., Any] | None:
        import tensorflow as tf

        same = None if self._settings is None else what_is_trained(self._model)
        if same is None or tf.config.functions_run_eagerly():
            return None
        return shared_program(self._model, self._function, self._settings, same, tensors)


def _handles(model: keras.Model) -> list[Any] | None:
    """By what TensorFlow knows the variables of a model; None if they are on several devices."""
    from tensorflow.python.ops.resource_variable_ops import ResourceVariable

    own = [variable.value for variable in variables_of(model)]
    return (
        [one.handle for one in own] if all(type(one) is ResourceVariable for one in own) else None
    )


def _taken_apart(traced: Any, handles: Sequence[Any]) -> _Kept | None:
    """The program without the graph that it was made from, which goes with the model.

    None if a seed is part of it.
    """
    graph = traced.graph.as_graph_def()
    every = [*graph.node, *(n for inner in graph.library.function for n in inner.node_def)]
    if any(node.op.startswith(SEEDED_WHEN_COMPILED) for node in every):
        return None
    places = {id(handle): place for place, handle in enumerate(handles)}
    captured = [places.get(id(one), one) for one in traced.captured_inputs]
    return _Kept(traced.inference_fn, captured)

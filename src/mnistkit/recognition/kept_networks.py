"""Networks that were loaded before: a few of them, each until its file is another one."""

from __future__ import annotations

import ctypes
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from mnistkit.recognition.network import Network

_MOST = 8

_kept: OrderedDict[str, tuple[Hashable, Network]] = OrderedDict()
_lock = threading.RLock()  # of a kind that the thread which holds it may take again, to fork


def kept_network(source: str, stamp: Hashable, load: Callable[[], Network]) -> Network:
    """The network of a source; it is loaded if it was not, or if the source has another stamp.

    Safe to use from threads. A process that was forked loads it again. Of more than a few
    sources, those that were asked for last are kept.

    Parameters
    ----------
    source : str
        What tells it from others, such as the path of its file.
    stamp : hashable
        What is another one when the source has changed, such as the time of that.
    load : function
    """
    with _lock:
        if source not in _kept or _kept[source][0] != stamp:
            _kept[source] = (stamp, load())
        _kept.move_to_end(source)
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
        return _kept[source][1]


def forget_networks() -> None:
    """Load every network anew from here on."""
    with _lock:
        _kept.clear()


def _wait_for_other_threads() -> None:
    """Before a fork: let nobody be loading, since onnxruntime has locks of its own while it does.

    In the child they would be held forever, by a thread that is not there.
    """
    _lock.acquire()


def _release() -> None:
    """After a fork, in the parent."""
    _lock.release()


def _forget_after_fork() -> None:
    """After a fork, in the child: a free lock, and nothing loaded.

    The threads of a session stay behind in the parent. Without them it may wait forever when it
    is run, and may crash the process when it is destroyed. So the sessions are forgotten, but each
    keeps a reference that is never given back.
    """
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()
    for _, network in _kept.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(network))
    _kept.clear()


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(
        before=_wait_for_other_threads, after_in_parent=_release, after_in_child=_forget_after_fork
    )

"""A digest of what code does: the same in every process, and another one once it is edited.

Of code, it is the instructions with their constants, without names of files, numbers of lines and
texts that only explain. What the code refers to belongs to it if it is the caller's own: a helper,
a number in the same module, a variable that it closes over. Lists, dictionaries and whatever the
code itself assigns are left out, since training may change them. What is installed has a version.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import json
import sys
import sysconfig
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

_INSTALLED = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib")})
_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_SAYS = (FunctionType, int, float, str, tuple)  # members of a class that say what it does
_NOT_CODE = ("__doc__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__")
_LENGTH = 12  # of the digest: enough to tell two apart


def code_digest(thing: Any) -> str | None:
    """The digest of a function, a class, or the class of an object.

    Parameters
    ----------
    thing : any

    Returns
    -------
    str or None
        None for what is installed, such as Keras' own classes and functions.

    Examples
    --------
    >>> own = {"__name__": "my_module"}
    >>> one, same, other = (eval(f"lambda x: x + {n}", own) for n in (1, 1, 2))
    >>> code_digest(one) == code_digest(same), code_digest(one) == code_digest(other)
    (True, False)
    >>> code_digest(json.dumps) is None
    True
    """
    if not _is_own(thing):
        return None
    text = json.dumps(_described(thing, set()))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _is_own(thing: Any) -> bool:
    """Whether something is code that the caller wrote, not code of an installed package."""
    if isinstance(thing, functools.partial | MethodType):
        return _is_own(getattr(thing, "func", None) or getattr(thing, "__func__", None))
    holder = thing if isinstance(thing, type | FunctionType) else type(thing)
    if not isinstance(holder, FunctionType) and holder.__module__ == "builtins":
        return False
    root = str(getattr(holder, "__module__", "")).partition(".")[0]
    module = sys.modules.get(str(getattr(holder, "__module__", "")))
    file = str(getattr(module, "__file__", None) or "")
    return root != __name__.partition(".")[0] and not file.startswith(_INSTALLED)


def _described(thing: Any, seen: set[int]) -> Any:
    """What is hashed, as JSON; each thing once, since functions may call each other in a circle."""
    if isinstance(thing, _PLAIN):
        return repr(thing)
    if isinstance(thing, tuple):
        return [_described(item, seen) for item in thing]
    if isinstance(thing, frozenset):  # its order is another one in every process
        return sorted(map(repr, thing))
    if isinstance(thing, list | dict | set):
        return type(thing).__name__
    if id(thing) in seen:
        return "again"
    seen.add(id(thing))
    if isinstance(thing, CodeType):
        return _of_code(thing, seen)
    if isinstance(thing, functools.partial):
        given = (thing.func, thing.args, tuple(sorted(thing.keywords.items())))
        return [_described(part, seen) for part in given]
    if isinstance(thing, MethodType):
        return _described(thing.__func__, seen)
    if not _is_own(thing):
        return _name_of(thing)
    if isinstance(thing, FunctionType):
        return _of_function(thing, seen)
    if isinstance(thing, type):
        return _of_class(thing, seen)
    return [_of_class(type(thing), seen), _plain_attributes(thing)]


def _of_function(function: FunctionType, seen: set[int]) -> Any:
    names, assigned = _names_in(function.__code__)
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    used = {name: cell.cell_contents for name, cell in cells if _is_filled(cell)}
    used |= {n: function.__globals__[n] for n in names if n in function.__globals__}
    defaults = (function.__defaults__, tuple((function.__kwdefaults__ or {}).items()))
    return [
        _of_code(function.__code__, seen),
        _described(defaults, seen),
        {n: _described(used[n], seen) for n in sorted(used) if n not in assigned},
    ]


def _of_code(code: CodeType, seen: set[int]) -> Any:
    return [[one.opname, _described(one.argval, seen)] for one in dis.get_instructions(code)]


def _is_filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  (that of an empty cell raises)
    except ValueError:
        return False
    return True


def _names_in(code: CodeType) -> tuple[set[str], set[str]]:
    """The names that code refers to, and those that it assigns beyond its own variables."""
    names, assigned = set(code.co_names), set()
    for one in dis.get_instructions(code):
        if one.opname in ("STORE_GLOBAL", "STORE_DEREF"):
            assigned.add(str(one.argval))
        elif isinstance(one.argval, CodeType):
            inner = _names_in(one.argval)
            names, assigned = names | inner[0], assigned | inner[1]
    return names, assigned


def _of_class(cls: type, seen: set[int]) -> Any:
    """What a class, and the caller's own classes that it inherits from, define."""
    members: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if _is_own(base):
            members |= {n: v for n, v in vars(base).items() if n not in _NOT_CODE}
    found = {name: _function_of(value) for name, value in sorted(members.items())}
    return {n: _described(v, seen) for n, v in found.items() if isinstance(v, _SAYS)}


def _function_of(member: Any) -> Any:
    """The function in a property, a static or class method, or below decorators."""
    function: Any = member.fget if isinstance(member, property) else member
    return inspect.unwrap(getattr(function, "__func__", function))


def _plain_attributes(thing: Any) -> dict[str, str]:
    """What an object is set to."""
    return {
        name: repr(value)
        for name, value in sorted(getattr(thing, "__dict__", {}).items())
        if isinstance(value, _PLAIN) and not name.startswith("_")
    }


def _name_of(thing: Any) -> str:
    named = thing if hasattr(thing, "__qualname__") else type(thing)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', named)}"

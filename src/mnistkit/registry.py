"""Names for things: built in, registered in this process, or offered by an installed plugin.

A registry maps a name to one function. There are three origins, the first that has the name wins:

1. *built-in*: offered by mnistkit itself, through the same entry points that a plugin uses;
2. *registered*: added in this process, for instance by a decorator in a script or a notebook;
3. *plugin*: offered by another installed package through an entry point.

Nothing is scanned at import, listing imports no plugin, and a plugin is imported only when its
name is asked for. ``module:function`` works wherever a name does.
"""

from __future__ import annotations

import difflib
import fnmatch
import functools
import importlib
import inspect
import logging
import re
import reprlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from mnistkit.errors import (
    AmbiguousNameError,
    InvalidNameError,
    NameTakenError,
    PluginError,
    UnknownNameError,
    WrongTypeError,
)
from mnistkit.installed import Offer, offers
from mnistkit.messages import shown

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(/[A-Za-z0-9_][A-Za-z0-9_.\-]*)*")


@dataclass(frozen=True)
class Entry:
    """One name in a registry, and where it comes from.

    Attributes
    ----------
    name : str
        What users write.
    origin : {"built-in", "registered", "plugin"}
        Who offers it.
    provider : str
        The distribution and its version (``"mnistkit 0.1.0"``), or the module that registered it.
    target : str
        Where the function is, as ``module:function``.
    hidden_by : str or None
        The provider of the entry that wins over this one, if one does.
    """

    name: str
    origin: Literal["built-in", "registered", "plugin"]
    provider: str
    target: str
    hidden_by: str | None = None


class Registry(Generic[Function]):
    """Names of one kind of thing.

    Parameters
    ----------
    kind : str
        The singular noun for messages: ``"model"``, ``"data set"``.
    group : str
        The entry-point group that plugins use.
    how_to_add : str
        One line of code that adds a name, for messages.
    """

    def __init__(self, kind: str, group: str, how_to_add: str) -> None:
        self.kind = kind
        self.group = group
        self.how_to_add = how_to_add
        self._registered: dict[str, Function] = {}
        self._warned_of: set[Entry] = set()

    def register(self, name: str) -> Callable[[Function], Function]:
        """Decorate a function to give it a name in this process.

        Registering the same function again, as a notebook cell that runs twice does, replaces it.

        Raises
        ------
        NameTakenError
            If the name is built in, or was registered for another function.
        InvalidNameError
            If the name has characters other than letters, digits, ``_``, ``-``, ``.`` and ``/``.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidNameError(
                f"{shown(name)} cannot be the name of a {self.kind}: use letters, digits, "
                "'_', '-', '.', and '/' between parts, for example 'mine' or 'mine/small'."
            )

        def decorate(function: Function) -> Function:
            if not callable(function):
                raise WrongTypeError(
                    f"The {self.kind} {name!r} must be a function, not {function!r}. "
                    f"Write it as {self.how_to_add}."
                )
            self._refuse_if_taken(name, function)
            self._registered[name] = function
            return function

        return decorate

    def unregister(self, name: str) -> None:
        """Forget a name that was registered in this process.

        Raises
        ------
        UnknownNameError
            If the name was not registered in this process.
        """
        if not isinstance(name, str):
            raise self._no_name(name)
        if name not in self._registered:
            raise UnknownNameError(
                f"No {self.kind} {name!r} was registered in this process; "
                f"those that were: {_listing(sorted(self._registered))}."
            )
        del self._registered[name]

    def entries(self, pattern: str = "*") -> list[Entry]:
        """Every entry whose name matches a shell-style pattern, sorted; imports no plugin.

        A name that two plugins offer is listed twice; one that loses against a built-in or a
        registered name is listed with ``hidden_by`` set.
        """
        if not isinstance(pattern, str):
            raise WrongTypeError(
                f"Names of {self.kind}s are listed by a pattern such as 'm*', not by {pattern!r}. "
                "Give a str; for several patterns, ask once for each."
            )
        everything = self._all_entries()
        winners = {entry.name: entry for entry in everything if entry.origin != "plugin"}
        entries = [
            replace(entry, hidden_by=winners[entry.name].provider)
            if entry.origin == "plugin" and entry.name in winners
            else entry
            for entry in everything
            if fnmatch.fnmatchcase(entry.name, pattern)
        ]
        return sorted(entries, key=lambda entry: (entry.name, entry.hidden_by is not None))

    def names(self, pattern: str = "*") -> list[str]:
        """Every name that matches a shell-style pattern, sorted, each once; imports no plugin."""
        return sorted({entry.name for entry in self.entries(pattern)})

    def get(self, name: str) -> Function:
        """The function of that name; ``module:function`` is imported and returned.

        Raises
        ------
        UnknownNameError
            If there is no such name; the message has the closest match and the full list.
        AmbiguousNameError
            If two plugins offer the name.
        PluginError
            If the plugin that offers the name cannot be imported.
        """
        if not isinstance(name, str):
            raise self._no_name(name)
        if ":" in name:
            return self._import(name)
        chosen = self.find(name)
        if chosen.origin == "registered":
            return self._registered[name]
        return self._import(chosen.target, chosen)

    def find(self, name: str) -> Entry:
        """The entry that `get` would use, without importing it.

        Raises
        ------
        UnknownNameError, AmbiguousNameError
            As `get` does.
        """
        entries = self.entries(_literal(name))
        visible = [entry for entry in entries if entry.hidden_by is None]
        if not visible:
            raise self._unknown(name)
        if len(visible) > 1:
            offers = "\n".join(f"  {entry.provider}: {entry.target}" for entry in visible)
            raise AmbiguousNameError(
                f"Several installed packages offer a {self.kind} named {name!r}:\n{offers}\n"
                f"Uninstall all but one, or use the full form, for example {visible[0].target!r}."
            )
        for entry in entries:
            if entry.hidden_by is not None and entry not in self._warned_of:
                self._warned_of.add(entry)
                logger.warning(
                    "%s offers a %s named %r too; the one of %s is used. "
                    "The other can be reached as %r.",
                    entry.provider, self.kind, name, entry.hidden_by, entry.target,
                )  # fmt: skip
        return visible[0]

    def name_of(self, function: Callable[..., Any]) -> str:
        """What a function is called here: its name if it has one, else ``module:function``.

        A name that is offered is preferred to one that only this process knows. A function that
        was decorated by another, as ``functools.wraps`` does it, is the same one, and so is one
        with some of its options filled in by ``functools.partial``.
        """
        while isinstance(function, functools.partial):
            function = function.func
        target = _target(function)
        visible = [entry for entry in self.entries() if entry.hidden_by is None]
        names = [entry.name for entry in visible if entry.origin != "registered"]
        offered = [entry.name for entry in visible if entry.target == target]
        registered = (
            name
            for name, one in self._registered.items()
            if inspect.unwrap(one) is inspect.unwrap(function)
        )
        unique = (name for name in offered if names.count(name) == 1)
        return next(iter((*unique, *registered)), target)

    def _refuse_if_taken(self, name: str, function: Function) -> None:
        for entry in self._offered_entries():
            if entry.name == name and entry.origin == "built-in":
                raise NameTakenError(
                    f"{name!r} is a built-in {self.kind} of mnistkit and cannot be replaced. "
                    "Choose another name."
                )
        present = self._registered.get(name)
        if present is not None and not _is_same_definition(present, function):
            raise NameTakenError(
                f"The {self.kind} name {name!r} is taken by {_target(present)}; "
                f"{_target(function)} cannot have it too. Choose another name, or free this one "
                f"first with mnistkit.unregister_{self.kind.replace(' ', '')}({name!r})."
            )

    def _all_entries(self) -> list[Entry]:
        registered = [
            Entry(name, "registered", function.__module__, _target(function))
            for name, function in self._registered.items()
        ]
        return [*registered, *self._offered_entries()]

    def _offered_entries(self) -> list[Entry]:
        """What installed distributions offer; one with broken metadata is passed over."""
        return [_entry(offer) for offer in offers(self.group)]

    def _import(self, target: str, entry: Entry | None = None) -> Function:
        """Import ``module:function``; whatever goes wrong in a plugin becomes a PluginError."""
        module_name, _, path = target.partition(":")
        if entry is None:
            blame = f"The {self.kind} {target!r}"
            advice = "The form is 'module:function', and the module must be importable from here."
        else:
            blame = f"The {self.kind} {entry.name!r} ({target}) of {entry.provider}"
            distribution = entry.provider.rsplit(" ", 1)[0]
            advice = f"Repair or uninstall {distribution!r}; everything else works without it."
        try:
            found: Any = importlib.import_module(module_name)
            for attribute in path.split("."):
                found = getattr(found, attribute)
        # Some leave an import by an own exception that is no Exception, as pytest.skip does.
        except BaseException as error:
            if _is_interruption(error):
                raise
            raise PluginError(
                f"{blame} could not be imported: {type(error).__name__}: {_said(error)}. {advice}"
            ) from error
        if not callable(found):
            raise PluginError(f"{blame} is not a function but {reprlib.repr(found)}. {advice}")
        return found  # type: ignore[no-any-return]  # callable is all that can be known here

    def _no_name(self, given: object) -> WrongTypeError:
        return WrongTypeError(f"The name of a {self.kind} is a str, not {shown(given)}.")

    def _unknown(self, name: str) -> UnknownNameError:
        names = self.names()
        # "MNIST" and "FashionMNIST" are how others write them.
        simple = {_simple(one): one for one in reversed(names)}
        close = difflib.get_close_matches(_simple(name), simple, n=1, cutoff=0.5)
        hint = f" Did you mean {simple[close[0]]!r}?" if close else ""
        reinstall = (
            ""
            if any(entry.origin == "built-in" for entry in self._offered_entries())
            else "\nmnistkit's own entry points are missing too: install it with pip."
        )
        return UnknownNameError(
            f"There is no {self.kind} named {name!r}.{hint}\n"
            f"Known: {_listing(names)}.\n"
            f"To add one: {self.how_to_add}; or offer it from a package through the entry-point "
            f"group {self.group!r}; or pass 'module:function'.{reinstall}"
        )


def _entry(offer: Offer) -> Entry:
    return Entry(
        offer.name,
        "built-in" if offer.is_own else "plugin",
        f"{offer.distribution} {offer.version}",
        offer.target,
    )


def _is_interruption(error: BaseException) -> bool:
    """Whether somebody wants this process or task to stop; that is nobody's fault."""
    if isinstance(error, KeyboardInterrupt | GeneratorExit):
        return True
    asyncio = sys.modules.get("asyncio.exceptions")  # who cancels a task has imported it
    return asyncio is not None and isinstance(error, asyncio.CancelledError)


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (a stranger's exception, which cannot even say what it is)
        return "(it has no text)"


def _simple(name: str) -> str:
    """A name without what is easily written in another way."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _listing(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names) if names else "none"


def _target(function: Callable[..., Any]) -> str:
    qualified = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{getattr(function, '__module__', '?')}:{qualified}"


def _is_same_definition(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether two functions come from the same place, as after running a cell twice."""
    return one is other or ("<lambda>" not in _target(one) and _target(one) == _target(other))


def _literal(name: str) -> str:
    """A pattern that matches just this name."""
    return re.sub(r"([*?[])", r"[\1]", name)

"""What installed distributions offer through entry points, however broken their metadata is."""

from __future__ import annotations

import functools
import json
import logging
import re
import sys
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from importlib import metadata
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

logger = logging.getLogger(__name__)

_OWN = "mnistkit"
_OWN_FILE = Path(__file__)
# The value of an entry point may name extras behind the function: "module:function [extra]".
_TARGET = re.compile(r"\s*([\w.]+)\s*(?::\s*([\w.]+)\s*)?(?:\[.*\])?\s*", re.DOTALL)


@dataclass(frozen=True)
class Offer:
    """One entry point.

    Attributes
    ----------
    name : str
        What users write.
    target : str
        Where the function is, as ``module:function``, or the folder, as ``package.folder``; without
        extras.
    distribution, version : str
        Who offers it.
    is_own : bool
        Whether it is offered by the distribution that this very package belongs to.
    """

    name: str
    target: str
    distribution: str
    version: str
    is_own: bool = False


def offers(group: str) -> list[Offer]:
    """The entry points of one group; nothing is imported, and what is broken is passed over.

    Each distribution counts once, even if two versions of it are installed, as after an upgrade
    that broke off.

    Parameters
    ----------
    group : str
    """
    return list(_offers(group, _state()))


@functools.lru_cache(maxsize=16)
def _offers(group: str, state: Hashable) -> tuple[Offer, ...]:  # noqa: ARG001  (what it depends on)
    copies: dict[str, list[_Copy]] = {}
    for copy in _copies(group):
        copies.setdefault(_normalized(copy.name), []).append(copy)
    namesakes = copies.pop(_OWN, [])
    found = _own_offers(namesakes)
    for same in [_without_own(namesakes), *copies.values()]:
        if same:
            found += _usable(same).offers()
    return tuple(found)


def _state() -> Hashable:
    """What changes when something is installed or removed; quicker than to look what there is."""
    places = tuple((place, _modified(place)) for place in sys.path)
    return places, tuple(map(id, sys.meta_path))


def _modified(place: str) -> int | None:
    try:
        return Path(place).stat().st_mtime_ns
    except (OSError, ValueError):
        return None


@dataclass(frozen=True)
class _Copy:
    """One installed copy of a distribution, as far as its metadata can be read."""

    name: str
    version: str
    points: tuple[tuple[str, str], ...]
    folder: Path
    distribution: metadata.Distribution = field(compare=False)

    def offers(self, *, is_own: bool = False) -> list[Offer]:
        return [
            Offer(name, target, self.name, self.version, is_own) for name, target in self.points
        ]

    def only(self, *, inside: bool) -> _Copy:
        """The same without the entry points that lead into this package, or without the others."""
        points = tuple(point for point in self.points if _is_inside(point[1]) == inside)
        return replace(self, points=points)


def _copies(group: str) -> Iterator[_Copy]:
    for distribution in _distributions():
        try:
            points = tuple(
                (str(point.name), _target(str(point.value)))
                for point in distribution.entry_points
                if point.group == group
            )
            if points:
                described = distribution.metadata
                name, version = described["Name"], described["Version"]
                if not name:
                    raise ValueError("it has no name")  # noqa: TRY301  (treated as any other flaw)
                folder = Path(str(distribution.locate_file("")))
                yield _Copy(str(name), str(version or "?"), points, folder, distribution)
        except Exception as error:  # noqa: BLE001  (a stranger's broken metadata, of any kind)
            logger.debug("Skipped a distribution with broken metadata: %s", error)


def _distributions() -> Iterator[metadata.Distribution]:
    try:
        yield from metadata.distributions()
    except Exception as error:  # noqa: BLE001  (a stranger's finder; the usual one has not failed)
        logger.debug("Another finder of distributions failed: %s", error)
        yield from metadata.MetadataPathFinder.find_distributions()


def _target(value: str) -> str:
    match = _TARGET.fullmatch(value)
    return ":".join(filter(None, match.groups())) if match else value


def _own_offers(namesakes: list[_Copy]) -> list[Offer]:
    """What the distribution of this very package offers; the first of its name need not be it."""
    candidates = [copy for copy in (one.only(inside=True) for one in namesakes) if copy.points]
    if not candidates:
        return []
    ownership = {copy: _ownership(copy) for copy in candidates}
    surest = [copy for copy in candidates if ownership[copy] == max(ownership.values())]
    return _usable(surest).offers(is_own=True)


def _without_own(namesakes: list[_Copy]) -> list[_Copy]:
    """What others of this package's name offer. Out of this package they have nothing to offer."""
    return [copy for copy in (one.only(inside=False) for one in namesakes) if copy.points]


def _is_inside(target: str) -> bool:
    return target.partition(":")[0].split(".")[0] == _OWN


def _ownership(copy: _Copy) -> tuple[bool, bool]:
    """How surely a copy is this package's own: it lies beside it, or says where it lies."""
    try:
        here = _OWN_FILE.resolve()
        is_here = copy.folder.resolve() == here.parent.parent or any(
            here.is_relative_to(source.resolve()) for source in _source_of(copy.distribution)
        )
    except (OSError, ValueError, RuntimeError):  # not a path, or a loop of links
        is_here = False
    return is_here, copy.name == _OWN


def _source_of(distribution: metadata.Distribution) -> Iterator[Path]:
    """The folder that a distribution was installed from, if it stays there to be edited."""
    text = distribution.read_text("direct_url.json")
    origin = json.loads(text) if text else None
    if isinstance(origin, dict) and isinstance(origin.get("url"), str):
        url = urlsplit(origin["url"])
        if url.scheme == "file" and url.path:
            yield Path(url2pathname(url.path))


def _usable(copies: list[_Copy]) -> _Copy:
    """Of several copies, the one whose modules are there; else the first, and newest."""
    if len(copies) == 1:
        return copies[0]
    folders = list(dict.fromkeys(copy.folder for copy in copies))  # in the order of sys.path
    by_rank = sorted(copies, key=lambda copy: _order(copy.version), reverse=True)
    by_rank.sort(key=lambda copy: folders.index(copy.folder))
    return max(by_rank, key=_share_there)


def _share_there(copy: _Copy) -> float:
    return sum(_is_there(target) for _, target in copy.points) / len(copy.points)


def _order(version: str) -> tuple[list[int], bool]:
    """A key by which versions can be compared, roughly: numbers, then whether it is a release."""
    match = re.match(r"v?(\d{1,9}(?:\.\d{1,9})*)(.*)", version, re.DOTALL)
    if match is None:
        return [], False
    return [*map(int, match[1].split("."))], not re.match(r"[-_.]?(a|b|c|rc|dev|pre)", match[2])


def folder_of(target: str) -> Path | None:
    """The folder of a package that ``package.folder`` names; nothing is imported to find it.

    Parameters
    ----------
    target : str

    Returns
    -------
    pathlib.Path or None
        None if there is no such folder.

    Examples
    --------
    >>> folder_of("mnistkit.models.weights").name
    'weights'
    """
    package, *rest = target.split(".")
    try:
        spec = find_spec(package)
    except Exception:  # noqa: BLE001  (no package's name, or a stranger's finder)
        return None
    places = () if spec is None else spec.submodule_search_locations or ()
    folders = (Path(place, *rest) for place in places)
    return next((folder for folder in folders if folder.is_dir()), None)


def _is_there(target: str) -> bool:
    """Whether it can be found, without importing it or the packages that it lies in."""
    module, _, function = target.partition(":")
    if not function:
        return folder_of(target) is not None
    try:
        if module in sys.modules:
            return True
        first, *rest = module.split(".")
        spec = find_spec(first)
        for part in rest:
            if spec is None:
                return False
            spec = PathFinder.find_spec(f"{spec.name}.{part}", spec.submodule_search_locations)
    except Exception:  # noqa: BLE001  (no module's name, or a stranger's finder)
        return False
    return spec is not None


def _normalized(distribution_name: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution_name).lower()

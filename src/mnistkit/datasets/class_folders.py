"""What lies in a folder of class folders: the pictures of each class, and what is left over."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mnistkit.errors import ImageFolderError
from mnistkit.images.names import PICTURE_SUFFIXES, is_litter, is_picture_name

LAYOUT = (
    "Expected <folder>/<class>/<picture>, or <folder>/train/<class>/<picture> and "
    "<folder>/test/<class>/<picture>, with pictures of the kinds "
    f"{', '.join(sorted(PICTURE_SUFFIXES))}."
)
Part = dict[str, list[Path]]  # the name of a class folder to its pictures
Role = Literal["train", "test", "validation"]
_ROLES: dict[str, Role] = {
    "train": "train", "training": "train",
    "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
}  # fmt: skip
_NO_PICTURE = (
    "file that is not a picture of a known kind|files that are not pictures of a known kind"
)
_HIDDEN = "hidden file or folder|hidden files and folders"
_NO_FILE = "name that leads to no regular file|names that lead to no regular file"
_LINK = "link to another folder|links to other folders"
_EMPTY = "empty folder|empty folders"
_CLASSLESS = "picture outside of the class folders|pictures outside of the class folders"
_WITHOUT = "folder without a picture|folders without a picture"
_PICTURE, _FOLDER = "picture", "folder"
_SHOWN = 3


@dataclass
class Found:
    """Where the pictures are, and what else there is.

    Attributes
    ----------
    root : Path
    parts : dict
        ``"train"``, and ``"test"`` if there is one, to the pictures of each class.
    unused : dict
        What was not used, by its description: ``"one|several of them"``.
    remarks : list of str
        What else must be said.
    """

    root: Path
    parts: dict[str, Part] = field(default_factory=dict)
    unused: dict[str, list[Path]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What the folder is called in messages."""
        return shown(self.root.resolve().name)

    def leave_out(self, kind: str, paths: Iterable[Path]) -> None:
        """Note what is not used."""
        for path in paths:
            self.unused.setdefault(kind, []).append(path)

    def told(self) -> str:
        """What somebody must know who believes that everything was read; empty if it was."""
        kinds = [
            f"{len(paths):,} {kind.split('|')[len(paths) > 1]} ({self.names(paths)})"
            for kind, paths in self.unused.items()
        ]
        unused = [f"Not used of {self.name}: {', '.join(kinds)}."] if kinds else []
        return " ".join(self.remarks + unused)

    def names(self, paths: list[Path]) -> str:
        """A few names."""
        some = [shown(path.relative_to(self.root).as_posix()) for path in paths[:_SHOWN]]
        return ", ".join(some + ["..."] * (len(paths) > _SHOWN))


@dataclass(frozen=True)
class _Listing:
    folders: list[Path]
    pictures: list[Path]


def find_pictures(root: Path) -> Found:
    """Look through a folder; no file is opened.

    Parameters
    ----------
    root : Path
        See `mnistkit.Dataset.from_folder`.

    Raises
    ------
    ImageFolderError
        If there are no class folders, or a folder cannot be read.
    """
    found = Found(root)
    top = _listing(root, found)
    found.leave_out(_CLASSLESS, top.pictures)
    chosen = _roles(top.folders)
    parts = [folder for folders in chosen.values() for folder in folders]
    others = [folder for folder in top.folders if folder not in parts]
    train = chosen.pop("train", [])
    if train:
        found.parts["train"] = _part(train[0], found)
        _leave_out_folders(others + train[1:], f"beside {shown(train[0].name)}", found)
    else:
        found.parts["train"] = _classes(others, found)
    _add_test(chosen, found)
    return found


def _roles(folders: list[Path]) -> dict[Role, list[Path]]:
    """The folders that are not classes but parts of the data; those of the usual name first."""
    known: dict[Role, list[Path]] = {}
    for folder in sorted(folders, key=lambda folder: (folder.name not in _ROLES, folder.name)):
        role = _ROLES.get(folder.name.lower())
        if role:
            known.setdefault(role, []).append(folder)
    inside = {folder: _listing(folder) for folders in known.values() for folder in folders}
    if "train" in known:
        train = [f for f in known["train"] if inside[f].folders or not inside[f].pictures]
        if train:
            return known | {"train": train}
    # Beside classes, "test" is the test part if it has the same classes, else a class like others;
    # but none beside digits: there it has pictures of which nobody says what they show.
    classes = {folder.name for folder in folders if folder not in inside}
    digits = bool(classes) and all(name.isdecimal() for name in classes)
    return {
        role: [f for f in parts if digits or classes & _names(inside[f].folders)]
        for role, parts in known.items()
        if role != "train"
    }


def _add_test(chosen: dict[Role, list[Path]], found: Found) -> None:
    """The test part: "test", or else "valid", and what is neither is left out."""
    for folder in chosen.get("test", []) + chosen.get("validation", []):
        is_test = _ROLES[folder.name.lower()] == "test"
        if "test" in found.parts:
            how = f"which Dataset.from_folder({str(folder)!r}) reads"
            _leave_out_folders([folder], f"in {shown(folder.name)}, {how}", found)
            continue
        part = _part(folder, found)
        if not any(part.values()):
            continue
        found.parts["test"] = part
        if not is_test:
            found.remarks.append(
                f"{shown(folder.name)} of {found.name} is used as the test part, since "
                "there is no usable folder 'test'."
            )


def _leave_out_folders(folders: list[Path], where: str, found: Found) -> None:
    for folder in folders:
        pictures = _below(folder)
        if pictures:
            found.leave_out(f"picture {where}|pictures {where}", pictures)
        else:
            found.leave_out(_WITHOUT, [folder])


def _part(folder: Path, found: Found) -> Part:
    top = _listing(folder, found)
    found.leave_out(_CLASSLESS, top.pictures)
    return _classes(top.folders, found)


def _classes(folders: list[Path], found: Found) -> Part:
    part = {folder.name: _below(folder, found) for folder in folders}
    empty = set(found.unused.get(_EMPTY, []))
    without = [folder for folder in folders if not part[folder.name] and folder not in empty]
    found.leave_out(_WITHOUT, without)
    part = {name: pictures for name, pictures in part.items() if pictures}
    _check_depth([folder for folder in folders if folder.name in part])
    return part


def _check_depth(folders: list[Path]) -> None:
    """Refuse folders of class folders: read as classes, they would be other classes than meant."""
    if not folders or all(folder.name.isdecimal() for folder in folders):
        return
    listings = [_listing(folder) for folder in folders]
    if any(listing.pictures for listing in listings):
        return
    inside = set().union(*(_names(listing.folders) for listing in listings))
    meant = all(name.isdecimal() or name.lower() in _ROLES for name in inside)
    if meant or len(folders) == 1 or all(folder.name.lower() in _ROLES for folder in folders):
        raise ImageFolderError(
            f"The class folders in {str(folders[0].parent)!r} have no pictures but folders: in "
            f"{shown(folders[0].name)} there is {', '.join(map(shown, sorted(inside)[:3]))}. "
            f"{LAYOUT} Give the folder that the class folders are in, for instance "
            f"Dataset.from_folder({str(folders[0])!r})."
        )


def _below(folder: Path, found: Found | None = None) -> list[Path]:
    """The pictures in a folder and in those in it.

    Links to folders are followed only where they are class folders: further down they may lead
    back, and bring in the pictures of other classes.
    """
    pictures: list[Path] = []
    waiting = [folder]
    while waiting:
        listing = _listing(waiting.pop(), found)
        pictures += listing.pictures
        links = [inner for inner in listing.folders if inner.is_symlink()]
        waiting += [inner for inner in listing.folders if inner not in links]
        if found:
            found.leave_out(_LINK, links)
    return sorted(pictures)


def _listing(folder: Path, found: Found | None = None) -> _Listing:
    """One folder, not those in it; what is of no use is noted where it was found, if anywhere."""
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        raise ImageFolderError(
            f"The folder {str(folder)!r} cannot be read ({error.strerror}). Change its "
            "permissions, or move it elsewhere."
        ) from error
    kinds: dict[str, list[Path]] = {}
    for entry in entries:
        if not is_litter(entry.name):
            kinds.setdefault(_kind(entry), []).append(folder / entry.name)
    listing = _Listing(kinds.pop(_FOLDER, []), kinds.pop(_PICTURE, []))
    if found:
        for kind, paths in kinds.items():
            found.leave_out(kind, paths)
        if not (kinds or listing.folders or listing.pictures or folder == found.root):
            found.leave_out(_EMPTY, [folder])
    return listing


def _kind(entry: os.DirEntry[str]) -> str:
    """What a name leads to; FIFOs, devices and broken links are not regular files."""
    if entry.name.startswith("."):
        return _HIDDEN
    try:
        if entry.is_dir():
            return _FOLDER
        if not entry.is_file():
            return _NO_FILE
    except OSError:  # a link that leads to itself
        return _NO_FILE
    return _PICTURE if is_picture_name(entry.name) else _NO_PICTURE


def _names(folders: list[Path]) -> set[str]:
    return {folder.name for folder in folders}


def shown(name: str) -> str:
    """A name in a message: quoted, without line breaks, and not too long."""
    return repr(name if len(name) <= 60 else f"{name[:40]}...{name[-16:]}")

"""What is known about a data set: one row of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mnistkit.datasets.remote_file import RemoteFile

Loader = TypeVar("Loader", bound=Callable[..., Any])
_ATTRIBUTE = "__mnistkit_info__"


@dataclass(frozen=True)
class DatasetInfo:
    """What is known about a data set.

    Attributes
    ----------
    name : str
        What `load_dataset` takes.
    title : str
        One line that says what it is.
    classes : tuple of str
        What the classes are called, in the order of their numbers.
    homepage : str
        Where it is described.
    licence : str
        What its makers allow.
    citation : str
        What to cite when it is used.
    conversion : str
        How the source became white ink on black paper, uint8, upright, 28x28.
    files : tuple of RemoteFile
        What is downloaded; empty if nothing is.
    substitutes : tuple of RemoteFile
        What serves as well if those cannot be downloaded.
    """

    name: str
    title: str = ""
    classes: tuple[str, ...] = ()
    homepage: str = ""
    licence: str = "not stated"
    citation: str = ""
    conversion: str = "none: stored as it is used"
    files: tuple[RemoteFile, ...] = ()
    substitutes: tuple[RemoteFile, ...] = ()

    @property
    def download_size(self) -> int | None:
        """Bytes to download; None if the size of a file is not known."""
        sizes = [file.size for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    def __str__(self) -> str:
        rows = {
            "classes": ", ".join(self.classes),
            "homepage": self.homepage,
            "licence": self.licence,
            "citation": self.citation,
            "conversion": self.conversion,
        }
        lines = [f"{self.name}: {self.title}"]
        lines += [f"  {key + ':':<12}{value}" for key, value in rows.items() if value]
        return "\n".join(lines)


def described_by(info: DatasetInfo) -> Callable[[Loader], Loader]:
    """Attach a catalogue row to a function that loads a data set.

    A plugin's loader may carry one too; ``mnistkit datasets fetch`` then knows its files.
    """

    def decorate(loader: Loader) -> Loader:
        setattr(loader, _ATTRIBUTE, info)
        return loader

    return decorate


def info_of(loader: Callable[..., Any]) -> DatasetInfo | None:
    """The catalogue row attached to a loader, if it has one."""
    info = getattr(loader, _ATTRIBUTE, None)
    return info if isinstance(info, DatasetInfo) else None

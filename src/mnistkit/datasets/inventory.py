"""What there is: the catalogue's rows, and the state of the files on this disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnistkit.datasets import storage
from mnistkit.datasets.catalogue import DATASETS
from mnistkit.datasets.download import verify
from mnistkit.datasets.info import DatasetInfo, info_of


@dataclass(frozen=True)
class CatalogueRow:
    """One line of ``mnistkit datasets``.

    Attributes
    ----------
    name, title, licence : str
    download_size : int or None
        Bytes; None if nothing is downloaded or the size is not known.
    on_disk : bool
        Whether it loads without a download.
    """

    name: str
    title: str
    licence: str
    download_size: int | None
    on_disk: bool


@dataclass(frozen=True)
class FileCheck:
    """The state of one file.

    Attributes
    ----------
    dataset : str
    path : pathlib.Path
    state : str
        ``"ok"``, ``"not downloaded"``, or what is wrong.
    """

    dataset: str
    path: Path
    state: str

    @property
    def is_damaged(self) -> bool:
        """Whether there is a file and it is not what it should be."""
        return self.state not in ("ok", "not downloaded")


def catalogue() -> list[CatalogueRow]:
    """A row for every name; plugins are listed but not imported."""
    rows = []
    for entry in DATASETS.entries():
        if entry.origin == "plugin":
            hidden = f", hidden by that of {entry.hidden_by}" if entry.hidden_by else ""
            rows.append(CatalogueRow(entry.name, f"from {entry.provider}{hidden}", "", None, False))
            continue
        info = info_of(DATASETS.get(entry.name)) or DatasetInfo(entry.name, title=entry.target)
        rows.append(
            CatalogueRow(info.name, info.title, info.licence, info.download_size, _is_on_disk(info))
        )
    return rows


def check_files(names: Sequence[str] | None = None) -> Iterator[FileCheck]:
    """Check the files of some data sets, or of all that have a file here, one by one."""
    seen: set[Path] = set()
    for name in names or [e.name for e in DATASETS.entries() if e.origin != "plugin"]:
        info = info_of(DATASETS.get(name)) or DatasetInfo(name)
        checks = [
            FileCheck(name, file.path, verify(file, file.path) or "ok") for file in info.files
        ]
        for check in checks:
            if check.path in seen:
                continue
            seen.add(check.path)
            if check.path.exists():
                yield check
            elif names:
                yield FileCheck(name, check.path, "not downloaded")
        for archive in _decoded_archives(name):
            if archive not in seen:
                seen.add(archive)
                yield FileCheck(name, archive, _state_of_archive(archive))


def _is_on_disk(info: DatasetInfo) -> bool:
    return not info.files or all(file.path.exists() for file in info.files)


def _decoded_archives(name: str) -> list[Path]:
    folder, _, part = name.partition("/")
    return sorted((storage.home() / folder).glob(f"decoded-{part or '*'}-v*.npz"))


def _state_of_archive(path: Path) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError) as error:
        return f"damaged: {error}"
    return f"damaged: {damaged}" if damaged else "ok"

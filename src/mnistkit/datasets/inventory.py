"""What there is: the catalogue's rows, and the state of the files on this disk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnistkit.datasets import storage
from mnistkit.datasets.catalogue import DATASETS
from mnistkit.datasets.decoded import archive_path, refuse_changed
from mnistkit.datasets.download import RemoteFile, fetch, verify
from mnistkit.datasets.info import DatasetInfo, info_of
from mnistkit.files.reading import open_regular


@dataclass(frozen=True)
class CatalogueRow:
    """One line of ``mnistkit datasets``.

    Attributes
    ----------
    name, title, licence : str
    download_size : int or None
        Bytes, 0 if nothing is downloaded; None if the size is not known.
    on_disk : bool
        Whether it should load without a download: the files are there, but were not verified.
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
        ``"ok"``, ``"not downloaded"``, or "damaged: " and what is wrong.
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
        for file in _files_of(name):
            if file.path in seen:  # several data sets share EMNIST's
                continue
            seen.add(file.path)
            if file.path.exists():
                yield FileCheck(name, file.path, _state_of_file(file))
            elif names:
                yield FileCheck(name, file.path, "not downloaded")
        for archive in _decoded_archives(name):
            if archive not in seen:
                seen.add(archive)
                info = info_of(DATASETS.get(name)) or DatasetInfo(name)
                sources = (*info.files, *info.substitutes)
                yield FileCheck(name, archive, _state_of_archive(archive, sources))


def replace_damaged_files(name: str) -> None:
    """Fetch those files of a data set again that are here and damaged.

    Loading alone would not: it looks at no source file for as long as there are decoded arrays.

    Raises
    ------
    DownloadError, CacheError
        If a file cannot be had again, or not be written; the damaged one is then still there.
    """
    for file in _files_of(name):
        if file.path.exists() and verify(file, file.path):
            (copy,) = fetch([file])
            if copy != file.path:  # another library's is used from now on
                with contextlib.suppress(OSError):
                    file.path.unlink()


def _files_of(name: str) -> tuple[RemoteFile, ...]:
    info = info_of(DATASETS.get(name))
    if info is None:
        return ()
    return (*info.files, *(file for file in info.substitutes if file.path.exists()))


def _is_on_disk(info: DatasetInfo) -> bool:
    return bool(_decoded_archives(info.name)) or all(
        any(path.exists() for path in (file.path, *storage.borrowed_copies(file.also_at)))
        for file in info.files
    )


def _decoded_archives(name: str) -> list[Path]:
    folder, _, part = name.partition("/")
    pattern = archive_path(folder, part or "*")
    return sorted(pattern.parent.glob(pattern.name))


def _state_of_file(file: RemoteFile) -> str:
    problem = verify(file, file.path)
    return f"damaged: it {problem.removeprefix(f'{str(file.path)!r} ')}" if problem else "ok"


def _state_of_archive(path: Path, sources: Sequence[RemoteFile]) -> str:
    import zipfile

    try:
        with open_regular(path) as file:
            refuse_changed(file, sources)
            with zipfile.ZipFile(file) as archive:
                damaged = archive.testzip()
    # A bit of damage can look like encryption, or an unheard-of compression.
    except Exception as error:  # noqa: BLE001
        return f"damaged: {error}"
    return f"damaged: {damaged}" if damaged else "ok"

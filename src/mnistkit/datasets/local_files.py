"""Which data sets there are, and the state of their files on this disk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mnistkit.datasets.array_cache import cache_path, refuse_changed
from mnistkit.datasets.catalogue import DATASETS
from mnistkit.datasets.download import fetch
from mnistkit.datasets.info import DatasetInfo, info_of
from mnistkit.datasets.remote_file import RemoteFile, borrowed_copies, verify, with_unpacked
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


def catalogue_rows() -> list[CatalogueRow]:
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
    every = [entry.name for entry in DATASETS.entries() if entry.origin != "plugin"]
    for name in names or sorted(every, key=_has_files_of_others):
        for file in _files_of(name):
            if file.path in seen:  # several data sets share EMNIST's
                continue
            seen.add(file.path)
            here = [path for path in with_unpacked(file, file.path) if path.exists()]
            for path in here:
                yield FileCheck(name, path, _state_of_file(file, path))
            if names and not here:
                yield FileCheck(name, file.path, "not downloaded")
        for archive in _cached_archives(name):
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
        If a file cannot be downloaded or written; the damaged one is then still there.
    """
    for file in _files_of(name):
        if file.path.exists() and verify(file, file.path):
            (copy,) = fetch([file])
            if copy != file.path:  # another library's is used from now on
                with contextlib.suppress(OSError):
                    file.path.unlink()


def _has_files_of_others(name: str) -> bool:
    """Whether it is made from another data set, which a damaged file then belongs to."""
    folder = name.partition("/")[0]
    return any(file.dataset != folder for file in _files_of(name))


def _files_of(name: str) -> tuple[RemoteFile, ...]:
    info = info_of(DATASETS.get(name))
    if info is None:
        return ()
    return (*info.files, *(file for file in info.substitutes if file.path.exists()))


def _is_on_disk(info: DatasetInfo) -> bool:
    return bool(_cached_archives(info.name)) or all(
        any(path.exists() for path in (*with_unpacked(file, file.path), *borrowed_copies(file)))
        for file in info.files
    )


def _cached_archives(name: str) -> list[Path]:
    folder, _, part = name.partition("/")
    pattern = cache_path(folder, part or "*")
    return sorted(pattern.parent.glob(pattern.name))


def _state_of_file(file: RemoteFile, path: Path) -> str:
    problem = verify(file, path)
    return f"damaged: it {problem.removeprefix(f'{str(path)!r} ')}" if problem else "ok"


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

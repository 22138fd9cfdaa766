"""Get published files: from the cache, from another library's copy, or from their publishers.

A file counts only if its digest is right, wherever it comes from. A new one is written beside
its place under another name and moved there in one step, so its place never holds half a file,
also when the process is killed. A lock for each file lets many processes share one download.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from mnistkit.datasets import storage
from mnistkit.datasets.remote_file import RemoteFile, verify
from mnistkit.datasets.source import SourceError, is_web, scheme_of, shown
from mnistkit.datasets.transfer import transfer
from mnistkit.errors import DownloadError, OfflineError
from mnistkit.files.locking import LockedError, locked

__all__ = ["RemoteFile", "fetch", "verify"]

logger = logging.getLogger(__name__)

_PAUSES = (0.5, 1.0)  # seconds before the second and the third try of one source

Finder = Callable[[RemoteFile], Path | None]
Attempts = dict[str, list[str]]
"""What happened, one entry a try, at each source."""


def fetch(*variants: Sequence[RemoteFile]) -> tuple[Path, ...]:
    """Get verified files: from the cache, else another library's copy, else a download.

    Parameters
    ----------
    *variants : sequence of RemoteFile
        Each is a set of files that together serve the purpose, the preferred one first. MNIST,
        for instance, is published as four IDX files and as one archive of Keras. The order is:

        1. the first variant that is whole in `storage.home`; nothing is written, so a folder that
           can only be read is fine;
        2. the first variant that `storage.borrowed_copies` complete; they are used where they are;
        3. the first variant that can be downloaded, each file from ``$MNISTKIT_MIRROR``, then
           from its URLs in their order, with three tries where a failure may pass.

    Returns
    -------
    tuple of pathlib.Path
        Where the files of that variant are, in their order; read them, do not change them.

    Raises
    ------
    DownloadError
        If no variant can be completed; the message lists what was tried, and says which file to
        put where.
    OfflineError
        The same, where ``$MNISTKIT_OFFLINE`` forbids the network.
    CacheError
        If the cache folder cannot be written to, or the disk is full.

    Examples
    --------
    >>> import hashlib
    >>> file = RemoteFile("mine", "abc", 3, f"md5:{hashlib.md5(b'abc').hexdigest()}", urls=())
    >>> file.path.parent.mkdir(parents=True, exist_ok=True)
    >>> _ = file.path.write_bytes(b"abc")
    >>> [path.name for path in fetch([file])]
    ['abc']
    """
    if not variants or not all(variants):
        raise TypeError("fetch takes at least one sequence of files, and none that is empty.")
    attempts: Attempts = {}
    # Cached for this call: no file is hashed, reported or tried twice.
    at_home = functools.cache(_at_home)
    here: Finder = functools.cache(lambda file: at_home(file) or _borrowed(file))
    anywhere: Finder = functools.cache(lambda file: here(file) or _download(file, attempts))
    for find in (at_home, here, anywhere):
        for files in variants:
            paths = _find_all(find, files)
            if paths is not None:
                return paths
    # Looked at again, since a part of a variant may have come.
    missing = [
        [file for file in files if not here(file) and verify(file, file.path)] for files in variants
    ]
    if not all(missing):
        return fetch(*variants)  # another process has completed a variant meanwhile
    raise _failure(missing, attempts)


def _find_all(find: Finder, files: Sequence[RemoteFile]) -> tuple[Path, ...] | None:
    paths = []
    for file in files:
        path = find(file)
        if path is None:
            return None
        paths.append(path)
    return tuple(paths)


def _at_home(file: RemoteFile) -> Path | None:
    problem = verify(file, file.path)
    if problem is None:
        return file.path
    with contextlib.suppress(OSError):  # a folder that cannot be read
        if file.path.exists():
            logger.warning("Not used, because it is damaged: %s", problem)
    return None


def _borrowed(file: RemoteFile) -> Path | None:
    for path in storage.borrowed_copies(file.also_at):
        problem = verify(file, path)
        if problem is None:
            logger.info("Using the copy of %s that is at %s", file.name, path)
            return path.absolute()
        logger.debug("Not borrowed: %s", problem)
    return None


def _download(file: RemoteFile, attempts: Attempts) -> Path | None:
    """Bring a file to its place; None if no source has it."""
    sources = _sources(file)
    if not sources:
        return None
    folder = storage.ensure_writable_folder(file.path.parent)
    with _alone(file.path):
        if verify(file, file.path) is None:
            return file.path  # another process was quicker
        for leftover in folder.glob(f".unfinished.{'?' * 16}.{file.name}"):
            # Of a process that was killed: who writes holds the lock, and that is this process.
            # Those of the other files in the folder are not looked at: they have their own locks.
            with contextlib.suppress(OSError):
                leftover.unlink()
        for source in sources:
            if _try(source, file, attempts):
                return file.path
    return None


def _sources(file: RemoteFile) -> list[str]:
    """List where to look for a file, in order; only what ``$MNISTKIT_OFFLINE`` allows."""
    sources = list(file.urls)
    mirror = storage.mirror()
    if mirror is not None:
        name = quote(file.name) if scheme_of(mirror) else file.name
        sources.insert(0, f"{mirror.rstrip('/')}/{file.dataset}/{name}")
    return [source for source in sources if not (storage.is_offline() and is_web(source))]


def _try(source: str, file: RemoteFile, attempts: Attempts) -> bool:
    place = shown(source)
    patience = storage.timeout()
    for pause in (*_PAUSES, None):
        logger.info("Downloading %s/%s from %s", file.dataset, file.name, place)
        try:
            transfer(source, file, file.path, patience)
        except SourceError as error:
            attempts.setdefault(place, []).append(str(error))
            logger.info("%s: %s", place, error)
            if pause is None or not error.is_transient:
                return False
            time.sleep(pause)
        except OSError as error:
            raise storage.unusable(file.path.parent, error) from error
        else:
            return True
    return False


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process at a time fetch a file; the system frees the lock of a killed one."""
    lock = path.with_name(f".{path.name}.lock")
    with contextlib.ExitStack() as stack:
        try:
            try:
                stack.enter_context(locked(lock, wait=False))
            except LockedError:
                logger.info("Waiting for another process that fetches %s", path)
                stack.enter_context(locked(lock, wait=True))
        except OSError as error:
            raise storage.unusable(path.parent, error) from error
        yield


def _failure(missing: list[list[RemoteFile]], attempts: Attempts) -> DownloadError:
    """Say what was tried, and what can be done by hand."""
    wanted = missing[0][0]
    error: type[DownloadError] = DownloadError
    lines = [f"{wanted.name!r} of the data set {wanted.dataset!r} could not be had from anywhere."]
    if storage.is_offline():
        error = OfflineError
        lines = [
            f"{wanted.name!r} of the data set {wanted.dataset!r} is not on this machine.",
            "$MNISTKIT_OFFLINE forbids the network; unset it to allow the download.",
        ]
    if attempts:
        lines.append("What was tried:")
        lines += [f"  {source}: {_outcome(reasons)}" for source, reasons in attempts.items()]
    for number, files in enumerate(missing):
        lines.append("Instead of that:" if number else "To do it by hand:")
        lines += [f"  Put {file} into {file.path.parent} yourself" for file in files]
        lines[-1] += " and call again."
    lines.append(
        "Or set $MNISTKIT_MIRROR to a folder or URL that has "
        f"{wanted.dataset}/{wanted.name}{' and so on' if len(missing[0]) > 1 else ''}."
    )
    return error("\n".join(lines))


def _outcome(reasons: list[str]) -> str:
    if len(reasons) == 1:
        return reasons[0]
    if len(set(reasons)) == 1:
        return f"{reasons[0]} ({len(reasons)} tries)"
    return "; then ".join(reasons)

"""Get published files: from the cache, from another library's copy, or from their publishers.

A file counts only if its digest is right, wherever it comes from. A new one is written beside
its place under another name and moved there in one step, so its place never holds half a file,
also when the process is killed. A lock for each file lets many processes share one download.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from mnistkit.datasets import storage
from mnistkit.datasets.remote_file import RemoteFile, borrowed_copies, verify, with_unpacked
from mnistkit.datasets.source import SourceError, is_web, scheme_of, shown
from mnistkit.datasets.transfer import transfer
from mnistkit.errors import DownloadError, OfflineError
from mnistkit.files.atomic import remove_unfinished
from mnistkit.files.locking import locked

logger = logging.getLogger(__name__)

_PAUSES = (0.5, 1.0)  # seconds before the second and the third try of one source

Finder = Callable[[RemoteFile], Path | None]
Attempts = dict[str, list[str]]
"""What happened at each source, one entry for each try."""


def fetch(*variants: Sequence[RemoteFile]) -> tuple[Path, ...]:
    """Get verified files: from the cache, else another library's copy, else a download.

    Parameters
    ----------
    *variants : sequence of RemoteFile
        Each is a set of files that together serve the purpose, the preferred one first. MNIST,
        for instance, is published as four IDX files and as one archive of Keras. The order is:

        1. the first variant that is whole in `storage.home`; nothing is written, so a folder that
           can only be read is fine;
        2. the first variant that `borrowed_copies` complete; they are used where they are;
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
        put where. An OfflineError, where ``$MNISTKIT_OFFLINE`` forbids the network.
    CacheError
        If the cache folder cannot be written to, or the disk is full.
    """
    if not variants or not all(variants):
        raise TypeError("fetch takes at least one sequence of files, and none that is empty.")
    attempts: Attempts = {}
    # Cached for this call: no file is hashed, reported or tried twice.
    in_cache = functools.cache(_in_cache)
    here: Finder = functools.cache(lambda file: in_cache(file) or _borrowed(file))
    anywhere: Finder = functools.cache(lambda file: here(file) or _download(file, attempts))
    for find in (in_cache, here, anywhere):
        for files in variants:
            # Until one is missing: what is of no use alone is not downloaded.
            paths = list(itertools.takewhile(bool, map(find, files)))
            if len(paths) == len(files):
                return tuple(path for path in paths if path)
    # Looked at again, since a part of a variant may have arrived.
    missing = [
        [file for file in files if not here(file) and verify(file, file.path)] for files in variants
    ]
    if not all(missing):
        return fetch(*variants)  # another process has completed a variant meanwhile
    raise _failure(missing, attempts)


def _in_cache(file: RemoteFile) -> Path | None:
    for path in with_unpacked(file, file.path):
        problem = verify(file, path)
        if problem is None:
            return path
        if _exists(path):
            logger.warning("Not used, because it is damaged: %s", problem)
    return None


def _borrowed(file: RemoteFile) -> Path | None:
    for path in borrowed_copies(file):
        problem = verify(file, path)
        if problem is None:
            logger.info("Using the copy of %s that is at %s", file.name, path)
            return path.absolute()
        logger.debug("Not borrowed: %s", problem)
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # in a folder that cannot be read
        return False


def _download(file: RemoteFile, attempts: Attempts) -> Path | None:
    """Download a file to its place; None if no source has it."""
    sources = _sources(file)
    if not sources:
        return None
    folder = storage.ensure_writable_folder(file.path.parent)
    with contextlib.ExitStack() as stack:  # one process at a time
        try:
            stack.enter_context(locked(folder / f".{file.name}.lock", wait=True))
        except OSError as error:
            raise storage.unusable(folder, error) from error
        for path in with_unpacked(file, file.path):
            if verify(file, path) is None:
                return path  # another process was quicker
            remove_unfinished(folder, path.name)  # its writer held the lock, so it was killed
        return next((path for source, path in sources if _try(source, path, file, attempts)), None)


def _sources(file: RemoteFile) -> list[tuple[str, Path]]:
    """List where to look for a file, and where it then belongs; only what is allowed offline."""
    sources = [(url, file.path) for url in file.urls]
    mirror = storage.mirror()
    if mirror is not None:
        paths = (file.path,) if is_web(mirror) else with_unpacked(file, file.path)
        folder = f"{mirror.rstrip('/')}/{file.dataset}"
        is_url = bool(scheme_of(mirror))
        sources[:0] = [(f"{folder}/{quote(p.name) if is_url else p.name}", p) for p in paths]
    is_offline = storage.is_offline()
    return [place for place in sources if not (is_offline and is_web(place[0]))]


def _try(source: str, target: Path, file: RemoteFile, attempts: Attempts) -> bool:
    place = shown(source)
    timeout = storage.timeout()
    for pause in (*_PAUSES, None):
        logger.info("Downloading %s/%s from %s", file.dataset, file.name, place)
        try:
            transfer(source, file, target, timeout)
        except SourceError as error:
            attempts.setdefault(place, []).append(str(error))
            logger.info("%s: %s", place, error)
            if pause is None or not error.is_transient:
                return False
            time.sleep(pause)
        except OSError as error:
            raise storage.unusable(target.parent, error) from error
        else:
            return True
    return False


def _failure(missing: list[list[RemoteFile]], attempts: Attempts) -> DownloadError:
    """Say what was tried, and what can be done by hand."""
    wanted = missing[0][0]
    error: type[DownloadError] = DownloadError
    lines = [f"{wanted.name!r} of the data set {wanted.dataset!r} could not be downloaded."]
    if storage.is_offline():
        error = OfflineError
        lines = [
            f"{wanted.name!r} of the data set {wanted.dataset!r} is not on this machine.",
            "$MNISTKIT_OFFLINE forbids the network; unset it to allow the download.",
        ]
    if attempts:
        lines.append("What was tried:")
        lines += [f"  {source}: {_outcome(reasons)}" for source, reasons in attempts.items()]
    here = [f"  {problem}" for files in missing for file in files for problem in _unusable(file)]
    if here:
        lines += ["What is here, but is not the file as it was published:", *here]
    for number, files in enumerate(missing):
        lines.append("Instead of that:" if number else "To do it by hand:")
        lines += [f"  Put {file} into {file.path.parent} yourself" for file in files]
        lines[-1] += " and call again."
    lines.append(
        "Or set $MNISTKIT_MIRROR to a folder or URL that has "
        f"{wanted.dataset}/{wanted.name}{' and so on' if len(missing[0]) > 1 else ''}."
    )
    return error("\n".join(lines))


def _unusable(file: RemoteFile) -> Iterator[str]:
    """What is wrong with the file in its place, and with an unpacked one beside it."""
    unpacked = file.path.with_suffix("" if file.path.suffix == ".gz" else file.path.suffix)
    for path in dict.fromkeys((file.path, unpacked)):
        if _exists(path):
            hint = "" if path == file.path else " It is not packed; put the '.gz' file here."
            yield f"{verify(file, path)}{hint}"


def _outcome(reasons: list[str]) -> str:
    if len(reasons) == 1:
        return reasons[0]
    if len(set(reasons)) == 1:
        return f"{reasons[0]} ({len(reasons)} tries)"
    return "; then ".join(reasons)

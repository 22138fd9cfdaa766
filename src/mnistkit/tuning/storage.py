"""Where a study is kept: Optuna's journal in a file, or a database."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnistkit.errors import MissingPackageError, TuningError
from mnistkit.messages import said_by, shown

if TYPE_CHECKING:
    import optuna

JOURNAL = "study.journal"
_SECONDS_TO_CONNECT = 10
_TRIES, _PAUSE = 5, 0.5  # to make the tables, which others may make at the same moment; seconds
_PASSWORD = re.compile(r"([?&][^=&]*pass[^=&]*=)[^&]*", re.IGNORECASE)  # as a parameter
_TAKE_A_TIMEOUT = ("postgresql", "mysql", "mariadb")


@contextlib.contextmanager
def quiet_optuna() -> Iterator[None]:
    """Have Optuna tell of nothing but warnings, and put its level back afterwards."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


@contextlib.contextmanager
def opened_storage(
    storage: str | os.PathLike[str] | None, folder: Path
) -> Iterator[optuna.storages.BaseStorage]:
    """Open a storage, or make it, and leave no connection open afterwards.

    Parameters
    ----------
    storage : str, path-like or None
        A file, or a database's URL; None for a file in the folder.
    folder : pathlib.Path
        The tuning's.

    Raises
    ------
    TuningError
        If it is neither, or out of reach.
    MissingPackageError
        If the database's driver is not installed.
    """
    opened = _opened(storage, folder)
    try:
        yield opened
    finally:
        opened.remove_session()
        engine = getattr(opened, "engine", None)
        if engine is not None:  # a database
            engine.dispose()


def _opened(storage: str | os.PathLike[str] | None, folder: Path) -> optuna.storages.BaseStorage:
    if storage is None:
        return _journal(folder / JOURNAL)
    if not isinstance(storage, str | os.PathLike) or not str(storage).strip():
        raise TuningError(
            f"storage={shown(storage)}: expected a file, such as 'shared/study.journal', or a "
            "database's URL, such as 'postgresql+psycopg://user@host/name'."
        )
    if isinstance(storage, str) and "://" in storage:
        return _database(storage)
    return _journal(Path(storage).expanduser().absolute())


def shown_storage(storage: str | os.PathLike[str]) -> str:
    """A storage as messages and commands show it: without a password."""
    text = _PASSWORD.sub(r"\1***", os.fspath(storage))
    head, at, tail = text.rpartition("@")
    scheme, mark, user = head.partition("://")
    if not at or not mark or ":" not in user:
        return text
    return f"{scheme}://{user.partition(':')[0]}:***@{tail}"


def _journal(path: Path) -> optuna.storages.BaseStorage:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not the other kind of lock, a symbolic link, which Windows does not let everybody make.
        return JournalStorage(JournalFileBackend(str(path), JournalFileOpenLock(str(path))))
    except (OSError, RuntimeError) as error:
        raise TuningError(
            f"The study cannot be kept in {str(path)!r}: {said_by(error)}. Give a file, in a "
            "folder that can be written to."
        ) from error
    # Whatever else stands in the file: Optuna takes it for a journal, and stumbles.
    except Exception as error:
        raise TuningError(
            f"{str(path)!r} is not a journal of Optuna, or damaged: {said_by(error)}. Give another "
            "file; one that is not there is made."
        ) from error


def _database(url: str) -> optuna.storages.BaseStorage:
    from optuna.storages import RDBStorage

    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.startswith(_TAKE_A_TIMEOUT):
        options["connect_args"] = {"connect_timeout": _SECONDS_TO_CONNECT}
    for left in reversed(range(_TRIES)):
        try:
            return RDBStorage(url, engine_kwargs=options)
        except ImportError as error:
            raise MissingPackageError(
                f"The storage {shown_storage(url)!r} needs the driver of that database "
                f"({said_by(error.__cause__ or error)}). Install it, for PostgreSQL with: pip "
                "install 'psycopg[binary]', and begin the URL with 'postgresql+psycopg://'."
            ) from error
        # Each driver has exceptions of its own, which SQLAlchemy wraps, or does not.
        except Exception as error:
            if left and _is_made_by_others(error):
                time.sleep(_PAUSE)
                continue
            raise TuningError(
                f"The storage {shown_storage(url)!r} cannot be reached: {_reason(error)}. Is the "
                "server running, and are user, password and the name of the database right?"
            ) from error
    raise AssertionError  # the last try has returned or raised


def _reason(error: Exception) -> str:
    """What was wrong: of Optuna's own exceptions their cause says it."""
    is_optunas = type(error).__module__.startswith("optuna")
    return said_by(error.__cause__ if is_optunas and error.__cause__ else error)


@contextlib.contextmanager
def storage_is_needed() -> Iterator[None]:
    """Have whatever a storage raises be a TuningError.

    Raises
    ------
    TuningError
    """
    try:
        yield
    except TuningError:
        raise
    # A database's driver raises exceptions of its own, the journal's file those of the system.
    except Exception as error:
        raise TuningError(
            f"The storage of the study failed: {_reason(error)}. Nothing that is finished is lost: "
            "repeat the call when the storage is there again."
        ) from error


def _is_made_by_others(error: Exception) -> bool:
    """Whether another process has made a table while this one was about to."""
    text = str(error)
    return "already exists" in text or "duplicate key" in text

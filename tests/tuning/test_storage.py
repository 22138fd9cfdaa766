"""Storages: files and databases, and what is wrong with them."""

from __future__ import annotations

import sys

import optuna
import pytest

from mnistkit.errors import MissingPackageError, TuningError
from mnistkit.tuning.storage import opened_storage, quiet_optuna, shown_storage


def reach(storage, folder) -> list[str]:
    """Open a storage; the names of the studies in it."""
    with opened_storage(storage, folder) as opened:
        return [one.study_name for one in opened.get_all_studies()]


def test_a_journal_is_made_in_the_folder(tmp_path) -> None:
    reach(None, tmp_path / "new")
    assert (tmp_path / "new" / "study.journal").is_file()
    reach(tmp_path / "elsewhere" / "study", tmp_path)
    assert (tmp_path / "elsewhere" / "study").is_file()


def test_a_file_database_is_made(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    with quiet_optuna(), opened_storage(url, tmp_path) as storage:
        optuna.create_study(storage=storage, study_name="s")
    assert reach(url, tmp_path) == ["s"]


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("Chapter 1\nChapter 2\n", encoding="utf-8")
    with pytest.raises(TuningError) as refusal:
        reach(path, tmp_path)
    assert str(refusal.value).startswith(f"{str(path)!r} is not a journal of Optuna, or damaged: ")
    assert path.read_text(encoding="utf-8") == "Chapter 1\nChapter 2\n"


def test_a_place_that_cannot_be_written_to_is_refused(tmp_path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "study"):
        with pytest.raises(TuningError, match="The study cannot be kept in"):
            reach(path, tmp_path)


@pytest.mark.parametrize("storage", ["", 3, b"x"])
def test_what_is_no_storage_is_refused(tmp_path, storage) -> None:
    with pytest.raises(TuningError, match=r"expected a file, such as 'shared/study.journal', or a"):
        reach(storage, tmp_path)


def test_a_database_out_of_reach_is_told_without_its_password(tmp_path) -> None:
    with pytest.raises(TuningError) as refusal:
        reach("postgresql+psycopg://me:secret@127.0.0.1:9/db", tmp_path)
    assert str(refusal.value).startswith(
        "The storage 'postgresql+psycopg://me:***@127.0.0.1:9/db' cannot be reached: "
    )
    assert "Is the server running" in str(refusal.value)
    with pytest.raises(TuningError, match="cannot be reached: NoSuchModuleError"):
        reach("nosuchdatabase://host/db", tmp_path)


def test_a_missing_driver_is_told_with_what_to_install(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'psycopg\[binary\]'"):
        reach("postgresql+psycopg://host/db", tmp_path)


def test_passwords_are_not_shown() -> None:
    assert shown_storage("mysql://a:b@c/d") == "mysql://a:***@c/d"
    assert shown_storage("mysql://a@c/d") == "mysql://a@c/d"
    assert shown_storage("mysql://a:b@b@c/d") == "mysql://a:***@c/d"
    assert shown_storage("study.journal") == "study.journal"
    assert shown_storage("mysql://c/d?password=b&ssl=1") == "mysql://c/d?password=***&ssl=1"


def test_optunas_level_of_logging_is_put_back() -> None:
    before = optuna.logging.get_verbosity()
    with quiet_optuna():
        assert optuna.logging.get_verbosity() == optuna.logging.WARNING
    assert optuna.logging.get_verbosity() == before

"""The folder that keeps runs, or one for the time being."""

from __future__ import annotations

import pytest

from mnistkit.comparison.kept_folder import folder_or_temporary
from mnistkit.errors import RunFolderError


def test_a_folder_that_was_given_stays(tmp_path):
    with folder_or_temporary(tmp_path / "kept") as folder:
        folder.mkdir()
    assert folder == tmp_path / "kept"
    assert folder.is_dir()


def test_another_is_gone_afterwards():
    with folder_or_temporary(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_home_that_is_not_known():
    with (
        pytest.raises(RunFolderError, match="run_dir='~no-such-user/x': "),
        folder_or_temporary("~no-such-user/x"),
    ):
        pass


def test_what_goes_wrong_inside_is_nobody_elses():
    with pytest.raises(RuntimeError, match="inside") as caught, folder_or_temporary("here"):
        raise RuntimeError("inside")
    assert not isinstance(caught.value, RunFolderError)

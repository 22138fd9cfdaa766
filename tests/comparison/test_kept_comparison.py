from __future__ import annotations

import json
import shutil

import pytest

from mnistkit.comparison import load_comparison
from mnistkit.errors import RunFolderError


def test_a_comparison_is_read_from_its_folder(compared) -> None:
    read = load_comparison(compared.run_dir)
    assert read.to_json() == compared.to_json()
    assert str(read) == str(compared)


def test_what_is_not_finished_is_left_out(compared, tmp_path) -> None:
    copy = shutil.copytree(compared.run_dir, tmp_path / "copy")
    (copy / "blind" / "seed-1" / "measured.json").unlink()
    shutil.rmtree(copy / "by_colour")
    read = load_comparison(copy)
    found = {one.title: list(one.evaluations) for one in read.contenders}
    assert found == {"usual": [0, 1], "blind": [0]}
    for name in ("usual", "blind"):
        shutil.rmtree(copy / name)
    with pytest.raises(RunFolderError, match="has no finished training yet"):
        load_comparison(copy)


def test_a_folder_without_a_comparison_or_with_another_format_is_refused(tmp_path) -> None:
    with pytest.raises(RunFolderError, match=r"holds no comparison: 'comparison\.json' cannot be"):
        load_comparison(tmp_path)
    (tmp_path / "comparison.json").write_text(json.dumps({"format": 1}), encoding="utf-8")
    with pytest.raises(RunFolderError, match=r"comparison\.json' is damaged"):
        load_comparison(tmp_path)

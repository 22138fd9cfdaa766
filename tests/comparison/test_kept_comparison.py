from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import mnistkit
from mnistkit.comparison import load_comparison
from mnistkit.comparison.measured import note_error
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


def test_what_went_wrong_is_read_from_the_folder_until_it_works(small, tmp_path) -> None:
    works = False

    def sometimes(train, images, seed):
        if seed == 1 and not works:
            raise ValueError("not\ntoday")
        return np.full((len(images), 3), 1 / 3)

    contender = mnistkit.Contender(sometimes, title="sometimes")
    failed = mnistkit.compare([contender], small, seeds=2, run_dir=tmp_path / "kept")
    read = load_comparison(tmp_path / "kept")
    assert read["sometimes"].errors == {1: "ValueError: not\ntoday"}
    assert read.to_json() == failed.to_json()
    note_error(tmp_path / "kept" / "sometimes" / "seed-1", None)
    assert not load_comparison(tmp_path / "kept")["sometimes"].has_failed

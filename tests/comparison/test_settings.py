"""What a comparison's folder says of itself, and how it refuses another one."""

from __future__ import annotations

import json

import pytest

import mnistkit
from mnistkit.comparison.contender import entrants_of
from mnistkit.comparison.settings import keep_settings, read_settings, settings_of
from mnistkit.comparison.splits import splits_of
from mnistkit.errors import RunFolderError


def settings(data, *contenders, on="holdout"):
    splits = splits_of(data, on, (), robustness=False)
    return settings_of(splits, on, entrants_of(contenders, 3))


@pytest.fixture
def dense() -> mnistkit.Contender:
    return mnistkit.Contender("dense128", recipe=mnistkit.Recipe(epochs=2))


def test_settings_are_read_as_they_were_written(small, dense, tmp_path) -> None:
    written = settings(small, dense)
    keep_settings(tmp_path / "new", written)
    assert read_settings(tmp_path / "new") == written
    assert written["data"]["train"]["num_images"] == 100
    assert written["contenders"]["dense128"]["recipe"]["epochs"] == 2


def test_the_same_settings_write_nothing_and_new_contenders_join(small, dense, tmp_path) -> None:
    first, second = settings(small, dense), settings(small, "cnn")
    keep_settings(tmp_path, first)
    written = (tmp_path / "comparison.json").stat().st_mtime_ns
    keep_settings(tmp_path, first)
    assert (tmp_path / "comparison.json").stat().st_mtime_ns == written
    keep_settings(tmp_path, second)
    assert list(read_settings(tmp_path)["contenders"]) == ["dense128", "cnn"]
    keep_settings(tmp_path, first)  # the one that is not named now stays known
    assert list(read_settings(tmp_path)["contenders"]) == ["dense128", "cnn"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"recipe": mnistkit.Recipe(epochs=3)}, "contenders.dense128.recipe.epochs: 2 then, 3 now"),
        ({"options": {"engine": "graph"}}, "contenders.dense128.options.engine: "),
    ],
)
def test_what_differs_is_shown_in_words_and_nothing_is_changed(
    small, dense, tmp_path, change, line
) -> None:
    keep_settings(tmp_path, settings(small, dense))
    before = (tmp_path / "comparison.json").read_bytes()
    given = {"recipe": dense.recipe, **change}
    with pytest.raises(RunFolderError) as caught:
        keep_settings(tmp_path, settings(small, mnistkit.Contender("dense128", **given)))
    first, *differences, last = str(caught.value).splitlines()
    assert first == f"The comparison in {str(tmp_path)!r} is another one:"
    assert len(differences) == 1
    assert line in differences[0]
    assert last.startswith("Repeat it with the settings and data that it was begun with, give")
    assert (tmp_path / "comparison.json").read_bytes() == before


def test_other_images_are_another_comparison(small, dense, tmp_path) -> None:
    keep_settings(tmp_path, settings(small, dense))
    other = mnistkit.Dataset(small.train[:90], small.test, small.info)
    with pytest.raises(RunFolderError, match=r"data\.train\.num_images: 100 then, 74 now"):
        keep_settings(tmp_path, settings(other, dense))


def test_another_format_is_refused(small, dense, tmp_path) -> None:
    keep_settings(tmp_path, settings(small, dense) | {"format": 2})
    with pytest.raises(RunFolderError, match="not of a format that this version reads"):
        read_settings(tmp_path)


def test_settings_that_somebody_changed_are_refused(small, dense, tmp_path) -> None:
    keep_settings(tmp_path, settings(small, dense))
    path = tmp_path / "comparison.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["on"] = "test"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(RunFolderError, match=r"comparison\.json' is damaged"):
        read_settings(tmp_path)

"""Trained weights that other packages offer: real distributions, with real files."""

from __future__ import annotations

import json
import shutil
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from mnistkit import create_model, list_models, list_weights, model_card, recognize
from mnistkit.errors import AmbiguousNameError, UnknownNameError, WeightsError
from mnistkit.models.pretrained import pretrained_onnx
from mnistkit.testing import check_weights

OURS = Path(str(resources.files("mnistkit.models"))) / "weights" / "dense128"
FILES = [".json", ".npz", ".onnx"]
POINTS = "tiny = tiny_package:tiny\n[mnistkit.weights]\ntiny = tiny_package.trained"
SOURCE = "from mnistkit.models.dense128 import dense128 as tiny"


def lay(folder: Path, model: str, name: str) -> None:
    """The weights of dense128 as another model's: the files are real, and so is the card."""
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in FILES:
        shutil.copy(OURS / f"mnist{suffix}", folder / f"{name}{suffix}")
    change_card(folder / f"{name}.json", model=model, name=name)


def change_card(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def read_all(model: str, name: str) -> None:
    create_model(model, weights=name)
    pretrained_onnx(model, name)


@pytest.fixture
def trained(install, monkeypatch) -> Path:
    """The folder of weights of an installed package that has a model named tiny."""
    package = install("tiny-package", POINTS) / "tiny_package"
    lay(package / "trained", "tiny", "photos")
    (package / "__init__.py").write_text(SOURCE)
    monkeypatch.delitem(sys.modules, "tiny_package", raising=False)
    return package / "trained"


def test_the_model_begins_with_them(trained):
    model, ours = create_model("tiny", weights="photos"), create_model("dense128", weights="mnist")
    for one, other in zip(model.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_they_are_listed_and_described_without_importing_anything(trained):
    (trained.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    assert list_weights("tiny") == ["photos"]
    assert "tiny" in list_models(weights=True)
    assert "create_model('tiny', weights='photos')" in str(model_card("tiny", "photos"))
    assert "tiny_package" not in sys.modules


def test_pictures_are_read_with_them_without_importing_anything(trained, seven):
    (trained.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    assert recognize(seven, model="tiny").text == recognize(seven, model="dense128").text == "7"


def test_the_function_itself_has_them_too(trained):
    import tiny_package

    assert create_model(tiny_package.tiny, weights="mnist").count_params() == 101_770


def test_another_package_may_offer_more_weights_of_our_models(install):
    site = install(
        "more-weights", [("dense128", "more_weights.files")], group="mnistkit.weights"
    )  # fmt: skip
    lay(site / "more_weights" / "files", "dense128", "more")
    (site / "more_weights" / "__init__.py").touch()
    assert list_weights("dense128") == ["mnist", "more"]
    assert create_model("dense128", weights="more").count_params() == 101_770


def test_ours_are_not_replaced(install):
    site = install("rival", [("dense128", "rival_package")], group="mnistkit.weights")
    lay(site / "rival_package", "dense128", "mnist")
    (site / "rival_package" / "__init__.py").touch()
    change_card(site / "rival_package" / "mnist.json", machine="a rival's")
    assert model_card("dense128", "mnist").machine != "a rival's"


def test_two_packages_with_weights_of_one_name_are_both_named(install):
    for name in ("one", "other"):
        site = install(name, [("shared", f"{name}_package")], group="mnistkit.weights")
        lay(site / f"{name}_package", "shared", "mnist")
        (site / f"{name}_package" / "__init__.py").touch()
    assert list_weights("shared") == ["mnist"]
    with pytest.raises(AmbiguousNameError, match=r"o\w+ 1\.0, o\w+ 1\.0\. Uninstall all but one"):
        model_card("shared", "mnist")


@pytest.mark.parametrize(
    "target", ["no_such_package.weights", "tiny_package.no_such_folder", "", "..", "a:b:c", "1"]
)
def test_a_folder_that_is_not_there_is_passed_over(install, target):
    install("broken", [("broken", target), ("dense128", target)], group="mnistkit.weights")
    assert list_weights("broken") == []
    assert list_weights("dense128") == ["mnist"]
    with pytest.raises(UnknownNameError, match="there are none at all"):
        model_card("broken", "mnist")


@pytest.mark.parametrize("name", ["../photos", "photos.json", "", "/etc/passwd", "PHOTOS "])
def test_only_names_that_are_listed_are_read(trained, name):
    with pytest.raises(UnknownNameError, match="there are 'photos'"):
        model_card("tiny", name)


def test_a_card_about_other_weights_is_refused(trained):
    change_card(trained / "photos.json", model="cnn")
    with pytest.raises(
        WeightsError,
        match=r"'photos\.json' of tiny-package 1\.0, which offers weights of 'tiny', is about the "
        r"weights 'photos' of 'cnn'\. Tell its authors, or install tiny-package again\. If it is "
        r"your package, make them again with 'mnistkit weights'\.$",
    ):
        create_model("tiny", weights="photos")
    with pytest.raises(WeightsError, match=r"'photos\.json' of .*again with 'mnistkit weights'\.$"):
        check_weights("tiny")


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("damage", ["missing", "cut short", "changed"])
def test_damaged_files_are_refused_with_the_package_named(trained, suffix, damage):
    file = trained / f"photos{suffix}"
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
        expected = UnknownNameError if suffix == ".json" else WeightsError
    else:
        half = len(content) // 2
        file.write_bytes(
            content[:half] + (b"" if damage == "cut short" else b"}" + content[half + 1 :])
        )
        expected = WeightsError
    with pytest.raises(expected, match=rf"'photos\{suffix}' of tiny-package 1\.0|'tiny'"):
        read_all("tiny", "photos")

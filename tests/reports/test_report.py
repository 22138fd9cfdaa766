from __future__ import annotations

import base64
import html
import io
import re
import shutil

import numpy as np
import pytest
from PIL import Image

import mnistkit
from mnistkit.datasets import DatasetInfo
from mnistkit.errors import ComparisonError, ReportError, RunFolderError, WrongTypeError


@pytest.fixture(scope="module")
def page(compared, small, read, tmp_path_factory):
    path = mnistkit.report(compared, tmp_path_factory.mktemp("page") / "page.html", data=small)
    return read(path)


@pytest.fixture(scope="module")
def run_page(run, read, tmp_path_factory):
    return read(mnistkit.report(run, tmp_path_factory.mktemp("page") / "page.html"))


def test_the_verdict_comes_first_in_the_comparisons_own_words(page, compared) -> None:
    told = page.words[: page.words.index("Side by side")]
    for sentence in compared.verdict:
        assert " ".join(sentence.replace("`", "").split()) in told
    assert "Measured on small validation: training images set aside, by writers" in told
    assert "The test images were not touched." in told


def test_what_comes_from_users_is_text(page, compared, small) -> None:
    assert page.tags["script"] == 0
    assert page.tags["i"] == 0
    title = compared.contenders[1].title
    assert title in page.words
    assert html.escape(small.classes[0]) in page.text
    assert small.classes[0] not in page.text
    assert small.classes[2] in page.words


def test_the_error_of_a_contender_that_failed_stands_in_its_row(page) -> None:
    row = page.text[page.text.index('class="failed"') :]
    assert "Failed with seeds 0, 1, 2: ValueError: not &lt;i&gt;today&lt;/i&gt;" in row[:600]


@pytest.mark.parametrize("name", ["page", "run_page"])
def test_a_page_needs_nothing_else_and_is_well_formed(request, name) -> None:
    page = request.getfixturevalue(name)
    assert len(page.text) < 1_500_000
    assert len(page.ids) == len(set(page.ids))
    for reference in page.references:
        assert reference.startswith("data:image/png;base64,") or reference[1:] in page.ids
    assert set(re.findall(r"url\((.)", page.text)) <= {"#"}
    assert "@import" not in page.text
    assert all("alt" in one for one in page.images)
    assert all(one["role"] == "img" and one["aria-label"] for one in page.plots)
    plots = page.text[page.text.index("<svg") : page.text.rindex("</svg>")]
    assert "#000000" not in plots
    assert "DejaVu" not in plots


def test_the_same_folder_gives_the_same_bytes(compared, small, run, tmp_path) -> None:
    pages = [
        mnistkit.report(source, tmp_path / f"{number}.html", data=data).read_bytes()
        for number, (source, data) in enumerate(
            [(compared, small), (compared.run_dir, small), (run, None), (str(run), "digits")]
        )
    ]
    assert pages[0] == pages[1]
    assert pages[2] == pages[3]


def test_mistakes_are_the_images_with_probabilities_and_writers(page, compared, small) -> None:
    noisy = compared.contenders[1]
    middle = sorted(noisy.evaluations.values(), key=lambda one: one.accuracy)[1]
    mistake = middle.mistakes(1)[0]
    section = page.text[page.text.index('id="contender-2"') :]
    shown = section[section.index("<ol") : section.index("</ol>")]
    first = shown[: shown.index("</li>")]
    assert f"no. {mistake.index}<br>writer {middle.writers[mistake.index]}" in first
    assert f"{mistake.probability:.1%}" in first
    assert re.search(r"wrong in [123] of 3", first)
    encoded = re.findall(r"base64,([^\"]+)", first)[0]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    measured = small.train.holdout(1 / 6, by="writer", seed=0)[1]
    np.testing.assert_array_equal(picture, 255 - measured.images[mistake.index])


def test_robustness_is_shown_where_it_was_measured(page, run_page) -> None:
    assert "figures are MNIST-C-like" in page.words
    assert "glass blur" in page.words
    assert "MNIST-C" not in run_page.words


def test_a_run_is_measured_on_the_test_images_of_its_data_set(run_page, run) -> None:
    result = mnistkit.Trainer.load(run).evaluate(mnistkit.load_dataset("digits").test)
    assert "Run, measured on digits test" in run_page.words
    assert f"{result.accuracy:.2%} of 360 images are read correctly" in run_page.words
    assert "another seed gives another model" in run_page.words
    assert "No single command repeats this run: its 1,197 images to train on" in run_page.words


def test_a_run_is_measured_on_other_images_if_they_are_given(run, read, tmp_path) -> None:
    part = mnistkit.load_dataset("digits").train[:50]
    page = read(mnistkit.report(run, tmp_path / "page.html", data=part))
    assert "of 50 images are read correctly" in page.words
    assert "No single command repeats this run" in page.words


def test_a_run_of_a_comparison_shows_the_images_that_the_comparison_measured(
    kept_digits, read, tmp_path
) -> None:
    page = read(mnistkit.report(kept_digits / "short" / "seed-0", tmp_path / "page.html"))
    assert "Run, measured on digits validation" in page.words
    assert "recipe=mnistkit.Recipe(epochs=1), title='short'" in page.words
    whole = read(mnistkit.report(kept_digits, tmp_path / "whole.html"))
    assert "One seed says nothing of the chance in training." in whole.words
    assert "How it learned" in whole.words


def test_a_page_that_is_there_is_replaced_only_if_that_is_asked_for(
    compared, small, tmp_path
) -> None:
    path = tmp_path / "page.html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ReportError, match=r"is there already\. Choose another file, or have it"):
        mnistkit.report(compared, path, data=small)
    assert path.read_text(encoding="utf-8") == "mine"
    assert mnistkit.report(compared, path, data=small, overwrite=True) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


def test_places_that_cannot_be_written_to_are_refused(compared, small, tmp_path) -> None:
    with pytest.raises(ReportError, match="is a folder"):
        mnistkit.report(compared, tmp_path, data=small)
    with pytest.raises(ReportError, match="there is no folder"):
        mnistkit.report(compared, tmp_path / "nowhere" / "page.html", data=small)
    with pytest.raises(WrongTypeError, match=r"path=3: expected the file to write"):
        mnistkit.report(compared, 3)  # type: ignore[arg-type]


def test_data_that_is_not_what_was_measured_is_refused(compared, small, tmp_path) -> None:
    path = tmp_path / "page.html"
    with pytest.raises(ComparisonError, match=r"is of data without a name.*Give the data set"):
        mnistkit.report(compared, path)
    with pytest.raises(ComparisonError, match=r"not the 240 of the data set: their digests"):
        mnistkit.report(compared, path, data="digits")
    with pytest.raises(WrongTypeError, match="is the whole data set"):
        mnistkit.report(compared, path, data=small.test)
    with pytest.raises(WrongTypeError, match=r"data=3: expected a mnistkit\.Dataset"):
        mnistkit.report(compared, path, data=3)  # type: ignore[arg-type]
    assert not path.exists()


def test_a_run_on_data_without_a_name_needs_the_data(read, tmp_path) -> None:
    mnistkit.Trainer("dense128").save(tmp_path / "run")
    page = read(mnistkit.report(tmp_path / "run", tmp_path / "untrained.html", data="digits"))
    assert "There are no learning curves" in page.words
    assert "No single command repeats this run: it was not trained by a Trainer." in page.words
    with pytest.raises(ReportError, match=r"on data without a name, so it is not known what to"):
        mnistkit.report(tmp_path / "run", tmp_path / "page.html")


def test_what_is_no_run_and_no_comparison_is_refused(small, tmp_path) -> None:
    with pytest.raises(RunFolderError, match="holds neither a run nor a comparison"):
        mnistkit.report(tmp_path, tmp_path / "page.html")
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "comparison.json").touch()
    with pytest.raises(
        RunFolderError,
        match=r"There is a comparison in '.*comparison', as a search leaves it: give",
    ):
        mnistkit.report(tmp_path, tmp_path / "page.html")
    with pytest.raises(WrongTypeError, match=r"not a Split\. Save a trainer first"):
        mnistkit.report(small.test, tmp_path / "page.html")  # type: ignore[arg-type]


def test_a_comparison_of_which_everything_failed_is_told_too(
    compared, small, read, tmp_path
) -> None:
    kept = shutil.copytree(compared.run_dir, tmp_path / "kept")
    for one in kept.glob("*/seed-*/measured.json"):
        one.unlink()
    page = read(mnistkit.report(kept, tmp_path / "page.html", data=small))
    assert "Nothing can be said: every contender has failed." in page.words
    assert "Failed with seeds 0, 1, 2: ValueError: not <i>today</i>" in page.words


def test_what_a_folder_says_is_not_believed(run, read, forge, tmp_path) -> None:
    folder = shutil.copytree(run, tmp_path / "run")
    hostile = "<script>alert(1)</script>"
    changes = {"compiled": [hostile], "machine": {"processor": hostile}, "versions": {"a": hostile}}
    forge(folder, lambda one: one.update(changes))
    page = read(mnistkit.report(folder, tmp_path / "page.html", data="digits"))
    assert page.tags["script"] == 0
    assert page.words.count(hostile) == 2
    forge(folder, lambda one: one.update(data={"name": hostile}))
    with pytest.raises(RunFolderError, match=r"run\.json' is damaged: 'data' is {.*expected name"):
        mnistkit.report(folder, tmp_path / "page.html", overwrite=True)
    forge(folder, lambda one: one["data"].update(loaded_as="os:getcwd", num_images=1, sha256=""))
    with pytest.raises(ReportError, match="on the data of the function 'os:getcwd'"):
        mnistkit.report(folder, tmp_path / "page.html", overwrite=True)


def shares_right(*shares: float):
    """A function that trains in its own way: so many of the images are right, whatever the seed."""

    def contender(share: float):
        def guesses(train, images, seed):
            right = np.random.default_rng([seed, int(1000 * share)]).random(len(images)) < share
            return np.where(right[:, None], [1.0, 0.0], [0.0, 1.0])

        return mnistkit.Contender(guesses, title=f"right {share}")

    images = np.zeros((400, 28, 28), np.uint8)
    labels = np.zeros(400, np.int64)
    part = mnistkit.Split(images, labels, classes=("yes", "no"))
    data = mnistkit.Dataset(part, part, DatasetInfo("two", title="two", classes=("yes", "no")))
    return mnistkit.compare(list(map(contender, shares)), data, seeds=2, on="test"), data


@pytest.mark.parametrize(
    ("shares", "lead"),
    [
        ((0.9, 0.2, 0.5), "right 0.9 is better than each of the others."),
        ((0.5, 0.502, 0.504), "No difference can be told between any of them."),
        ((0.5, 0.501, 0.1), "No single one can be told to be the best; none is better than right"),
    ],
)
def test_of_several_the_best_is_named_if_that_can_be_told(shares, lead, read, tmp_path) -> None:
    comparison, data = shares_right(*shares)
    page = read(mnistkit.report(comparison, tmp_path / "page.html", data=data))
    assert f"Verdict {lead}" in page.words
    assert "There are no learning curves" in page.words

"""The catalogue's data sets: the real ones where they lie in the mirror, small files of the same
format for the others."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile

import numpy as np
import pytest

import mnistkit
from mnistkit.datasets import DATASETS, catalogue, emnist, kmnist, qmnist
from mnistkit.datasets.array_cache import cache_path
from mnistkit.datasets.idx import write_idx
from mnistkit.datasets.info import info_of
from mnistkit.datasets.local_files import check_files
from mnistkit.errors import (
    DownloadError,
    FormatError,
    OfflineError,
    OptionError,
    PluginError,
    UnknownNameError,
)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty folder for data, and still no network."""
    monkeypatch.setenv("MNISTKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (12, 28, 28), dtype=np.uint8)


def pretend(monkeypatch, module, attribute, mirror):
    """Let catalogue entries describe the files that lie in a test's mirror."""

    def described(file):
        content = (mirror / file.dataset / file.name).read_bytes()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        return dataclasses.replace(file, size=len(content), digest=digest)

    value = getattr(module, attribute)
    if isinstance(value, dict):
        new = {key: described(file) for key, file in value.items()}
    elif dataclasses.is_dataclass(value) and hasattr(value, "files"):
        new = dataclasses.replace(value, files=tuple(map(described, value.files)))
    else:
        new = described(value)
    monkeypatch.setattr(module, attribute, new)


@pytest.fixture
def mirror_with(tmp_path, monkeypatch):
    def make(dataset, arrays):
        folder = tmp_path / "mirror" / dataset
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            write_idx(folder / name, array)
        monkeypatch.setenv("MNISTKIT_MIRROR", str(tmp_path / "mirror"))
        return tmp_path / "mirror"

    return make


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "num_train", "num_test", "first_labels"),
    [
        ("mnist", 60_000, 10_000, [5, 0, 4, 1, 9]),
        ("fashion_mnist", 60_000, 10_000, [9, 0, 0, 3, 0]),
        ("usps", 7_291, 2_007, [6, 5, 4, 7, 3]),
    ],
)
def test_real_data(name, num_train, num_test, first_labels):
    data = mnistkit.load_dataset(name)
    assert data.train.images.shape == (num_train, 28, 28)
    assert data.test.images.shape == (num_test, 28, 28)
    assert data.train.images.dtype == np.uint8
    assert data.train.labels[:5].tolist() == first_labels
    assert len(data.classes) == 10
    assert 10 < data.train.images.mean() < 80 or name == "fashion_mnist"
    again = mnistkit.load_dataset(name)  # from the decoded archive now
    np.testing.assert_array_equal(again.test.images, data.test.images)


def test_digits_need_no_network():
    data = mnistkit.load_dataset("digits")
    assert data.train.images.shape == (1437, 28, 28)
    assert data.train.images.max() == 255
    assert set(data.test.labels) == set(range(10))


def test_load_data_is_keras_drop_in():
    (x_train, y_train), (x_test, y_test) = mnistkit.load_data("digits")
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    x_train[0] = 7  # as with Keras, the arrays are the caller's own
    assert mnistkit.load_data("digits")[0][0][0].max() == 255


@pytest.mark.mirror
def test_writers_of_mnist_are_those_that_the_literature_counts(mnist):
    train, test = mnist.train.writers, mnist.test.writers
    assert len(set(train)) == 539
    assert len(set(test)) == 297
    assert not set(train) & set(test)
    rest, held_out = mnist.train.holdout(0.1, by="writer")
    assert not set(rest.writers) & set(held_out.writers)
    assert abs(len(held_out) - 6000) < 200


def test_kmnist_reader(home, mirror_with, monkeypatch, images):
    labels = np.arange(12, dtype=np.uint8) % 10
    names = [file.name for file in kmnist.INFO.files]
    mirror = mirror_with("kmnist", dict(zip(names, [images, labels] * 2, strict=True)))
    pretend(monkeypatch, kmnist, "INFO", mirror)
    data = mnistkit.load_dataset("kmnist")
    np.testing.assert_array_equal(data.test.images, images)
    assert data.classes[:3] == ("o", "ki", "su")


@pytest.mark.parametrize("split", ["balanced", "letters", "digits"])
def test_emnist_is_turned_upright(home, mirror_with, monkeypatch, tmp_path, images, split):
    stored = np.ascontiguousarray(images.transpose(0, 2, 1))
    labels = np.arange(12, dtype=np.uint8) % 10 + (split == "letters")
    mirror = mirror_with("emnist", {})
    with zipfile.ZipFile(mirror / "emnist" / "gzip.zip", "w") as archive:
        for part in ("train", "test"):
            for kind, array in (("images-idx3", stored), ("labels-idx1", labels)):
                write_idx(tmp_path / "member.gz", array)
                member = f"gzip/emnist-{split}-{part}-{kind}-ubyte.gz"
                archive.write(tmp_path / "member.gz", member)
    pretend(monkeypatch, emnist, "_ARCHIVE", mirror)
    data = mnistkit.load_dataset(f"emnist/{split}")
    np.testing.assert_array_equal(data.train.images, images)
    assert data.train.labels.min() == 0
    assert len(data.classes) == {"balanced": 47, "letters": 26, "digits": 10}[split]
    other = "emnist/byclass"  # not in this small archive
    with pytest.raises(FormatError, match="is not EMNIST's archive"):
        mnistkit.load_dataset(other)


def test_qmnist_reader(home, mirror_with, monkeypatch):
    count = 10_003
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(count) % 251
    table = np.zeros((count, 8), np.int32)
    table[:, 0], table[:, 2] = np.arange(count) % 10, np.arange(count) // 100
    arrays = {}
    for part in ("train", "test"):
        arrays[qmnist._IMAGES[part].name] = images
        arrays[qmnist._LABELS[part].name] = table
    mirror = mirror_with("qmnist", arrays)
    pretend(monkeypatch, qmnist, "INFO", mirror)
    pretend(monkeypatch, qmnist, "_LABELS", mirror)
    whole, lost = mnistkit.load_dataset("qmnist"), mnistkit.load_dataset("qmnist/lost")
    assert len(whole.test) == count
    assert whole.train.writers[-1] == 100
    assert len(lost.test) == 3
    np.testing.assert_array_equal(lost.test.images, images[-3:])
    np.testing.assert_array_equal(lost.test.writers, table[-3:, 2])


def test_keras_copy_of_mnist_is_used(home, tmp_path, monkeypatch, images):
    from mnistkit.datasets import mnist as module

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    path = tmp_path / "keras" / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    labels = np.arange(12, dtype=np.uint8) % 10
    np.savez_compressed(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    copy = dataclasses.replace(
        module.KERAS_ARCHIVE, size=path.stat().st_size, digest=f"sha256:{digest}"
    )
    info = dataclasses.replace(module.INFO, substitutes=(copy,))
    monkeypatch.setattr(module, "INFO", info)
    np.testing.assert_array_equal(mnistkit.load_dataset("mnist").test.images, images)


def test_without_any_source_the_error_says_what_to_put_where(home):
    with pytest.raises(OfflineError) as caught:
        mnistkit.load_dataset("mnist")
    message = str(caught.value)
    assert "$MNISTKIT_OFFLINE" in message
    assert "`train-images-idx3-ubyte.gz` (9,912,422 bytes, sha256 440fcabf" in message
    assert str(home / "mnist") in message
    assert isinstance(caught.value, OSError)
    assert isinstance(caught.value, DownloadError)


@pytest.mark.mirror
@pytest.mark.parametrize("position", [200, 1_000_000, 40_000_000, -2000])
def test_damaged_decoded_archive_is_never_used(home, caplog, position):
    first = mnistkit.load_dataset("mnist")
    path = cache_path("mnist", "images")
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)
    again = mnistkit.load_dataset("mnist")
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert "is not used and made again" in caplog.text
    caplog.clear()
    mnistkit.load_dataset("mnist")
    assert not caplog.text


@pytest.mark.mirror
def test_damaged_source_file_is_noticed_and_replaced(home):
    mnistkit.load_dataset("mnist")
    source = home / "mnist" / "t10k-labels-idx1-ubyte.gz"
    source.write_bytes(source.read_bytes()[:-1] + b"!")
    cache_path("mnist", "images").unlink()
    states = {check.path.name: check for check in check_files(["mnist"])}
    assert states[source.name].is_damaged
    data = mnistkit.load_dataset("mnist")
    assert data.test.labels[:3].tolist() == [7, 2, 1]
    assert not any(check.is_damaged for check in check_files(["mnist"]))


@pytest.mark.mirror
def test_a_folder_that_cannot_be_written_to_costs_only_time(home, monkeypatch):
    mnistkit.load_dataset("usps")
    cache_path("usps", "images").unlink()
    cache_path("usps", "images").mkdir()  # nothing can be written where a folder is
    assert len(mnistkit.load_dataset("usps").test) == 2007


def test_every_row_is_complete():
    for name in mnistkit.list_datasets():
        info = info_of(DATASETS.get(name))
        assert info is not None, name
        assert info.name == name
        assert len(info.classes) >= 10
        for text in (info.title, info.homepage, info.licence, info.citation, info.conversion):
            assert text, name
        for file in info.files:
            assert file.urls
            assert file.digest.startswith(("sha256:", "md5:"))
        assert info.title in str(info)


def test_unknown_data_set():
    with pytest.raises(UnknownNameError, match=r"no data set named 'minst'. Did you mean 'mnist'"):
        mnistkit.load_dataset("minst")


def test_unknown_option():
    with pytest.raises(OptionError, match="data set 'digits' does not take these options"):
        mnistkit.load_dataset("digits", colour="red")
    with pytest.raises(OptionError, match="must have defaults for all its options"):
        mnistkit.load_dataset("json:loads")
    assert issubclass(OptionError, TypeError)


def returns_nothing():
    return None


def test_loader_must_return_a_dataset():
    catalogue.DATASETS.register("nothing")(returns_nothing)
    try:
        with pytest.raises(PluginError, match="returned NoneType; its function must return"):
            mnistkit.load_dataset("nothing")
    finally:
        catalogue.DATASETS.unregister("nothing")

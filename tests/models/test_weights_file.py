"""Weights in a file: all of them as they were, or none, and never anything but numbers."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mnistkit.errors import WeightsError
from mnistkit.files.archives import archive_bytes
from mnistkit.models.weights_file import set_weights, weights_as_bytes


def network(width=3, depth=1, dtype="float32"):
    layers = [keras.layers.Dense(width, dtype=dtype, name=f"layer{n}") for n in range(depth)]
    return keras.Sequential([keras.Input((4,), dtype=dtype), *layers], name="network")


def give(model, content):
    set_weights(model, content, source="the file 'a.npz'")


def give_arrays(model, *arrays):
    give(model, archive_bytes({f"{n:03d}:x": array for n, array in enumerate(arrays)}))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_weights_survive_bit_for_bit(dtype):
    model, other = network(dtype=dtype, depth=12), network(dtype=dtype, depth=12)
    give(other, weights_as_bytes(model))
    for one, same in zip(model.weights, other.weights, strict=True):
        assert same.dtype == dtype
        assert one.numpy().tobytes() == same.numpy().tobytes()


def assert_untouched(model, arrays, message):
    """Whatever is wrong with one array, no other is assigned."""
    before = model.get_weights()
    with pytest.raises(WeightsError, match=message) as caught:
        give_arrays(model, *arrays)
    assert "the file 'a.npz'" in str(caught.value)
    assert len(str(caught.value)) < 900
    for one, same in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


KERNEL, BIAS = np.ones((4, 3), np.float32), np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([KERNEL], "1 arrays found, 2 expected"),
        ([KERNEL, BIAS, BIAS], "3 arrays found, 2 expected"),
        ([KERNEL, BIAS[:2]], r"layer0/bias: float32 \(2,\) found, float32 \(3,\) expected"),
        ([KERNEL, BIAS[:, None]], r"float32 \(3, 1\) found"),
        ([KERNEL, BIAS.astype(float) * 1e300], r"float64 \(3,\) found, float32"),
        ([KERNEL, BIAS.astype(np.int32)], r"int32 \(3,\) found"),
        ([KERNEL, BIAS.astype(complex)], r"complex128 \(3,\) found"),
        ([KERNEL, BIAS.astype("U5")], r"str160 \(3,\) found"),
        ([KERNEL, BIAS.astype(bool)], r"bool \(3,\) found"),
        ([KERNEL, np.zeros(3, [("a", "f4")])], r"void32 \(3,\) found"),
        ([KERNEL, BIAS * np.nan], "'network/layer0/bias' has values that are infinite or no numb"),
        ([KERNEL, BIAS * np.inf], "'network/layer0/bias' has values that are infinite"),
    ],
)
def test_what_does_not_fit_is_refused_whole(arrays, message):
    assert_untouched(network(), arrays, message)


def test_the_list_of_differences_is_short():
    model = network(depth=100)
    assert_untouched(model, [KERNEL[:1], *[BIAS[:1]] * 199], "and 195 more")


def test_the_byte_order_of_a_file_does_not_matter():
    model = network()
    give_arrays(model, KERNEL.astype(">f4") * 3, BIAS)
    assert (model.get_weights()[0] == 3).all()


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([Bomb()], object))
    with pytest.raises(WeightsError, match="pickled objects, which could run code"):
        give(network(), path.read_bytes())
    assert not (tmp_path / "exploded").exists()


def test_compressed_weights_are_not_unpacked(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=KERNEL, b=BIAS)
    with pytest.raises(WeightsError, match="is compressed"):
        give(network(), path.read_bytes())


@pytest.mark.parametrize("content", [b"", b"PK", b"\x80\4N.", bytes(1000), b"\x93NUMPY..."])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(WeightsError, match=r"the file 'a.npz' holds no weights that can be read"):
        give(network(), content)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_diverged_weights_are_not_written(value, dtype):
    model = network(dtype=dtype)
    model.weights[1].assign([0, value, 0])
    with pytest.raises(WeightsError, match=r"'network/layer0/bias' has values.*has diverged"):
        weights_as_bytes(model)

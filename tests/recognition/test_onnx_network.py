"""ONNX files that others wrote: each is read, or refused with a reason."""

from __future__ import annotations

import json
import os

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import mnistkit
from mnistkit.errors import OnnxError
from mnistkit.recognition.loading import load_network

IMAGES = np.zeros((3, 28, 28), np.uint8)
IMAGES[1:, 0, 0] = (51, 255)
KERNEL = np.random.default_rng(0).normal(size=(784, 11)).astype(np.float32)
METADATA = {
    "model": "linear",
    "classes": [*map(str, range(10))],
    "input": "float32 from 0 to 1",
    "output": "logits",
    "temperature": 2.0,
    "precision": "float32",
    "mnistkit": "0.1.0",
}


@pytest.fixture
def written(tmp_path):
    """Write a linear network as an ONNX file; what is given differs from a good one."""

    def write(
        *,
        changes=None,
        metadata="good",
        image=(28, 28),
        batch="n",
        kind=TensorProto.FLOAT,
        name="images",
        count=10,
        kernel=None,
        more_inputs=(),
        output="logits",
    ):
        weights = numpy_helper.from_array(KERNEL[:, :count] if kernel is None else kernel, "kernel")
        flat = numpy_helper.from_array(np.array([-1, 784]), "shape")
        nodes = [
            helper.make_node("Cast", [name], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Reshape", ["floats", "shape"], ["rows"]),
            helper.make_node("MatMul", ["rows", "kernel"], [output]),
        ]
        graph = helper.make_graph(
            nodes,
            "linear",
            [helper.make_tensor_value_info(name, kind, [batch, *image]), *more_inputs],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, count])],
            [weights, flat],
        )
        opset = [helper.make_opsetid("", 15)]
        network = helper.make_model(graph, opset_imports=opset, ir_version=8)
        if metadata is not None:
            noted = json.dumps(METADATA | (changes or {})) if metadata == "good" else metadata
            helper.set_model_props(network, {"mnistkit": noted})
        path = tmp_path / "mine.onnx"
        path.write_bytes(network.SerializeToString())
        return path

    return write


def by_hand(count, temperature):
    logits = IMAGES.reshape(3, -1) / np.float32(255) @ KERNEL[:, :count] / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_logits_are_divided_by_the_temperature(written):
    probabilities, scores = load_network(written()).classify(IMAGES)
    np.testing.assert_allclose(probabilities, by_hand(10, 2.0), atol=1e-6)
    np.testing.assert_allclose(scores, 1, atol=1e-6)


def test_the_eleventh_class_is_no_digit(written):
    classes = [*METADATA["classes"], "no digit"]
    path = written(count=11, changes={"classes": classes}, image=(28, 28, 1))
    _, scores = load_network(path).classify(IMAGES)
    np.testing.assert_allclose(scores, 1 - by_hand(11, 2.0)[:, 10], atol=1e-6)


def test_pixels_from_0_to_255_reach_a_network_that_takes_them_unchanged(written):
    kernel = KERNEL[:, :10] / 255
    path = written(kind=TensorProto.UINT8, kernel=kernel, changes={"input": "uint8 from 0 to 255"})
    probabilities, _ = load_network(path).classify(IMAGES)
    np.testing.assert_allclose(probabilities, by_hand(10, 2.0), atol=1e-6)


def test_probabilities_are_calibrated_already(written):
    """A network without a softmax stands for one with: its outputs are taken as they are."""
    kernel = np.zeros((784, 10), np.float32)
    kernel[0] = np.arange(10) / 45
    path = written(kernel=kernel, output="probabilities", changes={"output": "probabilities"})
    probabilities, _ = load_network(path).classify(IMAGES[2:])
    np.testing.assert_allclose(probabilities[0], np.arange(10) / 45, atol=1e-6)


def test_a_file_is_loaded_once_and_again_when_it_has_changed(written):
    first = load_network(written())
    assert load_network(first.name) is first
    again = load_network(written(changes={"temperature": 3.0}))
    assert again is not first
    assert again.temperature == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"metadata": None}, "does not say what its input and its output mean: it was not written"),
        ({"metadata": "{"}, "metadata of the ONNX file .* make no sense"),
        ({"metadata": "[]"}, r"is a mapping of settings, not \[\]"),
        ({"metadata": "{}"}, "lacks the setting 'model'"),
        ({"changes": {"colour": 3}}, "no setting 'colour'"),
        ({"changes": {"temperature": 0}}, "temperature=0: expected a number above 0"),
        ({"changes": {"input": "RGB"}}, "input='RGB': expected one of 'uint8 from 0 to 255'"),
        ({"changes": {"input": "float32 as the model was trained on"}}, "no images in a known"),
        ({"changes": {"input": "uint8 from 0 to 255"}}, r"of tensor\(float\).*expected one input"),
        ({"name": "x"}, "takes 'x' of .*; expected one input 'images'"),
        ({"image": (14, 56)}, r"\['n', 14, 56\]. To read pictures"),
        ({"batch": 1}, r"\[1, 28, 28\]. To read pictures of digits it must take any number"),
        ({"changes": {"output": "probabilities"}}, "returns 'logits' of .*expected one output"),
        ({"count": 11}, r"returns 'logits' of tensor\(float\) \['n', 11\]; .*of 10 classes"),
        ({"count": 4, "changes": {"classes": [*"abcd"]}}, "tells 4 classes apart"),
        ({"kernel": np.full((784, 10), np.nan, np.float32)}, "numbers that are NaN or infinite"),
        ({"kernel": np.ones((783, 10), np.float32)}, "cannot be run|can be run"),
        (
            {"more_inputs": [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]},
            "takes 'images' .*, 'y' of",
        ),
    ],
)  # fmt: skip
def test_networks_that_read_no_digits_are_refused(written, given, said):
    path = written(**given)
    with pytest.raises(OnnxError, match=said) as raised:
        mnistkit.recognize(IMAGES[2], model=path) if "kernel" not in given else load_network(
            path
        ).classify(IMAGES)
    assert str(path) in str(raised.value)


def test_damaged_files_and_other_files_are_refused(written, tmp_path):
    whole = written().read_bytes()
    path = tmp_path / "damaged.onnx"
    for content in (b"", b"hello" * 1000, whole[: len(whole) // 2], whole[100:]):
        path.write_bytes(content)
        with pytest.raises(OnnxError, match=r"no ONNX network that can be run|does not say"):
            load_network(path)


def test_weights_outside_the_file_are_never_read(tmp_path, monkeypatch):
    """Neither beside it, nor above it, nor in the present folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "inside"
    folder.mkdir()
    for where in (tmp_path, folder):
        KERNEL[:, :10].tofile(where / "kernel.bin")
    for location in ("kernel.bin", "../kernel.bin", str(tmp_path / "kernel.bin"), "missing"):
        kernel = TensorProto(name="kernel", data_type=1, dims=(784, 10), data_location=1)
        kernel.external_data.add(key="location", value=location)
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["images", "kernel"], ["logits"])],
            "linear",
            [helper.make_tensor_value_info("images", 1, ["n", 784])],
            [helper.make_tensor_value_info("logits", 1, ["n", 10])],
            [kernel],
        )
        opset = [helper.make_opsetid("", 15)]
        network = helper.make_model(graph, opset_imports=opset, ir_version=8)
        helper.set_model_props(network, {"mnistkit": json.dumps(METADATA)})
        (folder / "mine.onnx").write_bytes(network.SerializeToString())
        with pytest.raises(OnnxError, match=r"External data path .*weights lie in another file"):
            load_network(folder / "mine.onnx")


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(2 << 30)  # a hole, which takes no room on the disk
    with pytest.raises(OnnxError, match="2,147,483,648 bytes, expected at most 512,000,000"):
        load_network(path)


def test_what_is_no_regular_file_is_refused(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no FIFOs")
    os.mkfifo(tmp_path / "fifo.onnx")
    with pytest.raises(OnnxError, match="is not a regular file"):
        load_network(tmp_path / "fifo.onnx")


def test_the_version_of_onnx_that_these_tests_write_is_one_that_export_writes():
    from mnistkit.exporting.onnx_file import OPSET

    assert OPSET == 15
    assert onnx.defs.onnx_opset_version() >= OPSET

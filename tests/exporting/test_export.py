"""export: every format does what the model does, says what it is, or is not there."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf

import mnistkit
from mnistkit.errors import ExportError, MissingPackageError, OutputPathError, WrongTypeError
from mnistkit.evaluation import at_temperature

DATA = mnistkit.load_dataset("digits")
IMAGES = DATA.test.images
DIGITS = [*map(str, range(10))]
NAMES = {"onnx": "model.onnx", "litert": "model.tflite", "saved_model": "model"}


def run_onnx(path, images):
    session = onnxruntime.InferenceSession(path)
    (output,) = session.get_outputs()
    return {output.name: session.run(None, {"images": images})[0]}


def run_litert(path, images):
    with pytest.warns(UserWarning, match=r"tf.lite.Interpreter is deprecated"):
        interpreter = tf.lite.Interpreter(str(path))
    return interpreter.get_signature_runner()(images=images)


def run_saved_model(path, images):
    loaded = tf.saved_model.load(str(path))
    found = loaded.signatures["serving_default"](images=tf.constant(images))
    return {name: tensor.numpy() for name, tensor in found.items()}


RUNNERS = {"onnx": run_onnx, "litert": run_litert, "saved_model": run_saved_model}


def metadata_in(path):
    if path.suffix == ".onnx":
        (entry,) = onnx.load(path).metadata_props
        assert entry.key == "mnistkit"
        return json.loads(entry.value)
    if path.suffix == ".tflite":
        with zipfile.ZipFile(path) as archive:
            assert archive.read("labels.txt").decode().split("\n") == DIGITS
            return json.loads(archive.read("mnistkit.json"))
    return json.loads((path / "assets.extra" / "mnistkit.json").read_text(encoding="utf-8"))


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module", params=NAMES)
def exported(request, run, tmp_path_factory):
    """The run in each format, as it is by default."""
    path = tmp_path_factory.mktemp("exported") / NAMES[request.param]
    return mnistkit.export(run, path)


def test_pixels_in_calibrated_probabilities_out(exported, trainer):
    (output,) = RUNNERS[exported.format](exported.path, IMAGES).items()
    assert output[0] == "probabilities"
    expected = at_temperature(trainer.predict(IMAGES), trainer.temperature)
    np.testing.assert_allclose(output[1], expected, atol=1e-5)
    assert trainer.temperature != 1


def test_any_number_of_images(exported):
    for count in (1, 7):
        found = RUNNERS[exported.format](exported.path, IMAGES[:count])["probabilities"]
        assert found.shape == (count, 10)


def test_the_file_says_what_it_is(exported, trainer):
    noted = metadata_in(exported.path)
    assert noted == exported.metadata.to_dict()
    assert noted == {
        "model": "cnn",
        "classes": DIGITS,
        "input": "uint8 from 0 to 255",
        "output": "probabilities",
        "temperature": trainer.temperature,
        "precision": "float32",
        "mnistkit": mnistkit.__version__,
    }


def test_the_result_says_how_far_it_agrees(exported):
    agreement = exported.agreement
    assert agreement.difference <= 1e-5
    assert agreement.data == "digits test"
    assert agreement.num_images == len(DATA.test)
    assert agreement.accuracy == agreement.keras_accuracy > 0.8
    whole = [exported.path, *exported.path.rglob("*")]
    assert exported.size == sum(one.stat().st_size for one in whole if one.is_file())
    assert "of Keras' on 360 images of digits test" in str(exported)
    assert json.loads(json.dumps(exported.to_dict()))["size"] == exported.size


@pytest.mark.parametrize("name", NAMES.values())
def test_floats_in_logits_out(trainer, tmp_path, name):
    written = mnistkit.export(
        trainer, tmp_path / name, input_type="float32", output="logits", data=DATA
    )
    floats = (IMAGES[:50] / 255).astype(np.float32)
    logits = RUNNERS[written.format](written.path, floats)["logits"]
    np.testing.assert_allclose(softmax(logits), trainer.predict(IMAGES[:50]), atol=1e-5)
    assert written.metadata.input == "float32 from 0 to 1"


def test_eight_bit_integers(run, tmp_path):
    written = mnistkit.export(run, tmp_path / "model.tflite", quantize="int8")
    floats = mnistkit.export(run, tmp_path / "floats.tflite")
    assert written.size < floats.size
    assert written.metadata.precision == "int8"
    with pytest.warns(UserWarning, match=r"tf.lite.Interpreter is deprecated"):
        interpreter = tf.lite.Interpreter(str(written.path))
    (given,) = interpreter.get_input_details()
    assert given["dtype"] is np.uint8
    assert given["quantization"] == (pytest.approx(1 / 255), 0)  # a pixel is its number
    found = interpreter.get_signature_runner()(images=IMAGES)["probabilities"]
    assert found.dtype == np.float32
    accuracy = (found.argmax(axis=1) == DATA.test.labels).mean()
    assert accuracy == written.agreement.accuracy
    assert accuracy >= written.agreement.keras_accuracy - 1 / 360
    assert "of 360 images of digits test correct," in str(written)


@pytest.mark.slow
def test_the_convolutional_network_in_eight_bits_is_small(tmp_path):
    trainer = mnistkit.Trainer("cnn")
    trainer.fit(DATA.train, epochs=8, verbose=0)
    floats = mnistkit.export(trainer, tmp_path / "floats.tflite")
    written = mnistkit.export(trainer, tmp_path / "model.tflite", quantize="int8")
    assert written.size < 80_000 < floats.size / 3


@pytest.mark.parametrize(
    ("last", "probabilities_of"),
    [
        (keras.layers.Dense(10), softmax),
        (keras.layers.Dense(1), lambda one: softmax(np.concatenate([0 * one, one], axis=1))),
        (keras.layers.Dense(1, "sigmoid"), lambda one: np.concatenate([1 - one, one], axis=1)),
    ],
    ids=["logits", "logit", "sigmoid"],
)
@pytest.mark.parametrize("output", ["probabilities", "logits"])
def test_whatever_a_model_returns(tmp_path, last, probabilities_of, output):
    last = type(last).from_config(last.get_config())
    model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten(), last])
    mnistkit.export(model, tmp_path / "model.onnx", output=output)
    found = run_onnx(tmp_path / "model.onnx", IMAGES)[output]
    expected = probabilities_of(model.predict(IMAGES / np.float32(255), verbose=0))
    np.testing.assert_allclose(
        found if output == "probabilities" else softmax(found), expected, atol=1e-5
    )


def test_a_model_of_numbers_as_they_are_takes_floats_as_they_are(tmp_path):
    model = keras.Sequential(
        [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )
    trainer = mnistkit.Trainer(model, inputs="as they are")
    with pytest.raises(ExportError, match=r"numbers as they are.* Give input_type='float32'"):
        mnistkit.export(trainer, tmp_path / "model.onnx")
    written = mnistkit.export(trainer, tmp_path / "model.onnx", input_type="float32")
    assert written.metadata.input == "float32 as the model was trained on"
    with pytest.raises(ExportError, match="no ranges for 8-bit integers can be chosen"):
        mnistkit.export(
            trainer, tmp_path / "model.tflite", input_type="float32", quantize="int8", data=DATA
        )


def test_the_networks_of_the_package_are_made_this_way(tmp_path):
    """Export gives the file that came with the package, to the last bit of what it computes."""
    from mnistkit.models.pretrained import pretrained_onnx

    for name in ("cnn", "dense128"):
        model = mnistkit.create_model(name, weights="mnist")
        path = tmp_path / f"{name}.onnx"
        mnistkit.export(model, path, input_type="float32", output="logits", data=DATA)
        floats = (IMAGES / 255).astype(np.float32)
        shipped = run_onnx(pretrained_onnx(name, "mnist"), floats)["logits"]
        np.testing.assert_array_equal(run_onnx(path, floats)["logits"], shipped)


# Read with what was exported ######################################################################


def test_recognize_reads_with_the_file_as_with_the_model(run, trainer, tmp_path):
    mnistkit.export(run, tmp_path / "mine.onnx")
    mnistkit.export(run, tmp_path / "other.onnx", output="logits", input_type="float32")
    images = list(IMAGES[:20])
    by_keras = mnistkit.recognize_many(images, model=trainer.model)
    for name in ("mine.onnx", "other.onnx"):
        by_file = mnistkit.recognize_many(images, model=tmp_path / name)
        assert [one.text for one in by_file] == [one.text for one in by_keras]
        for mine, others in zip(by_file, by_keras, strict=True):
            np.testing.assert_allclose(
                [digit.probability for digit in mine],
                [digit.probability for digit in others],
                atol=1e-4,
            )


def test_it_is_read_without_tensorflow(run, tmp_path):
    mnistkit.export(run, tmp_path / "mine.onnx")
    np.save(tmp_path / "digit.npy", IMAGES[0])
    script = (
        "import sys, mnistkit, numpy as np; "
        "print(mnistkit.recognize(np.load(sys.argv[1]), model=sys.argv[2]).text); "
        "print(*{'tensorflow', 'keras', 'onnx', 'tf2onnx'} & set(sys.modules))"
    )
    arguments = [tmp_path / "digit.npy", tmp_path / "mine.onnx"]
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n") == [str(DATA.test.labels[0]), "", ""]


# What cannot be written ###########################################################################


def linear(*layers):
    return keras.Sequential(
        [keras.Input((28, 28)), *layers, keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    )


def eigenvalues():
    return linear(keras.layers.Lambda(lambda images: tf.linalg.eigh(images)[0]))


class Noise(keras.layers.Layer):
    def call(self, images):
        return images + tf.random.uniform(tf.shape(images))


class Fussy(keras.layers.Layer):
    in_graphs = True

    def call(self, images):
        if self.in_graphs or tf.executing_eagerly():
            return images
        raise RuntimeError("not in a graph")


@pytest.mark.parametrize("name", NAMES.values())
def test_a_layer_that_a_format_cannot_express(tmp_path, name):
    if name == "model":  # TensorFlow's own format has all of its operations
        mnistkit.export(eigenvalues(), tmp_path / name)
        return
    with pytest.raises(ExportError, match=r"has no operation for TensorFlow's 'SelfAdjointEigV2'"):
        mnistkit.export(eigenvalues(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES.values())
def test_a_file_that_does_not_do_what_the_model_does_is_not_kept(tmp_path, name):
    with pytest.raises(ExportError, match=r"probabilities differ by up to .* Nothing was written"):
        mnistkit.export(linear(Noise()), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_integers_that_lose_accuracy_are_not_kept(tmp_path):
    """One number far from all others stretches the range that 8 bits have to cover."""
    trainer = mnistkit.Trainer(linear(), recipe=mnistkit.Recipe(epochs=3))
    trainer.fit(DATA.train, verbose=0)
    body = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Lambda(lambda pixels: pixels + 1e4 * tf.one_hot([0], 784)),
            keras.layers.Lambda(lambda pixels: pixels - 1e4 * tf.one_hot([0], 784)),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    body.set_weights(trainer.model.get_weights())
    with pytest.raises(
        ExportError, match=r"8-bit integers lose too much: of 360 images of 'digits"
    ):
        mnistkit.export(body, tmp_path / "model.tflite", quantize="int8", data=DATA)
    assert list(tmp_path.iterdir()) == []


def test_what_a_converter_raises_is_an_error_of_ours(tmp_path, monkeypatch):
    model = linear(Fussy())
    monkeypatch.setattr(Fussy, "in_graphs", False)
    with pytest.raises(ExportError, match=r"cannot be written as ONNX.*not in a graph"):
        mnistkit.export(model, tmp_path / "model.onnx")


@pytest.mark.parametrize("name", NAMES.values())
def test_nothing_is_overwritten(run, tmp_path, name):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    with pytest.raises(OutputPathError, match="is there already, and is not overwritten"):
        mnistkit.export(run, tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["model.onnx", "model"])
def test_what_is_there_is_replaced_when_the_new_one_is_kept(run, tmp_path, name, monkeypatch):
    mnistkit.export(run, tmp_path / name, input_type="float32")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    with monkeypatch.context() as patch:
        patch.setattr("mnistkit.exporting.check.LARGEST_DIFFERENCE", -1.0)
        with pytest.raises(ExportError, match="does not do what the model does"):
            mnistkit.export(run, tmp_path / name, overwrite=True)
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before

    mnistkit.export(run, tmp_path / name, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert metadata_in(tmp_path / name)["input"] == "uint8 from 0 to 255"


def test_a_folder_that_is_no_saved_model_is_never_replaced(run, tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputPathError, match="not that of a SavedModel, so it is not replaced"):
        mnistkit.export(run, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine").is_dir()


def test_paths_that_cannot_be_written(run, tmp_path):
    with pytest.raises(OutputPathError, match=r"there is no folder .* Make it first"):
        mnistkit.export(run, tmp_path / "none" / "model.onnx")
    (tmp_path / "link.onnx").symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputPathError, match="is there already"):
        mnistkit.export(run, tmp_path / "link.onnx")
    with pytest.raises(OutputPathError, match="no name of a file"):
        mnistkit.export(run, "/")
    with pytest.raises(WrongTypeError, match="path=3: expected the path"):
        mnistkit.export(run, 3)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("model.h5", {}, r"ends with '.h5', which is no known format"),
        ("model.onnx", {"format": "pmml"}, r"format='pmml': expected one of 'onnx', 'litert'"),
        ("model.bin", {"format": "onnx"}, r"in the format 'onnx' ends with '.onnx'"),
        ("model.onnx", {"quantize": "int8"}, "is for LiteRT; ONNX is written with floats"),
        ("model.tflite", {"quantize": "int4"}, "quantize='int4': expected 'int8', or None"),
        ("model.onnx", {"input_type": "int8"}, "input_type='int8': expected 'uint8' or 'float32'"),
        ("model.onnx", {"output": "labels"}, "output='labels': expected 'probabilities'"),
        ("model.onnx", {"data": DATA.test}, r"data=Split: expected a mnistkit.Dataset"),
    ],
)
def test_settings_that_make_no_sense(run, tmp_path, name, options, said):
    with pytest.raises(ExportError, match=said):
        mnistkit.export(run, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_models_that_are_none_or_take_something_else(tmp_path):
    path = tmp_path / "model.onnx"
    with pytest.raises(WrongTypeError, match=r"3 cannot be exported: expected a keras.Model"):
        mnistkit.export(3, path)
    any_size = keras.Sequential(
        [keras.Input((None, None, 1)), keras.layers.GlobalMaxPooling2D(), keras.layers.Dense(10)]
    )
    with pytest.raises(ExportError, match=r"A file is for any number of images of one size"):
        mnistkit.export(any_size, path)
    other_size = mnistkit.create_model("dense128", input_shape=(32, 32))
    with pytest.raises(ExportError, match=r"cannot be checked on 'digits test'.* Give data="):
        mnistkit.export(other_size, path)


def test_integers_need_the_images_that_the_model_was_trained_on(tmp_path):
    with pytest.raises(ExportError, match=r"it is not known what these are. Give data="):
        mnistkit.export(linear(), tmp_path / "model.tflite", quantize="int8")


def test_what_writes_onnx_is_an_extra(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'mnistkit\[export\]'"):
        mnistkit.export(run, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []

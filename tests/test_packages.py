"""mnistkit with nothing but what reading pictures needs, as examples/deploy installs it."""

import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from mnistkit.errors import MissingPackageError
from mnistkit.packages import require

LIST = Path(__file__).parent.parent / "examples" / "deploy" / "requirements.txt"
# What the rest of the installation would bring along.
HIDDEN = (
    "tensorflow", "keras", "matplotlib", "sklearn", "requests", "urllib3", "filelock", "skimage",
    "joblib", "tensorboard", "jinja2", "optuna", "pandas", "onnx", "tf2onnx",
)  # fmt: skip

SMALL = f"""
import importlib.abc, json, pathlib, sys
from importlib import resources
import numpy as np

HIDDEN = {HIDDEN!r}

class NotInstalled(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, NotInstalled())

import mnistkit
from mnistkit.testing import check_model
from mnistkit.cli import main
from PIL import Image, ImageDraw

picture = Image.new("RGB", (300, 400), "white")
ImageDraw.Draw(picture).line([(80, 100), (220, 100), (130, 300)], fill="navy", width=9)
picture.save("seven.png")

network = str(resources.files("mnistkit.models") / "weights" / "cnn" / "mnist.onnx")
images = np.zeros((20, 28, 28), np.uint8)
images[:, 5:20, 10:14] = 255
labels = np.arange(20) % 10
data = mnistkit.Dataset.from_arrays((images, labels))
result = mnistkit.Evaluation.from_probabilities(labels, np.eye(10)[::-1][labels])
varied = mnistkit.Augmentation(translation=2)
reading = mnistkit.recognize("seven.png")

def build(*, num_classes=10, input_shape=(28, 28)): ...

def command(*arguments):
    sys.argv = ["mnistkit", *arguments]
    try:
        main()
    except SystemExit as end:
        return f"status {{end.code}}"

tried = {{
    "recognize": lambda: str(reading),
    "predict": lambda: command("predict", "seven.png"),
    "predict --model mine.onnx": lambda: command("predict", "seven.png", "--model", network),
    "models": lambda: command("models"),
    "holdout": lambda: len(data.train.holdout(0.5)),
    "accuracy": lambda: result.accuracy,
    "model_card": lambda: mnistkit.model_card("cnn", "mnist").name,
    "corrupt": lambda: mnistkit.corrupt(images, "fog").shape,
    "create_model": lambda: mnistkit.create_model("dense128"),
    "Trainer": lambda: mnistkit.Trainer("dense128"),
    "Trainer(builder)": lambda: mnistkit.Trainer(build),
    "recognize(model)": lambda: mnistkit.recognize("seven.png", model=object()),
    "export": lambda: mnistkit.export(object(), "model"),
    "export to ONNX": lambda: mnistkit.export(object(), "model.onnx"),
    "compare": lambda: mnistkit.compare(["dense128"], data, seeds=1),
    "check_model": lambda: check_model(build),
    "quiet_tensorflow": lambda: mnistkit.quiet_tensorflow(),
    "load_dataset": lambda: mnistkit.load_dataset("digits"),
    "download": lambda: mnistkit.load_dataset("mnist"),
    "per_class": lambda: result.per_class,
    "plot_digits": lambda: mnistkit.plot_digits(data.train),
    "plot_confusion_matrix": lambda: mnistkit.plot_confusion_matrix(result),
    "plot_reliability": lambda: mnistkit.plot_reliability(result),
    "plot_risk_coverage": lambda: mnistkit.plot_risk_coverage(result),
    "plot_mistakes": lambda: mnistkit.plot_mistakes(images, result),
    "plot_predictions": lambda: mnistkit.plot_predictions(images, result),
    "plot_recognition": lambda: mnistkit.plot_recognition(reading),
    "plot_history": lambda: mnistkit.plot_history({{"loss": [1.0, 0.5]}}),
    "plot_augmentation": lambda: mnistkit.plot_augmentation(images, varied),
    "compare command": lambda: command("compare", "dense128", "--out", "run"),
    "train": lambda: command("train", "dense128", "--out", "run"),
    "predict --model run": lambda: command("predict", "seven.png", "--model", "saved"),
    "evaluate": lambda: command("evaluate", "saved", "--dataset", "own_data:data"),
    "report command": lambda: command("report", "saved"),
    "report": lambda: mnistkit.report("saved", "page.html"),
    "handwriting": lambda: mnistkit.load_dataset("handwriting"),
    "predict --explain": lambda: command("predict", "seven.png", "--explain", "seven_read.png"),
}}
pathlib.Path("saved").mkdir()
pathlib.Path("saved", "run.json").write_text("{{}}")
pathlib.Path("own_data.py").write_text(
    "import numpy, mnistkit\\n"
    "images, labels = numpy.zeros((20, 28, 28), numpy.uint8), numpy.arange(20) % 10\\n"
    "def data(): return mnistkit.Dataset.from_arrays((images, labels))\\n"
)
answers = {{}}
for name, call in tried.items():
    try:
        answers[name] = ["answer", str(call())]
    except BaseException as error:
        answers[name] = [type(error).__name__, str(error)]
print(json.dumps(answers))
"""
ANSWERED = {
    "recognize", "predict", "predict --model mine.onnx", "models", "holdout", "accuracy",
    "model_card", "corrupt",
}  # fmt: skip
COMMANDS = {
    "train", "compare command", "predict --explain", "predict --model run", "evaluate",
    "report command",
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    folder = tmp_path_factory.mktemp("small")
    environment = os.environ | {"MNISTKIT_HOME": str(folder / "home"), "MNISTKIT_OFFLINE": ""}
    done = subprocess.run(
        [sys.executable, "-c", SMALL],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found | {"stderr": ["", done.stderr]}


@pytest.mark.parametrize("what", sorted(ANSWERED))
def test_what_reading_needs_is_enough(what, answers):
    assert answers[what][0] == "answer"


def test_all_else_names_what_to_install(answers):
    others = {name: one for name, one in answers.items() if name not in ANSWERED | COMMANDS}
    others.pop("stderr")
    assert {name: kind for name, (kind, _) in others.items()} == dict.fromkeys(
        others, "MissingPackageError"
    )
    assert all("Install with: pip install " in text for _, text in others.values())


def test_the_command_line_says_it_without_a_traceback(answers):
    assert {answers[name][1] for name in COMMANDS} == {"status 1"}
    said = answers["stderr"][1]
    assert "Traceback" not in said
    models = (
        "Error: To build, train or measure models, 'tensorflow' and 'keras' are needed, which are "
        "not installed. Install with: pip install tensorflow keras\n"
    )
    assert said.count(models) == 4  # train, compare, predict and evaluate
    assert (
        models + "An ONNX file needs neither: write one with 'mnistkit export' elsewhere.\n" in said
    )
    assert "Error: To draw a plot, 'matplotlib' is needed" in said


def test_all_that_is_missing_is_named_at_once(answers):
    for_a_report = "pip install tensorflow keras jinja2 matplotlib"
    assert answers["report"][1].endswith(for_a_report)
    assert f"{for_a_report}\n" in answers["stderr"][1]
    assert answers["handwriting"][1] == (
        "To make the data set 'handwriting', 'requests', 'filelock', 'scikit-image', 'joblib' and "
        "'matplotlib' are needed, which are not installed. Install with: pip install requests "
        "filelock 'mnistkit[synthesis]' matplotlib"
    )
    assert answers["export to ONNX"][1].endswith("pip install tensorflow keras 'mnistkit[export]'")


def test_the_list_has_the_very_packages_that_mnistkit_asks_for():
    listed = {line for line in LIST.read_text().splitlines() if line and not line.startswith("#")}
    required = {one.split(">")[0].strip() for one in metadata.requires("mnistkit") or ()}
    assert listed <= required
    assert not listed & {"tensorflow", "keras", "matplotlib", "scikit-learn"}


def test_several_that_are_missing_are_named_with_one_command():
    with pytest.raises(
        MissingPackageError,
        match=r"^To test this, 'no_such_one', 'no_such_two' and 'no_such_three' are needed, which "
        r"are not installed. Install with: pip install no_such_one no_such_two no_such_three$",
    ):
        require("no_such_one", "numpy", "no_such_two", "no_such_three", to="test this")


def test_pips_name_and_the_extra_are_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingPackageError) as caught:
        require("sklearn", "skimage", to="test this")
    assert "'scikit-learn' and 'scikit-image' are needed" in str(caught.value)
    assert str(caught.value).endswith("pip install scikit-learn 'mnistkit[synthesis]'")


def test_nothing_is_imported_to_look():
    name = "antigravity"
    assert importlib.util.find_spec(name)
    require(name, to="test this")
    assert name not in sys.modules

"""Look at an installed mnistkit from outside: `python smoke.py`, with the interpreter that has it.

`python smoke.py reading` looks at one that was installed without dependencies, beside the packages
of examples/deploy/requirements.txt.

Not part of the tests: those run on the source tree, this on what a wheel has put into an
environment of its own, where neither the source tree nor the test tools are.
"""

# ruff: noqa: S603, T201  (it starts the program that it is here to check, and reports by printing)

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

HEAVY = ("tensorflow", "keras", "matplotlib", "sklearn", "scipy", "PIL", "requests", "rich")
IMPORT_SECONDS = 0.1

IMPORT = f"""
import sys, time
start = time.perf_counter()
import mnistkit
seconds = time.perf_counter() - start
heavy = sorted(set({HEAVY!r}) & set(sys.modules))
print(seconds, ",".join(heavy) or "-", mnistkit.__file__)
"""


def check(condition: bool, message: str) -> None:
    """End with that message unless the condition holds."""
    if not condition:
        sys.exit(f"FAILED: {message}")


def run(*command: str, show: bool = True) -> str:
    """Run a command and return its output; end if it fails."""
    print("+", *command, flush=True)
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    if show:
        print(done.stdout, flush=True)
    check(done.returncode == 0, f"{' '.join(command)} ended with status {done.returncode}.")
    return done.stdout


def check_import() -> None:
    """See that importing is quick, brings in nothing heavy, and finds the installed package."""
    answers = []
    for _ in range(5):  # the first one also fills the disk's cache
        output = subprocess.run(
            [sys.executable, "-P", "-c", IMPORT], capture_output=True, text=True, check=True
        ).stdout
        answers.append(output.strip().split(" ", 2))
    seconds = min(float(answer[0]) for answer in answers)
    print(f"import mnistkit: {seconds:.3f} s, the best of {len(answers)}")
    check(seconds < IMPORT_SECONDS, f"import mnistkit takes {seconds:.3f} s.")
    check(answers[0][1] == "-", f"import mnistkit imports {answers[0][1]}.")
    package = Path(answers[0][2]).parent
    check("site-packages" in package.parts, f"mnistkit was imported from {package}.")
    check((package / "py.typed").is_file(), "The wheel lacks py.typed.")


TRAINED = """
import mnistkit
mnistkit.quiet_tensorflow()
data = mnistkit.load_dataset("digits")
trainer = mnistkit.Trainer(mnistkit.create_model("cnn", weights="mnist"))
print(trainer.evaluate(data.test).accuracy)
"""


def check_trained_weights() -> None:
    """See that the wheel brings its trained weights along, and that they read digits."""
    accuracy = float(run(sys.executable, "-P", "-c", TRAINED).split()[-1])
    check(accuracy > 0.9, f"The trained cnn reads {accuracy:.2%} of the bundled digits.")


DRAWN = """
from PIL import Image, ImageDraw
image = Image.new("RGB", (300, 400), "white")
ImageDraw.Draw(image).line([(80, 100), (220, 100), (130, 300)], fill="navy", width=9)
image.save("seven.png")
"""


def check_recognition() -> None:
    """See that a picture is read, and that the network for it is in the wheel."""
    run(sys.executable, "-P", "-c", DRAWN)
    program = shutil.which("mnistkit", path=str(Path(sys.executable).parent))
    assert program is not None
    answer = run(program, "predict", "seven.png")
    check(answer.startswith("7"), f"mnistkit predict reads a drawn 7 as {answer!r}.")


def check_command_line() -> None:
    """See that every command of the first hour works, without a network."""
    program = shutil.which("mnistkit", path=str(Path(sys.executable).parent))
    check(program is not None, "The wheel installed no program named mnistkit.")
    assert program is not None
    run(program, "--help")
    check("dense128" in run(program, "models"), "mnistkit models does not list dense128.")
    check("digits" in run(program, "datasets"), "mnistkit datasets does not list digits.")
    run(program, "train", "dense128", "--dataset", "digits", "--epochs", "1", "--out", "first")
    run(program, "evaluate", "first")
    result = json.loads(run(program, "evaluate", "first", "--json", show=False))
    check(result["accuracy"] > 0.5, f"dense128 learned nothing: {result['accuracy']:.2%} correct.")


def check_refusal() -> None:
    """See that what needs more says what to install."""
    program = [sys.executable, "-P", "-m", "mnistkit"]
    done = subprocess.run(
        [*program, "train", "dense128", "--out", "run"], capture_output=True, text=True, check=False
    )
    print(done.stderr)
    check(done.returncode == 1, f"mnistkit train ended with status {done.returncode}.")
    check("pip install tensorflow" in done.stderr, "mnistkit train does not name TensorFlow.")


def report_size() -> None:
    """Print how much is installed, without pip."""
    installed = Path(sysconfig.get_path("purelib"))
    sizes = {
        top.name: sum(file.stat().st_size for file in top.rglob("*") if file.is_file())
        for top in installed.iterdir()
        if not top.name.startswith(("pip", "setuptools", "pkg_resources", "_distutils"))
    }
    print(f"installed: {sum(sizes.values()) / 1e6:,.0f} MB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MNISTKIT_HOME"] = str(Path(folder, "home"))
        os.environ["MNISTKIT_OFFLINE"] = "1"
        os.environ.pop("MNISTKIT_MIRROR", None)
        os.chdir(folder)
        check_import()
        if sys.argv[1:] == ["reading"]:
            check_refusal()
        else:
            check_command_line()
            check_trained_weights()
        check_recognition()
        report_size()
        os.chdir(Path(folder).parent)  # Windows removes no folder that a process stands in
    print("The wheel works on its own.")

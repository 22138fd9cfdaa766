"""TensorFlow's start-up messages are kept from the screen, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

# It complains from below Python, as the real one does, and cannot be imported.
UNUSABLE = """
import contextlib, os

with contextlib.suppress(OSError):
    os.write(2, b"noise from below\\n")
raise ImportError("this processor is too old")
"""


def run(code, *, path="", command=(sys.executable, "-c"), **variables):
    places = [str(path), os.environ.get("PYTHONPATH", "")]
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [*command, code],
        capture_output=True,
        text=True,
        check=False,
        env={**environment, **variables, "PYTHONPATH": os.pathsep.join(filter(None, places))},
    )


@pytest.fixture
def unusable(tmp_path):
    (tmp_path / "tensorflow.py").write_text(UNUSABLE, encoding="utf-8")
    return tmp_path


def test_importing_and_computing_are_silent_and_other_messages_are_not():
    done = run(
        """
import os, sys, mnistkit
mnistkit.quiet_tensorflow()
print("said by Python", file=sys.stderr, flush=True)
os.write(2, b"said by C++\\n")
mnistkit.create_model("dense128")
print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""
    )
    assert (done.returncode, done.stdout) == (0, "3\n"), done.stderr
    assert done.stderr == "said by Python\nsaid by C++\n"


def test_an_import_that_fails_is_heard(unusable):
    done = run("import mnistkit; mnistkit.quiet_tensorflow()", path=unusable)
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert "ImportError: this processor is too old" in done.stderr
    assert "noise from below" not in done.stderr


def test_a_log_level_of_the_user_stays(unusable):
    code = """
import os, mnistkit
try:
    mnistkit.quiet_tensorflow()
except ImportError:
    print(os.environ["TF_CPP_MIN_LOG_LEVEL"])
"""
    assert run(code, path=unusable, TF_CPP_MIN_LOG_LEVEL="1").stdout == "1\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's way to close it")
def test_a_process_without_standard_error(unusable):
    code = """
import mnistkit
try:
    mnistkit.quiet_tensorflow()
except ImportError as error:
    print(error)
"""
    shell = ("sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable)
    done = run(code, path=unusable, command=shell)
    assert (done.returncode, done.stdout) == (0, "this processor is too old\n")

"""examples/deploy: the service, started for real, with good and bad pictures."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image, ImageDraw

import mnistkit

DEPLOY = Path(__file__).parents[1] / "examples" / "deploy"
SECONDS_TO_START = 60


def drawn(text_format: str = "PNG") -> bytes:
    """A seven, drawn by two strokes."""
    image = Image.new("RGB", (300, 400), "white")
    ImageDraw.Draw(image).line([(80, 100), (220, 100), (130, 300)], fill="navy", width=9)
    content = io.BytesIO()
    image.save(content, text_format)
    return content.getvalue()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which the service answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("service") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "service:app", "--port", str(port)],
            cwd=DEPLOY,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output, stderr=output,
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            end = time.monotonic() + SECONDS_TO_START
            while not is_up(address):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield address
        finally:
            process.terminate()
            process.wait()


def is_up(address: str) -> bool:
    try:
        return requests.get(f"{address}/openapi.json", timeout=5).ok
    except requests.ConnectionError:
        return False


def post(service: str, content: bytes | Iterator[bytes]) -> requests.Response:
    return requests.post(f"{service}/read", data=content, timeout=30)


@pytest.mark.parametrize("text_format", ["PNG", "JPEG"])
def test_a_picture_is_read(service, text_format):
    answer = post(service, drawn(text_format))
    assert answer.status_code == 200
    assert answer.json()["text"] == "7"
    assert answer.json()["probability"] > 0.9


@pytest.mark.parametrize(
    "content", [b"", b"no picture", drawn()[:200], json.dumps({"picture": 7}).encode()]
)
def test_what_is_no_picture_is_refused_in_words(service, content):
    answer = post(service, content)
    assert answer.status_code == 415
    assert answer.json()["detail"]


def test_a_picture_without_digits_is_an_answer_too(service):
    content = io.BytesIO()
    Image.new("L", (50, 50), "white").save(content, "PNG")
    answer = post(service, content.getvalue()).json()
    assert (answer["text"], answer["digits"]) == ("", [])
    assert answer["warnings"]


def test_more_bytes_than_allowed_are_not_even_received(service):
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 1_000_000_000:
            sent += 1_000_000
            yield bytes(1_000_000)

    with contextlib.suppress(requests.ConnectionError):  # it closes while more is being sent
        assert post(service, endless()).status_code == 413
    assert sent < 500_000_000
    assert post(service, drawn()).json()["text"] == "7"


def test_an_exported_network_is_run_without_mnistkit(tmp_path):
    images = mnistkit.load_dataset("digits").test
    mnistkit.export(mnistkit.create_model("cnn", weights="mnist"), tmp_path / "model.onnx")
    names = [f"{number}.png" for number in range(10)]
    for name, image in zip(names, images.images, strict=False):
        Image.fromarray(image).save(tmp_path / name)
    command = [sys.executable, "-X", "importtime", str(DEPLOY / "classify.py"), "model.onnx"]
    done = subprocess.run(
        [*command, *names], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[0] for row in rows] == names
    right = [int(row[1]) == label for row, label in zip(rows, images.labels, strict=False)]
    assert sum(right) >= 9
    assert "tensorflow" not in done.stderr
    assert "mnistkit" not in done.stderr


def test_a_call_without_pictures_says_how_it_is_called():
    done = subprocess.run(
        [sys.executable, str(DEPLOY / "classify.py")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: python classify.py model.onnx digit.png ...\n"

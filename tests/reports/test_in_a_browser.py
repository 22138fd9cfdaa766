"""Pages as a browser lays them out: nothing is wider than the screen."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

import mnistkit

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
# The page may not run scripts, so a page around it looks.
AROUND = """<!doctype html><body style="margin:0"><iframe src="page.html" width="{width}"
height="900" style="border:0"></iframe><script>onload = () => {{
const page = document.querySelector("iframe").contentDocument.documentElement;
document.title = "width " + page.scrollWidth; }}</script>"""


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("kind", ["comparison", "run"])
def test_a_page_is_as_wide_as_the_screen(compared, small, run, tmp_path, kind, width) -> None:
    source, data = {"comparison": (compared, small), "run": (run, None)}[kind]
    mnistkit.report(source, tmp_path / "page.html", data=data)
    around = tmp_path / "around.html"
    around.write_text(AROUND.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--allow-file-access-from-files",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000",
            "--virtual-time-budget=5000", "--dump-dom", around.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert re.findall(r"<title>width (\d+)", done.stdout) == [str(width)], done.stderr[-2000:]

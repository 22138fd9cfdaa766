"""The package as a whole: what importing it brings in, its public names, its rooms."""

from __future__ import annotations

import importlib.util
import inspect
import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import mnistkit

ROOT = Path(__file__).parents[1]
HEAVY = ["tensorflow", "keras", "matplotlib", "sklearn", "scipy", "PIL", "requests", "rich"]
REPORT = "import json, sys; print(json.dumps([name.partition('.')[0] for name in sys.modules]))"
PUBLIC_NAMES = [name for name in mnistkit.__all__ if name != "__version__"]


def packages_imported_by(code: str) -> set[str]:
    """Run code in a process of its own; the top-level packages that it has imported at its end."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\n{REPORT}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_imports_nothing_heavy() -> None:
    imported = packages_imported_by("import mnistkit")
    assert "mnistkit" in imported
    assert imported.isdisjoint(HEAVY)


def test_naming_everything_public_imports_no_heavy_package() -> None:
    code = "import mnistkit\nfor name in mnistkit.__all__: getattr(mnistkit, name)"
    imported = packages_imported_by(code)
    assert imported.isdisjoint({"tensorflow", "keras", "matplotlib", "sklearn"})


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["datasets"], ["models"]])
def test_the_light_commands_stay_light(arguments: list[str]) -> None:
    code = f"""
import sys
sys.argv = ["mnistkit", *{arguments!r}]
from mnistkit.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
    imported = packages_imported_by(code)
    assert imported.isdisjoint({"tensorflow", "keras", "matplotlib", "sklearn"})


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_a_public_name_leads_to_something_documented(name: str) -> None:
    assert inspect.getdoc(getattr(mnistkit, name))


def test_public_names_are_sorted_unique_and_shown_by_dir() -> None:
    assert len(set(mnistkit.__all__)) == len(mnistkit.__all__)
    assert set(mnistkit.__all__) <= set(dir(mnistkit))
    assert dir(mnistkit) == sorted(dir(mnistkit))


def test_every_public_name_is_in_the_reference() -> None:
    pages = "\n".join(
        page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")
    )
    missing = [name for name in PUBLIC_NAMES if f":: mnistkit.{name}\n" not in pages]
    assert missing == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="load_datset"):
        mnistkit.load_datset  # noqa: B018  (asking for it is the test)


def test_the_version_is_the_installed_one() -> None:
    assert mnistkit.__version__ == metadata.version("mnistkit")


def test_rooms_import_only_from_the_rooms_below_them() -> None:
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("needs import-linter: pip install -e '.[lint]'")
    program = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout

"""One command for each check: `nox -s tests-3.12`, `nox -s lint`; `nox --list` names them all.

`nox` alone runs the quick ones; `.ci/run` runs everything, on a clean copy of the tree.
"""

import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "tests"]


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """The fast tests; arguments after -- go to pytest."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """The tests that take minutes."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-m", "slow", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, common mistakes, and which room imports from which."""
    session.install("-e", ".[lint]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Type hints."""
    session.install("-e", ".[lint]")
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation, into docs/_build."""
    session.install("-e", ".[docs]")
    session.run(
        "sphinx-build", "-n", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html"
    )


@nox.session
def wheel(session: nox.Session) -> None:
    """The wheel, built and installed alone, looked at from outside the source tree."""
    smoke = Path(".ci/smoke.py").resolve()
    folder = Path(session.create_tmp()).resolve()
    for earlier in ("dist", "alone"):
        shutil.rmtree(folder / earlier, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder / "dist"))
    session.run("python", "-m", "venv", str(folder / "alone"))  # without the tools that built it
    scripts = folder / "alone" / ("Scripts" if sys.platform == "win32" else "bin")
    python = str(scripts / "python")
    wheels = map(str, (folder / "dist").glob("*.whl"))
    session.run(python, "-m", "pip", "install", "--quiet", *wheels, external=True)
    session.chdir(folder)
    session.run(python, "-P", str(smoke), external=True)

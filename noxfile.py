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
    """The wheel, alone and with only what reading needs, looked at from outside the source tree."""
    smoke = Path(".ci/smoke.py").resolve()
    needed_to_read = Path("examples/deploy/requirements.txt").resolve()
    folder = Path(session.create_tmp()).resolve()
    for earlier in ("dist", "alone", "reading"):
        shutil.rmtree(folder / earlier, ignore_errors=True)
    session.install("build")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(folder / "dist"))
    wheels = [str(path) for path in (folder / "dist").glob("*.whl")]
    alone, reading = (_empty_environment(session, folder / name) for name in ("alone", "reading"))
    pip = ("-m", "pip", "install", "--quiet")
    session.run(alone, *pip, *wheels, external=True)
    session.run(reading, *pip, "-r", str(needed_to_read), external=True)
    session.run(reading, *pip, "--no-deps", *wheels, external=True)
    session.chdir(folder)
    session.run(alone, "-P", str(smoke), external=True)
    session.run(reading, "-P", str(smoke), "reading", external=True)


def _empty_environment(session: nox.Session, folder: Path) -> str:
    """Make an environment without the tools that build a wheel; return its interpreter."""
    session.run("python", "-m", "venv", str(folder))
    return str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")

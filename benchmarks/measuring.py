"""What the benchmarks share: fresh processes, taking turns, statistics, memory, tables, JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).resolve().parent
_PACKAGES = ("mnistkit", "tensorflow", "keras", "numpy", "torch", "torchvision")
_KIB_PER_MB = 1e6 / 1024  # the kernel counts in KiB

Result = TypeVar("Result")


# Running


def take_turns(
    contenders: Mapping[str, Callable[[int], Result]], rounds: int
) -> dict[str, list[Result]]:
    """Call A, B, A, B, ...: what slows the machine for a while slows all of them alike."""
    results: dict[str, list[Result]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name, run in contenders.items():
            say(f"round {number + 1} of {rounds}: {name}")
            results[name].append(run(number))
    return results


def run_fresh(script: str, *arguments: object) -> Any:
    """Run a script of this folder in a process of its own; its last line of output is JSON."""
    command = [sys.executable, str(FOLDER / script), *map(str, arguments)]
    return json.loads(run_command(command).splitlines()[-1])


def run_command(command: Sequence[str]) -> str:
    """Run a command, and return what it printed; if it fails, show what it complained about."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def say(text: str) -> None:
    """Report progress, beside the results."""
    print(text, file=sys.stderr, flush=True)


def num_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


# Statistics


@dataclass(frozen=True)
class Spread:
    """Some measurements of the same thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def mean(self) -> float:
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        """The standard deviation of one measurement; not a number if there is only one."""
        return statistics.stdev(self.values) if len(self.values) > 1 else math.nan

    def show(self, form: str = ".2f") -> str:
        """The median, and in brackets the smallest and the largest."""
        low, high = min(self.values), max(self.values)
        return f"{self.median:{form}} ({low:{form}} - {high:{form}})"

    def show_mean(self, form: str = ".3f") -> str:
        """The mean, and the standard deviation of one measurement."""
        mean = f"{self.mean:{form}}"
        return f"{mean} ± {self.deviation:{form}}" if len(self.values) > 1 else mean

    def to_dict(self) -> dict[str, Any]:
        return {"median": self.median, "mean": self.mean, **asdict(self)}


def spread(values: Sequence[float]) -> Spread:
    return Spread(tuple(map(float, values)))


def mean_interval(sample: Spread) -> tuple[float, float]:
    """Student's 95% interval of the mean."""
    from scipy import stats

    if len(sample.values) < 2:
        return math.nan, math.nan
    low, high = stats.ttest_1samp(sample.values, 0.0).confidence_interval(0.95)
    return float(low), float(high)


def difference_interval(sample: Spread, reference: Spread) -> tuple[float, float]:
    """Welch's 95% interval of the difference of two means."""
    from scipy import stats

    if min(len(sample.values), len(reference.values)) < 2:
        return math.nan, math.nan
    test = stats.ttest_ind(sample.values, reference.values, equal_var=False)
    low, high = test.confidence_interval(0.95)
    return float(low), float(high)


def show_interval(low: float, high: float, form: str = ".3f") -> str:
    """A dash where there are too few measurements for an interval."""
    return "-" if math.isnan(low) else f"{low:{form}} to {high:{form}}"


# Memory


class MemoryRise:
    """How far this process's memory rises above what it is now, in MB; NaN where unknown."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):  # without this the rise is an upper bound
            # Forget the peak of what was done before, such as imports; Linux only.
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self.before = resident_memory()

    def peak(self) -> float:
        """The highest point since, minus what it was."""
        return _memory("VmHWM") - self.before


def resident_memory() -> float:
    """All memory in use, MB, pages of mapped files included."""
    return _memory("VmRSS")


def own_memory() -> float:
    """Memory in use, MB, without mapped files, whose pages the system can take back any time."""
    return _memory("RssAnon")


def _memory(name: str) -> float:
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return math.nan
    return float(status.partition(f"{name}:")[2].split()[0]) / _KIB_PER_MB


# The report


class Report:
    """Prints what was measured, as Markdown under a head that says on what, and writes JSON.

    Make it first: it notes the time and how busy the machine is. Every table is printed as soon as
    it is there.
    """

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self._content: dict[str, Any] = {
            "command": " ".join(["python", f"benchmarks/{name}.py", *sys.argv[1:]]),
            "date": datetime.now(UTC).isoformat(timespec="minutes"),
            "machine": _machine(),
            "versions": _versions(),
            **settings,
            "load before": _load(),
        }
        self._results: dict[str, Any] = {}
        lines = [f"- {key}: {value}" for key, value in self._content.items()]
        print("\n".join([f"## {name}", "", *lines]), flush=True)

    def add(
        self,
        title: str,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        results: Any,
        notes: Sequence[str] = (),
    ) -> None:
        """A table, the numbers behind it, and what to know about them."""
        lines = [*markdown_table(header, rows), "", *(f"- {note}" for note in notes)]
        self.write(title, "\n".join(lines), results)

    def write(self, title: str, text: str, results: Any) -> None:
        """Markdown, and the numbers behind it."""
        self._results[title] = results
        print(f"\n### {title}\n\n{text.rstrip()}", flush=True)

    @property
    def circumstances(self) -> str:
        """When, on what and with what it was measured, in a line."""
        from mnistkit.training.environment import processor_name

        versions = [f"{name} {metadata.version(name)}" for name in ("tensorflow", "keras")]
        machine = f"{processor_name()}, {num_processors()} processors"
        return ", ".join([self._content["date"][:10], machine, *versions])

    def finish(self, out: Path) -> None:
        """Write the JSON file."""
        self._content |= {"load after": _load(), "results": self._results}
        out.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_without_nan(self._content), indent=1)
        out.write_text(text + "\n", encoding="utf-8")
        print(f"\nLoad average of the machine afterwards: {self._content['load after']}.")
        say(f"Written to {out}")


def arguments(description: str | None, name: str) -> argparse.ArgumentParser:
    """A parser with the option that all benchmarks have."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    default = FOLDER / "results" / f"{name}.json"
    parser.add_argument("--out", type=Path, default=default, help="the JSON file to write")
    return parser


def at_least(smallest: int) -> Callable[[str], int]:
    """An argument that is a whole number of some size."""

    def number(text: str) -> int:
        if (value := int(text)) < smallest:
            raise argparse.ArgumentTypeError(f"{text}: expected at least {smallest}")
        return value

    return number


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Markdown that also lines up on a terminal."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    cells = [header, ["-" * width for width in widths], *rows]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]


def _machine() -> str:
    from mnistkit.training.environment import processor_name

    gib = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        gib = f", {size / 2**30:.0f} GiB"
    return f"{processor_name()}, {num_processors()} processors{gib}, {platform.platform()}"


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _without_nan(content: Any) -> Any:
    """JSON has no word for "not a number"; null stands for it."""
    if isinstance(content, dict):
        return {key: _without_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nan(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content

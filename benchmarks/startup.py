"""How long it takes until something happens: imports and the command line, in fresh processes.

The commands take turns. What starting Python alone costs is measured too, and is part of every row.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import sysconfig
import time
from functools import partial

from measuring import Report, arguments, at_least, run_command, spread, take_turns

BASELINE = "python, nothing imported"
OURS = "import mnistkit"


def main() -> None:
    parser = arguments(__doc__, "startup")
    parser.add_argument("--rounds", type=at_least(1), default=9, help="how often each is started")
    chosen = parser.parse_args()
    settings = {
        "rounds": f"{chosen.rounds}, after one to warm up; commands take turns",
        "spread": "median (smallest - largest)",
    }
    report = Report("startup", settings)
    turns = {name: partial(seconds, command) for name, command in commands().items()}
    for run in turns.values():
        run(0)  # files into the system's memory, byte code onto the disk
    found = {name: spread(values) for name, values in take_turns(turns, chosen.rounds).items()}
    ours, baseline = found[OURS].median, found[BASELINE].median
    report.add(
        "Seconds from start to end of a process",
        ("", "s", "above Python's own, s", "times `import mnistkit`"),
        [
            [f"`{name}`", each.show(".3f"), f"{each.median - baseline:.3f}",
             f"{each.median / ours:.1f}"]
            for name, each in found.items()
        ],
        {name: each.to_dict() for name, each in found.items()},
    )  # fmt: skip
    report.finish(chosen.out)


def commands() -> dict[str, list[str]]:
    """What is compared; what is not installed is left out."""
    imports = ["mnistkit", "tensorflow", "keras", "torch", "torchvision"]
    found = {BASELINE: [sys.executable, "-c", "pass"]}
    for name in imports:
        if importlib.util.find_spec(name):
            found[f"import {name}"] = [sys.executable, "-c", f"import {name}"]
    script = shutil.which("mnistkit", path=sysconfig.get_path("scripts"))
    start = [script] if script else [sys.executable, "-m", "mnistkit"]
    for word in ("--help", "models", "datasets"):
        found[f"mnistkit {word}"] = [*start, word]
    return found


def seconds(command: list[str], _: int) -> float:
    begin = time.perf_counter()
    run_command(command)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()

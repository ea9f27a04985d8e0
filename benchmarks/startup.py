"""How long the command takes to answer, as whole processes.

    python -m benchmarks.startup [--repetitions 10] [--program COMMAND]

Every command is typed once to warm up, then all of them in turn, so that a change of the machine's speed meets all
alike. The bounds are those of docs/architecture.md: 0.4 s for what needs no configuration, 0.8 s for what composes one.
``--program`` times another installation, such as ``/elsewhere/bin/breakeven``.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks.sweeps import ROOT, machine

COMMANDS: dict[str, tuple[tuple[str, ...], float]] = {
    "help": (("--help",), 0.4),
    "version": (("--version",), 0.4),
    "mistyped subcommand": (("sohw",), 0.4),
    "mistyped knob": (("workrs=2",), 0.8),
    "plan": (("dry_run=true",), 0.8),
}
"""What is typed, and within how many seconds its median is to answer."""


def measure(program: Sequence[str], repetitions: int) -> pd.DataFrame:
    """Return the seconds of every command, one row a repetition, typed in an empty folder."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    }
    with TemporaryDirectory() as folder:
        rows = [
            {
                name: _seconds([*program, *typed], Path(folder), environment)
                for name, (typed, _) in COMMANDS.items()
            }
            for _ in range(repetitions + 1)
        ]
    return pd.DataFrame(rows[1:])


def _seconds(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    return time.perf_counter() - began


def judge(seconds: pd.DataFrame) -> pd.DataFrame:
    """Return one row a command: least, median and largest time, the bound, and whether the median is within it."""
    table = seconds.agg(["min", "median", "max"]).T
    table["bound"] = pd.Series({name: bound for name, (_, bound) in COMMANDS.items()})
    return table.assign(within=table["median"].le(table["bound"]))


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--program", default=shlex.join((sys.executable, "-m", "breakeven")))
    asked = parser.parse_args()
    print(machine())
    judged = judge(measure(shlex.split(asked.program), asked.repetitions))
    print(judged.to_string(float_format="{:.3f} s".format))
    return 0 if judged["within"].all() else 1


if __name__ == "__main__":
    sys.exit(main())

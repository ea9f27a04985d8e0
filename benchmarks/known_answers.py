"""Whether lengths and parallelism that are known beforehand come out of the lab as they are.

    python -m benchmarks.known_answers [override ...]

Makes the sweep of conf/experiment/known_answers.yaml and compares: the median length of a task with the
length asked for, in the serial trials and inside the workers (spans), and the speedup with the number of
workers. Exits with 1 if a length is off by more than 1 % or a speedup by more than 3 %.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from benchmarks.sweeps import machine, swept
from breakeven.analysis.frames.load import load

LENGTH, PARALLELISM = 0.01, 0.03


def compare(folder: Path) -> pd.DataFrame:
    """Return one row per cell: how far serial length, length in the workers and speedup are from what is known."""
    lab = load(folder)
    spans = lab.spans(columns=["cell_id", "worker", "phase", "duration_ns"])
    tasks = spans[spans["phase"].eq("compute") & spans["worker"].ge(0)]
    cells = lab.estimates
    inside = tasks.groupby("cell_id")["duration_ns"].median()
    return cells[["workload", "model", "ipc", "workers", "speedup", "speedup_low", "speedup_high"]].assign(
        serial_error=cells["task_measured_ns"] / cells["task_ns"] - 1,
        inside_error=inside / cells["task_ns"] - 1,
        speedup_error=cells["speedup"] / cells["workers"] - 1,
    )


def are_right(found: pd.DataFrame) -> bool:
    """Return whether every error is within its bound."""
    lengths = found[["serial_error", "inside_error"]].abs().to_numpy().max()
    return bool(lengths <= LENGTH and found["speedup_error"].abs().max() <= PARALLELISM)


def main() -> int:
    """Measure, print, judge."""
    with swept("+experiment=known_answers", *sys.argv[1:]) as folder:
        found = compare(folder)
    print(machine())
    errors = dict.fromkeys(("serial_error", "inside_error", "speedup_error"), "{:+.2%}".format)
    print(found.to_string(index=False, formatters=errors, float_format="{:.3f}".format))
    good = are_right(found)
    print(f"lengths within {LENGTH:.0%} and speedups within {PARALLELISM:.0%}: {'yes' if good else 'no'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

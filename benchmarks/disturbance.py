"""Whether a disturbed run is detected as such, and its paired speedup holds.

    python -m benchmarks.disturbance [--repetitions 5]

Everything is confined to one CPU. In the middle of a run a process starts there that never waits. Trials that
lay wholly before it must not be marked, those wholly after its start must be. The speedup of all pairs is
compared with that of the pairs before the hog; so is what a harness would say that times its baseline first:
serial trials of the first half against parallel trials of the second. Exits with 1 if fewer than 95 % of the
disturbed trials are marked, more than 5 % of the quiet ones, or where the paired speedup moves by a third or
more of what the unpaired one does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks.sweeps import finish, machine, start

MARKED, MISTAKEN, MOVED = 0.95, 0.05, 1 / 3
TRIALS_SECONDS = 6
KNOBS = (
    "workload=spin",
    "workers=1",
    "task=1ms",
    "tasks=64",
    "rounds=1",
    f"measure.max_time={TRIALS_SECONDS}s",
    "measure.max_trials=1000",
    "measure.rel_ci=0.0001",
    "measure.traced=0",
)
CASES = {"process, pipe": ("model=process", "ipc=pipe"), "thread, queue": ("model=thread", "ipc=queue")}
_HOG = "import time\nprint(time.perf_counter_ns(), flush=True)\nwhile True: pass"


@contextmanager
def one_cpu() -> Iterator[None]:
    """Confine this process, and those that it starts, to the last CPU that it may use."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def disturbed_run(folder: Path, knobs: tuple[str, ...]) -> tuple[pd.DataFrame, int, int]:
    """Make a run with a hog from its middle on; return its trials and when the hog was started and running, in ns."""
    process = start(folder, (*KNOBS, *knobs))
    while process.poll() is None and not _is_measuring(process.pid):
        time.sleep(0.05)
    time.sleep(TRIALS_SECONDS / 2)
    started = time.perf_counter_ns()
    with subprocess.Popen([sys.executable, "-c", _HOG], stdout=subprocess.PIPE, text=True) as hog:
        running = int(hog.stdout.readline()) if hog.stdout else 0
        try:
            process.wait()
        finally:
            hog.kill()
    finish(process, folder)
    trials = pd.read_parquet(folder / "trials")
    return trials[~trials["warmup"]], started, running


def _is_measuring(pid: int) -> bool:
    """Return whether the runner has a child, which is the measured process; any of its threads may have started it."""
    return any(path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children"))


def judge(trials: pd.DataFrame, started: int, running: int) -> dict[str, float]:
    """Return the shares of marked trials, quiet and disturbed, and how far each speedup moved from the quiet one."""
    quiet = trials["start_ns"] + trials["wall_ns"] < started
    after = trials["start_ns"] > running
    marked = trials["disturbed_by"].notna()
    walls = trials.pivot_table(index="block", columns="kind", values="wall_ns")
    whole = walls.loc[sorted(set(trials["block"][quiet | after]))]
    before = walls.loc[sorted(set(trials["block"][quiet]) - set(trials["block"][~quiet]))]
    true = (before["serial"] / before["parallel"]).median()
    paired = (whole["serial"] / whole["parallel"]).median()
    late = trials[after & trials["kind"].eq("parallel")]["wall_ns"].median()
    return {
        "quiet trials": quiet.sum(),
        "of these marked": marked[quiet].mean(),
        "disturbed trials": after.sum(),
        "of these marked ": marked[after].mean(),
        "quiet speedup": true,
        "paired moved by": paired / true - 1,
        "unpaired moved by": before["serial"].median() / late / true - 1,
    }


def measure(repetitions: int) -> pd.DataFrame:
    """Return one row per run."""
    rows = []
    with TemporaryDirectory() as base, one_cpu():
        for repetition in range(repetitions):
            for name, knobs in CASES.items():
                folder = Path(base, f"{name.split(',')[0]}-{repetition}")
                rows.append({"case": name, **judge(*disturbed_run(folder, knobs))})
    return pd.DataFrame(rows)


def are_right(found: pd.DataFrame) -> bool:
    """Return whether every bound holds, over all trials of all runs of each case."""
    good = True
    for _, runs in found.groupby("case"):
        mistaken = (runs["of these marked"] * runs["quiet trials"]).sum() / runs["quiet trials"].sum()
        marked = (runs["of these marked "] * runs["disturbed trials"]).sum() / runs["disturbed trials"].sum()
        moved = runs["paired moved by"].abs().median() / runs["unpaired moved by"].abs().median()
        good = good and bool(marked >= MARKED and mistaken <= MISTAKEN and moved < MOVED)
    return good


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    found = measure(parser.parse_args().repetitions)
    print(machine())
    print(found.to_string(index=False, float_format="{:.3f}".format))
    good = are_right(found)
    print(f"marked correctly, and the paired speedup holds: {'yes' if good else 'no'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

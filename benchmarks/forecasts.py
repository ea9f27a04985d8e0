"""How long sweeps take beside what they said they would, for functions as people bring them and for our own tasks.

    python -m benchmarks.forecasts [--only NAME,...] [override ...]

The forecast is the one on the screen before the first run; the time is that from the first run to the end. Where the
rounds end by a rule, the forecast is a range, and only what lies outside of it counts as an error. Exits with 1 if a
sweep took more than 1.5 times as long, or less than two thirds.
"""

from __future__ import annotations

import argparse
import re
import sys
from datetime import datetime
from pathlib import Path

import pandas as pd

from benchmarks.sweeps import machine, swept
from breakeven.base.events import read_events
from breakeven.base.layout import SweepPaths

BOUND = 1.5
_HERE = "workload=function", "model=thread,process", "workers=2"
SWEEPS = {
    "json": (
        *_HERE,
        "workload.target=benchmarks.newcomers:parse",
        "workload.make_input=benchmarks.newcomers:records",
        "payload=1MiB",
    ),
    "filter": (
        *_HERE,
        "workload.target=benchmarks.newcomers:blur",
        "workload.make_input=benchmarks.newcomers:image",
        "payload=256KiB",
    ),
    "http": (*_HERE, "workload.target=benchmarks.newcomers:fetch"),
    "group": (
        *_HERE,
        "workload.target=benchmarks.newcomers:group",
        "workload.make_input=benchmarks.newcomers:rows",
        "payload=1MiB",
    ),
    "spin": ("model=thread,process", "workers=1,2", "task=10ms"),
    "spawn": ("model=process,process_pool", "model.start_method=spawn,forkserver", "workers=2"),
    "pingpong": ("pattern=pingpong", "model=process", "workers=1", "ipc=pipe,queue", "payload=64B,64KiB"),
}
_RANGE = re.compile(r"(?:about|between) (\d+:[\d:]+)(?: and (\d+:[\d:]+))?")


def seconds(clock: str) -> int:
    """Return the seconds of a time such as ``1:05``."""
    total = 0
    for part in clock.split(":"):
        total = 60 * total + int(part)
    return total


def forecast(said: str) -> tuple[int, int]:
    """Return the least and the most seconds that a sweep said it takes."""
    found = _RANGE.search(said)
    if found is None:
        raise RuntimeError(f"no forecast in:\n{said}")
    return seconds(found[1]), seconds(found[2] or found[1])


def taken(folder: Path) -> float:
    """Return the seconds from the first run of a sweep to its end."""
    events = read_events(SweepPaths(folder).events)
    began = next(event["at"] for event in events if event["event"] == "run_began")
    return (datetime.fromisoformat(events[-1]["at"]) - datetime.fromisoformat(began)).total_seconds()


def ratio(took: float, least: float, most: float) -> float:
    """Return how many times as long as forecast a sweep took; 1 within the range."""
    return took / min(max(took, least), most)


def main() -> int:
    """Measure, compare, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=",".join(SWEEPS))
    options, overrides = parser.parse_known_args()
    table = []
    for name in options.only.split(","):
        with swept(*SWEEPS[name], "rounds=2", "progress=lines", *overrides) as folder:
            least, most = forecast(folder.with_suffix(".txt").read_text())
            took = taken(folder)
        table.append((name, least, most, took, ratio(took, least, most)))
    frame = pd.DataFrame(table, columns=["sweep", "least_s", "most_s", "took_s", "ratio"])
    print(machine())
    print(frame.to_string(index=False, float_format="{:.2f}".format))
    found = frame["ratio"]
    good = bool(found.between(1 / BOUND, BOUND).all())
    print(
        f"took / forecast: {found.min():.2f} to {found.max():.2f}, median {found.median():.2f}; "
        f"within a factor of {BOUND}: {'yes' if good else 'no'}"
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

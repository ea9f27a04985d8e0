"""Whether an interpreter that was started ahead of its run measures anything else than one started for it.

    python -m benchmarks.started_ahead [--rounds 60] [--seed 1]

Each cell has so many rounds in random order; a coin decides for each run whether its interpreter starts while the
last result is digested, as in a sweep, or when its turn comes. The table shows the ratio of the geometric means of
both, with a 95 % interval (Student's, of two independent samples of logarithms). Exits with 1 if an interval lies
beyond 2 % on one side: then to start ahead would not be free.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from math import exp, log, sqrt
from pathlib import Path
from random import Random
from statistics import fmean, variance

from hydra import compose, initialize_config_dir
from scipy.stats import t as student

from benchmarks.sweeps import machine
from breakeven.runner.config.files import conf_folder
from breakeven.runner.engines import KINDS
from breakeven.runner.engines.local import Local
from breakeven.runner.hydra_app.compose import HYDRA_BASE, plain_config
from breakeven.runner.planning.decisions import own_measure
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin, Request
from breakeven.runner.planning.settling import settle
from breakeven.runner.sweep.calibrating import calibrate

MOST = 0.02
CELLS = (
    ("model=process", "ipc=pipe", "pattern=pingpong", "payload=64B", "affinity=compact"),
    ("model=process", "ipc=pipe", "workers=2", "tasks=40", "task=200us"),
    ("model=thread", "ipc=queue", "workers=2", "tasks=40", "task=200us"),
)

Values = dict[tuple[str, bool], list[float]]


def plan_cells(rounds: int, seed: int) -> Plan:
    """Return the runs of all cells, in random order."""
    common = (f"rounds={rounds}", f"seed={seed}", "sweep=started_ahead")
    with initialize_config_dir(str(conf_folder()), **HYDRA_BASE):
        requests = [Request(plain_config(compose("config", [*cell, *common])), cell) for cell in CELLS]
    return make_plan(requests, Origin(Path.cwd(), datetime.now(tz=UTC)), KINDS)


def measure(plan: Plan, engine: Local, random: Random) -> Values:
    """Make all runs; return their values by cell and by whether the interpreter was started ahead."""
    cells = {planned.cell_id for planned in plan.planned}
    settled = settle(plan, calibrate(plan, {}, cells, engine).known, {}, finally_=True)
    found: Values = defaultdict(list)
    ahead = False  # nothing comes before the first
    for run, following in zip(settled.runs, (*settled.runs[1:], None), strict=True):
        next_ahead = random.random() < 0.5  # noqa: PLR2004  # a coin
        engine.expect(following if next_ahead else None)
        row = engine.submit(run).result().row
        value = own_measure(row)
        if value is None:
            raise RuntimeError(f"a run ended {row['status']}: {row.get('reason')}")
        found[" ".join(run.overrides), ahead].append(log(value))
        ahead = next_ahead
    return found


def compare(found: Values) -> Iterator[tuple[str, float, float]]:
    """Yield each cell, the logarithm of the ratio of ahead to not ahead, and half the width of its interval."""
    for cell in dict.fromkeys(cell for cell, _ in found):
        ahead, after = found[cell, True], found[cell, False]
        error = sqrt(variance(ahead) / len(ahead) + variance(after) / len(after))
        half = float(student.ppf(0.975, min(len(ahead), len(after)) - 1)) * error
        yield cell, fmean(ahead) - fmean(after), half


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(machine())
    with closing(Local()) as engine:
        found = measure(plan_cells(asked.rounds, asked.seed), engine, Random(asked.seed))
    beyond = False
    for cell, ratio, half in compare(found):
        print(
            f"{cell:75} ahead / not: {exp(ratio):.3f}, from {exp(ratio - half):.3f} to {exp(ratio + half):.3f}"
        )
        beyond |= abs(ratio) - half > MOST
    return int(beyond)


if __name__ == "__main__":
    sys.exit(main())

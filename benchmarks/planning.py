"""The cost of planning a sweep, compared with Hydra's for composing as many configurations.

    python -m benchmarks.planning [--repetitions 5] [--sample 30] [--seed 1] [override ...]

In each repetition the whole grid is planned from its overrides to runs in order, as a sweep does it before
its first run, and Hydra composes a random sample of the same cells, one half of it before and one half after.
The share is the time of planning a cell over Hydra's mean time of composing one; `parse` is part of
`make_plan` and timed once more by itself. Memory is what tracemalloc counts in a plan of its own. Overrides
replace those of the grid of 10 000 cells. Exits with 1 if the median share is above 1/50.
"""

from __future__ import annotations

import argparse
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TypeVar

import pandas as pd
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig

from benchmarks.sweeps import machine
from breakeven.runner.config.cell import parse
from breakeven.runner.config.files import conf_folder
from breakeven.runner.engines import KINDS
from breakeven.runner.hydra_app.compose import HYDRA_BASE, Composer
from breakeven.runner.hydra_app.grid import expand
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin, Request

LIMIT = 1 / 50
GRID = (
    "model=thread,process",
    "pattern=map,pingpong",
    "workers=range(1,11)",
    "payload=64B,128B,256B,512B,1KiB,2KiB,4KiB,8KiB,16KiB,32KiB",
    "task=1ms,2ms,3ms,4ms,5ms,6ms,7ms,8ms,9ms,10ms,12ms,14ms,16ms,18ms,20ms,25ms,30ms,35ms,40ms,45ms,50ms,60ms,70ms,80ms,90ms",
)
STAGES = ("expand", "compose", "make_plan")
T = TypeVar("T")


@dataclass(frozen=True)
class Planner:
    """Plans a grid as the launcher does, with Hydra's own ``loader``."""

    loader: ConfigLoader
    master: DictConfig
    overrides: Sequence[str]

    def expand(self) -> list[list[str]]:
        """Return the overrides of every cell."""
        return expand(self.overrides, {}, [], self.loader)

    def compose(self, jobs: Sequence[Sequence[str]]) -> list[Request]:
        """Return the configuration of every cell."""
        return Composer(self.loader, self.master).compose_all(jobs)

    def make_plan(self, requests: Sequence[Request]) -> Plan:
        """Return the runs of all cells in order."""
        return make_plan(requests, Origin(Path.cwd(), datetime.now(tz=UTC)), KINDS)

    def by_hydra(self, jobs: Sequence[Sequence[str]]) -> None:
        """Compose cells one by one, as Hydra's own launchers do."""
        for job in jobs:
            self.loader.load_sweep_config(self.master, list(job))


@dataclass(frozen=True)
class Shares:
    """From the seconds of each repetition to times by cell in ms, and to what share of Hydra's time planning takes."""

    limit: float = LIMIT

    def __call__(self, seconds: pd.DataFrame) -> pd.DataFrame:
        """Return one row per repetition: ms a cell by stage, of a whole plan and of Hydra, and the share."""
        by_cell = 1000 * seconds[[*STAGES, "parse"]].div(seconds["cells"], axis=0)
        by_cell["plan"] = by_cell[[*STAGES]].sum(axis=1)
        by_cell["hydra"] = 1000 * seconds["hydra"] / seconds["sample"]
        return by_cell.assign(share=by_cell["plan"] / by_cell["hydra"])

    def reached(self, shares: pd.DataFrame) -> bool:
        """Return whether the median share is within the limit."""
        return bool(shares["share"].median() <= self.limit)


@contextmanager
def planner(overrides: Sequence[str]) -> Iterator[Planner]:
    """Provide the planner of a grid, with the configuration that a sweep starts from."""
    with initialize_config_dir(str(conf_folder()), **HYDRA_BASE):
        loader = GlobalHydra.instance().config_loader()
        yield Planner(loader, loader.load_configuration("config", [], RunMode.MULTIRUN), overrides)


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Do ``work``; return its result and the seconds it took."""
    began = perf_counter()
    done = work()
    return done, perf_counter() - began


def measure_once(planning: Planner, sample: int, random: Random) -> dict[str, float]:
    """Return the seconds of each stage for the whole grid, and of Hydra for ``sample`` cells of it."""
    cells = planning.expand()
    drawn = random.sample(cells, min(sample, len(cells)))
    half = len(drawn) // 2
    before = timed(lambda: planning.by_hydra(drawn[:half]))[1]
    jobs, expanding = timed(planning.expand)
    requests, composing = timed(lambda: planning.compose(jobs))
    making = timed(lambda: planning.make_plan(requests))[1]
    after = timed(lambda: planning.by_hydra(drawn[half:]))[1]
    return {
        "cells": len(jobs),
        "sample": len(drawn),
        "expand": expanding,
        "compose": composing,
        "make_plan": making,
        "parse": timed(lambda: [parse(request.plain) for request in requests])[1],
        "hydra": before + after,
    }


def peak_memory(planning: Planner) -> float:
    """Return the peak memory in bytes per cell while the grid is planned, including the plan."""
    jobs = planning.expand()
    tracemalloc.start()
    try:
        planning.make_plan(planning.compose(jobs))
        return tracemalloc.get_traced_memory()[1] / len(jobs)
    finally:
        tracemalloc.stop()


def show(shares: pd.DataFrame) -> None:
    """Print least, median and largest of every time, its part of the whole plan, and the share."""
    spread = shares.drop(columns="share").agg(["min", "median", "max"]).T
    spread["of plan"] = spread["median"] / spread["median"]["plan"]
    print(spread.rename_axis("ms a cell").to_string(float_format="{:.4f}".format))
    least, middle, most = shares["share"].agg(["min", "median", "max"])
    print(f"\nplanning a cell takes 1/{1 / middle:.0f} of the time in which Hydra composes one", end=" ")
    print(f"(least 1/{1 / least:.0f}, largest 1/{1 / most:.0f})")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--sample", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("override", nargs="*")
    return parser.parse_args()


def main() -> int:
    """Measure, print, judge."""
    asked = _arguments()
    random, judge = Random(asked.seed), Shares()
    print(machine())
    with planner(asked.override or GRID) as planning:
        rows = [measure_once(planning, asked.sample, random) for _ in range(asked.repetitions)]
        memory = peak_memory(planning)
    shares = judge(pd.DataFrame(rows))
    print(f"{rows[0]['cells']} cells, {asked.repetitions} repetitions\n")
    show(shares)
    print(f"at most {memory / 1024:.1f} KiB of memory a cell")
    return 0 if judge.reached(shares) else 1


if __name__ == "__main__":
    sys.exit(main())

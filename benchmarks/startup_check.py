"""Whether the start-up that we charge is that of a hand-written program.

    python -m benchmarks.startup_check [--repetitions 9] [--only process] [--methods fork,spawn] [--workers 1,2]
    [override ...]

Workers of every model and start method, one and two of them: a sweep of the lab as a user starts it (`startup_ns`: from
the first creation until the last worker was ready for its first task) beside `benchmarks/plain_start.py`, which shares
no line with it, and beside the same program as far along as the lab (``loaded``): with the same modules imported and
not used, and after 0.1 s of work. The larger a program is, the longer it takes to fork; and where the scheduler places
a new thread depends on what the program did before. A user's program has imported and done something as well. Each is a
fresh process; in every repetition the lab's sweep and one pass of either program take turns. Exits with 1 if a median
of the lab is off by more than 15 % from that of the hand-written program; the ratio to ``loaded`` says how much of that
these two explain.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import pandas as pd

from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load

BOUND = 0.15
LAB, HAND, LOADED = "lab", "hand", "loaded"
_CELL_MODULES = "breakeven.runner.cell"
_WORKED_S = "0.1"  # about as long as a measured process has until its workers start
_METHODS = ("fork", "forkserver", "spawn")
KINDS = (
    ("thread", ""),
    ("thread_pool", ""),
    *((model, method) for model in ("process", "process_pool", "mp_pool") for method in _METHODS),
)
_CELL = ("rounds=1", "workload=spin", "task=1ms", "tasks=4", "ipc=auto", "measure.max_time=10ms")
_KEY = ["model", "start_method", "workers"]


class Kind(NamedTuple):
    """What starts: the model, the start method of its processes if it has any, and how many workers."""

    model: str
    method: str
    workers: int


def kinds(only: str, methods: Sequence[str], workers: Sequence[int]) -> list[Kind]:
    """Return all that is compared, or one model alone; processes by these start methods."""
    return [
        Kind(model, method, count)
        for model, method in KINDS
        for count in workers
        if only in ("", model) and method in ("", *methods)
    ]


def by_hand(wanted: Sequence[Kind], *, loaded: bool) -> Iterator[tuple[str, str, int, float]]:
    """Yield the start-up of each kind in the plain program, in ns: until the last worker is ready by its own clock.

    If ``loaded``, it first imports the modules of the lab's that a measured process of this kind has, and works as
    long.
    """
    for kind in wanted:
        command = [sys.executable, str(ROOT / "benchmarks/plain_start.py")]
        arguments = [kind.model, kind.method or "-", str(kind.workers)]
        modules = [f"{_CELL_MODULES}.{name}" for name in ("entry", f"models.{kind.model}")]
        before = [_WORKED_S, *modules] if loaded else []
        said = subprocess.check_output(
            [*command, *arguments, *before], env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        yield (*kind, float(said.split()[0]))


def by_the_lab(wanted: Sequence[Kind], overrides: Sequence[str]) -> Iterator[tuple[str, str, int, float]]:
    """Yield the start-up of each kind as the lab stores it, in ns: one sweep for each group of models."""
    counts = ",".join(str(count) for count in sorted({kind.workers for kind in wanted}))
    for processes in (False, True):
        group = [kind for kind in wanted if bool(kind.method) is processes]
        if not group:
            continue
        models, methods = (dict.fromkeys(names) for names in list(zip(*group, strict=True))[:2])
        axes = [f"model={','.join(models)}", f"workers={counts}"]
        axes += [f"model.start_method={','.join(methods)}"] if processes else []
        with swept("hydra.mode=MULTIRUN", *_CELL, *axes, *overrides) as folder:
            runs = load(folder).runs.fillna({"start_method": ""})
            yield from runs[[*_KEY, "startup_ns"]].itertuples(index=False, name=None)


def measure(repetitions: int, wanted: Sequence[Kind], overrides: Sequence[str]) -> pd.DataFrame:
    """Return one row per start: kind, side, and start-up in ns."""
    rows = []
    for repetition in range(repetitions):
        found: dict[str, Callable[[], Iterator[tuple[str, str, int, float]]]] = {
            LAB: partial(by_the_lab, wanted, overrides),
            HAND: partial(by_hand, wanted, loaded=False),
            LOADED: partial(by_hand, wanted, loaded=True),
        }
        for by in sorted(found, reverse=bool(repetition % 2)):
            rows += [(*row[:3], by, row[3]) for row in found[by]()]
    return pd.DataFrame(rows, columns=[*_KEY, "by", "startup_ns"])


@dataclass(frozen=True)
class Agree:
    """Judge whether the lab's median is within ``bound`` of that of the plain program, and of the ``loaded`` one."""

    bound: float = BOUND

    def __call__(self, starts: pd.DataFrame) -> pd.DataFrame:
        """Return one row per kind: least, median and largest in ms, and the ratios of the medians, lab by program."""
        taken = starts.assign(ms=starts["startup_ns"] / 1e6)
        columns = {
            f"{by}_{name}": taken[taken["by"].eq(by)].groupby(_KEY, sort=False)["ms"].agg(name)
            for by in (LAB, HAND, LOADED)
            for name in ("min", "median", "max")
        }
        by_hand, ratio = (columns[f"{LAB}_median"] / columns[f"{by}_median"] for by in (HAND, LOADED))
        agree, as_loaded = ((each - 1).abs().le(self.bound) for each in (by_hand, ratio))
        found = pd.DataFrame(columns).assign(
            by_hand=by_hand, by_loaded=ratio, agree=agree, as_loaded=as_loaded
        )
        return found.reset_index()


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--only", default="", choices=["", *dict.fromkeys(model for model, _ in KINDS)])
    parser.add_argument("--methods", default=",".join(_METHODS))
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("override", nargs="*")
    asked = parser.parse_args()
    print(machine())
    counts = [int(count) for count in asked.workers.split(",")]
    wanted = kinds(asked.only, asked.methods.split(","), counts)
    found = Agree()(measure(asked.repetitions, wanted, asked.override))
    words = found[["agree", "as_loaded"]].replace({True: "yes", False: "no"})
    print(found.assign(**words).to_string(index=False, float_format="{:.2f}".format))
    print(
        f"load now {os.getloadavg()[0]:.2f}; of {len(found)}, within {BOUND:.0%}: {found['agree'].sum()} of the plain program, "
        f"{found['as_loaded'].sum()} of one that has imported and worked as much"
    )
    return 0 if found["agree"].all() else 1


if __name__ == "__main__":
    sys.exit(main())

"""Whether the advice for a function is right, beside the whole grid: `python -m benchmarks.advice`.

    python -m benchmarks.advice [--only primes,fetch] [--budget 60s] [--rounds 3] [--again 8] [--kept FILE] [override
    ...]

For each of the functions of `benchmarks.advised`: ``breakeven advise`` as a user types it; then the whole grid of the
same candidates, so many rounds each; then the choice and the best three of the grid once more, ``--again`` rounds side
by side in random order, which decides who is best: the best of forty that were measured a few times is partly lucky. A
choice is right if the best is no more than 10 % faster, by the medians of those rounds; with ``wrong`` it was decided
and is not. Exits with 1 if a decided race is wrong, or fewer than three quarters are decided in their budget. Results
are kept in a file at once, and the same command resumes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import pandas as pd
import yaml

from benchmarks.advised import ADVISED
from benchmarks.sweeps import finish, machine, start
from breakeven.analysis.advice import advise
from breakeven.analysis.frames.load import load

REGRET = 0.1
BEST = 3
_SHARE = 0.75
_RACE = ("hydra/sweeper=race", "+experiment=advise")


def work(name: str) -> tuple[str, ...]:
    """Return the overrides for a function."""
    inputs, others = ADVISED[name]
    target = name.removesuffix("1")
    return (
        "workload=function",
        f"workload.target=benchmarks.advised:{target}",
        f"workload.inputs=benchmarks.advised:{inputs}",
        "progress=quiet",
        *others,
    )


def sweep(folder: Path, *overrides: str) -> float:
    """Run a sweep and return the seconds that it took."""
    began = perf_counter()
    finish(start(folder, overrides), folder)
    return perf_counter() - began


def measured(name: str, options: argparse.Namespace, base: Path) -> dict[str, Any]:
    """Return what the race and the grid found for a function, and who is best."""
    race, grid, again = (base / f"{name}-{part}" for part in ("race", "grid", "again"))
    more = (*work(name), *options.overrides)
    took = sweep(race, *_RACE, *more, f"budget={options.budget}")
    raced = load(race)
    advice = advise(raced)
    if advice is None:
        raise RuntimeError(f"{race} is no race")
    grid_took = sweep(grid, "+experiment=advise", *more, f"rounds={options.rounds}", "budget=null")
    runs = _named(load(grid).runs)
    best = runs.groupby("way")["speedup"].median().nlargest(BEST)
    choice = None
    if advice.leader.cell_id is not None:
        choice = _named(raced.runs).set_index("cell_id")["way"].loc[[advice.leader.cell_id]].iloc[0]
    values = _again(again, {*best.index, *([choice] if choice else [])}, more, options)
    mine = values[choice] if choice else 1.0
    top = max([*values.values(), 1.0])
    return {
        "name": name,
        "call_ms": float(runs["task_measured_ns"].median()) / 1e6,
        "choice": advice.leader.name,
        "decided": advice.decided,
        "structure": advice.structure,
        "seconds": took,
        "runs": advice.runs,
        "candidates": len(advice.choices) - 1,
        "grid_runs": len(runs),
        "grid_seconds": grid_took,
        "speedup": mine,
        "best": top,
        "behind": 1 - mine / top,
    }


def _again(
    folder: Path, ways: set[str], more: Sequence[str], options: argparse.Namespace
) -> dict[str, float]:
    """Return the median speedup of some ways, measured side by side in a sweep of their own."""
    grids = ",".join(
        "{" + ",".join(f"{key}:{value}" for key, value in json.loads(way).items()) + "}"
        for way in sorted(ways)
    )
    same = ("precision=10%", "trial=24ms", "measure.max_time=400ms", "budget=null")
    sweep(folder, *more, *same, f"hydra.sweeper.grids=[{grids}]", f"rounds={options.again}")
    found = _named(load(folder).runs)
    return {str(way): float(median(values)) for way, values in found.groupby("way")["speedup"]}


def _named(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the good runs, each with its ``way``: cells of sweeps that differ in their rounds have no id in common."""
    good = runs[runs["status"].eq("ok")]
    return good.assign(way=good["config"].map(_way))


def _way(text: str) -> str:
    config = yaml.safe_load(text)
    model = config["model"]
    chunk = model.get("chunksize")
    way = {"model": model["name"], "workers": config["workers"], "ipc": config["ipc"]["name"]}
    return json.dumps(way | ({"model.chunksize": chunk} if isinstance(chunk, int) else {}))


def main() -> int:
    """Print a row for each function; return 1 if the advice is wrong or too rarely given."""
    parser = argparse.ArgumentParser(description="Whether the advice is right, beside the whole grid.")
    parser.add_argument("--only", default=",".join(ADVISED))
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--again", type=int, default=8)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_args()
    kept = {} if options.kept is None or not options.kept.exists() else json.loads(options.kept.read_text())
    print(machine())
    with TemporaryDirectory() as base:
        for name in options.only.split(","):
            if name not in kept:
                kept[name] = measured(name, options, Path(base))
                if options.kept is not None:
                    options.kept.write_text(json.dumps(kept, indent=1))
            print(_row(kept[name]), flush=True)
    wrong = [row for row in kept.values() if row["decided"] and row["behind"] > REGRET]
    decided = sum(row["decided"] for row in kept.values())
    print(f"{decided} of {len(kept)} decided, {len(wrong)} of them wrong")
    return int(bool(wrong) or decided < _SHARE * len(kept))


def _row(row: dict[str, Any]) -> str:
    return (
        f"{row['name']:13} {row['call_ms']:7.3f} ms  {'decided' if row['decided'] else 'open':8} {row['choice']:50} "
        f"{row['speedup']:5.2f}x of {row['best']:5.2f}x, {row['behind']:5.1%} behind, {row['runs']} of {row['grid_runs']} runs "
        f"({row['runs'] / row['grid_runs']:.0%}), {row['seconds']:.0f} of {row['grid_seconds']:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())

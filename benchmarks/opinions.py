"""Whether what the lab says of deadlocks and of oversubscription agrees with programs written by hand.

    python -m benchmarks.opinions [--repetitions 5] [--seed 1] [--only deadlock] [override ...]

Two processes and two threads that take two locks in either order, beside `benchmarks.plain_deadlock`; one and two
processes that multiply matrices with one and two threads of the native library each, beside `benchmarks.plain_matmul`.
Runs of both take turns in random order, each in fresh processes. Prints the medians of both and how far each differs in
itself: of deadlocks how many in a million pairs and the time of a pair, of products what two processes of two threads
do by what those of one do, since the lab counts tasks. Judges nothing: values that differ by themselves as much as both
do are as good as each other.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from random import Random

import pandas as pd

from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load

_THREADS = "OPENBLAS_NUM_THREADS"
_DEADLOCKS, _PAIR, _LEFT = "deadlocks_per_million", "pair_ns", "share left"
DEADLOCK, OVERSUBSCRIPTION = "deadlock", "oversubscription"

Values = dict[str, float]
Measure = Callable[[int, list[str]], Values]


def _said(*command: str, **environment: str) -> list[float]:
    """Return the numbers that a program printed."""
    done = subprocess.check_output([sys.executable, "-m", *command], cwd=ROOT, env=os.environ | environment)
    return [float(word) for word in done.split()]


def deadlocks_by_hand(model: str, order: str) -> Values:
    """Return what the program by hand found."""
    return dict(
        zip((_DEADLOCKS, _PAIR), _said("benchmarks.plain_deadlock", model, f"--order={order}"), strict=True)
    )


def deadlocks_by_the_lab(model: str, order: str, seed: int, overrides: list[str]) -> Values:
    """Return what one run observed: medians over its parallel trials."""
    cell = ("pattern=deadlock", f"pattern.order={order}", f"model={model}", "workers=2", "window=50ms")
    with swept(*cell, "rounds=1", f"seed={seed}", *overrides) as folder:
        found = load(folder).observed
        values = found[found["kind"].eq("parallel")].set_index("quantity")["value"]
        return {name: values[name] for name in (_DEADLOCKS, _PAIR)}


def oversubscribed_by_hand() -> Values:
    """Return the rate of two processes of two threads by that of two processes of one."""
    rates = [_said("benchmarks.plain_matmul", "2", **{_THREADS: threads})[0] for threads in ("2", "1")]
    return {_LEFT: rates[0] / rates[1]}


def oversubscribed_by_the_lab(seed: int, overrides: list[str]) -> Values:
    """Return the same of two cells of one sweep."""
    cell = ("workload=matmul", "model=process", "model.start_method=spawn", "workers=2", "task=4ms")
    with swept(*cell, f"environment.{_THREADS}=1,2", "rounds=1", f"seed={seed}", *overrides) as folder:
        runs = load(folder).runs
        rates = runs.set_index("variables")["throughput_per_s"].astype("float64")
        return {_LEFT: rates[f"{_THREADS}=2"] / rates[f"{_THREADS}=1"]}


def turns(random: Random, only: str, seed: int, overrides: list[str]) -> Iterator[tuple[str, str, Values]]:
    """Yield what was measured, by which side, and what it found: everything once in random order."""
    kinds = [
        (f"deadlock, {model}, {order} order", by, (model, order))
        for model, order in product(("process", "thread"), ("opposite", "same"))
        for by in ("lab", "hand")
        if only != OVERSUBSCRIPTION
    ]
    kinds += [(OVERSUBSCRIPTION, by, ("", "")) for by in ("lab", "hand") if only != DEADLOCK]
    for what, by, (model, order) in random.sample(kinds, len(kinds)):
        if what == OVERSUBSCRIPTION:
            found = oversubscribed_by_hand() if by == "hand" else oversubscribed_by_the_lab(seed, overrides)
        elif by == "hand":
            found = deadlocks_by_hand(model, order)
        else:
            found = deadlocks_by_the_lab(model, order, seed, overrides)
        yield what, by, found


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("", DEADLOCK, OVERSUBSCRIPTION), default="")
    parser.add_argument("overrides", nargs="*")
    asked = parser.parse_args()
    random, rows = Random(asked.seed), []
    for repetition in range(asked.repetitions):
        for what, by, found in turns(random, asked.only, asked.seed + repetition, asked.overrides):
            rows += [(what, name, by, value) for name, value in found.items()]
    print(machine())
    frame = pd.DataFrame(rows, columns=["what", "quantity", "by", "value"])
    table = frame.pivot_table(
        index=["what", "quantity"], columns="by", values="value", aggfunc=["min", "median", "max"]
    )
    print(table.to_string(float_format="{:.5g}".format))


if __name__ == "__main__":
    main()

"""Commands with a misbehaving function, each in surroundings of its own: no lock, memory or process is shared."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.faults.surroundings import how_to_be_alone, run_alone
from tests.commands import ROOT, changed, module, python_path
from tests.patience import SWEEPS_S

FAULTY = ROOT / "benchmarks" / "faulty.py"
RUNNER = shlex.join(module("runner"))
SHORT = (
    "workload=function model=process rounds=1 tasks=4 limits.time=30s measure.min_trials=2 measure.max_trials=2 "
    "measure.warmup=0 measure.max_warmup=0 measure.traced=1 measure.max_time=20ms"
)
NOTHING: dict[str, list[str]] = {"processes": [], "shared": []}

needs_namespaces = pytest.mark.skipif(
    not how_to_be_alone(),
    reason="needs namespaces of its own to mount what it fills: root, or user namespaces",
)


@dataclass(frozen=True)
class Done:
    """How a command ended, what it said, and what it left in its surroundings."""

    code: int
    said: str
    left: dict[str, list[str]]


def command(target: str, sweep: str, *more: str) -> str:
    """Return the command that measures a function of `benchmarks.faulty`, or several, as text for a shell."""
    targets = ",".join(f"faulty:{name}" for name in target.split(","))
    words = changed(shlex.split(SHORT), f"workload.target={targets}", f"sweep={sweep}", *more)
    return f"{RUNNER} {shlex.join(words)}"


def run(folder: Path, script: str) -> Done:
    """Run lines of a shell in a folder that holds the misbehaving functions."""
    shutil.copy(FAULTY, folder)
    done, left = run_alone(["sh", "-c", script], folder, {"PYTHONPATH": python_path()}, SWEEPS_S)
    return Done(done.returncode, done.stdout + done.stderr, left)


def rows(sweep: Path) -> pd.DataFrame:
    """Return the runs of a sweep, one row for each."""
    return pd.read_parquet(sweep / "runs")


def cut(path: Path) -> None:
    """Take the last byte of a file away."""
    path.write_bytes(path.read_bytes()[:-1])

"""Sweeps on clusters, and what they store, whatever the engine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd

from breakeven.analysis.frames.load import load
from breakeven.runner.environment.cgroup import own_groups
from tests.collaboration.host_runs import write_module

QUICK = (
    *("tasks=8", "task=200us", "measure.min_trials=2", "measure.max_trials=2", "measure.traced=1"),
    *("measure.warmup=0", "measure.max_warmup=0", "sweep=mine"),
)
SLOW = "\ndef work():\n    time.sleep(0.1)\n"
ENDINGS = """
import os, signal, sys

def exits():
    os._exit(3)

def dies():
    os.kill(os.getpid(), signal.SIGSEGV)

def hangs():
    while True:
        pass

def raises():
    raise ValueError("no such luck")

def eats():
    held = []
    while True:
        held.append(b"x" * 2**24)
"""
LIMITS = ("limits.time=30s", "limits.memory=400MiB")
"""Only a run that hangs takes as long: on a busy host, starting one takes seconds."""
_GROUPED = any(os.access(group, os.W_OK) for group in (*own_groups("memory")[:1], *own_groups("")[:2]))
STATUSES = {
    "mine:exits": "crashed",
    "mine:dies": "crashed",
    "mine:hangs": "timeout",
    "mine:raises": "failed",
    "mine:eats": "crashed" if _GROUPED else "failed",
}
"""How a run of each function of ENDINGS ends within LIMITS: the kernel kills one in a control group that takes too much memory."""


class Held:
    """Runs of a function in ``folder`` that do not end while it is held, wherever they are made."""

    def __init__(self, folder: Path) -> None:
        self._held, self._waiting = folder / "held", folder / "waiting"
        self._waiting.mkdir()
        write_module(folder, _WAITS.format(held=str(self._held), waiting=str(self._waiting)))

    def hold(self) -> None:
        """Let no run end from now on."""
        self._held.touch()

    def let_go(self) -> None:
        """Let them go on."""
        self._held.unlink()

    @property
    def waiting(self) -> int:
        """Return how many runs have been held so far."""
        return len(list(self._waiting.iterdir()))


_WAITS = """
NAME = random.random()

def work():
    time.sleep(0.1)
    while os.path.exists({held!r}):
        Path({waiting!r}, str(NAME)).touch()
        time.sleep(0.05)
"""


def runs_of(folder: Path, sweep: str = "mine") -> pd.DataFrame:
    """Return what a sweep stored."""
    return load(folder / "outputs" / sweep).runs


def stored(folder: Path, sweep: str = "mine") -> int:
    """Return how many runs a sweep has stored so far."""
    return len(list((folder / "outputs" / sweep).glob("runs/*")))


def nodes_changed(folder: Path) -> bool:
    """Return whether a sweep on two nodes knows that it has two again, of which one is another."""
    events = map(json.loads, (folder / "outputs" / "mine" / "events.jsonl").read_text().splitlines())
    nodes = [set(event["nodes"]) for event in events if event["event"] == "nodes_changed"]
    return (len(nodes[-1]), len(set().union(*nodes))) == (2, 3)


def spans_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Return when each run began and ended, in order."""
    begin = runs["started_at"].dt.as_unit("ns").astype("int64")
    return runs.assign(begin=begin, end=begin + runs["wall_ns"]).sort_values("begin")


def processes_in(folder: Path) -> list[int]:
    """Return the processes that work below ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            home = (process / "cwd").readlink()
        except OSError:  # it has ended
            continue
        if home.is_relative_to(folder) and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found

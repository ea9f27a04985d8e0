"""The sweep that is disturbed: how it is typed, and one launch of it, watched from outside."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.faults.surroundings import all_pids, command_of, fields_of
from benchmarks.sweeps import ROOT

CELLS = 10
PATIENCE_SECONDS = 180.0
_GRIDS = (
    "{model:thread,ipc:'queue,pipe'}",
    "{model:process,model.start_method:'fork,spawn',ipc:'queue,pipe,shared_memory'}",
    "{model:process_pool,model.start_method:'fork,spawn'}",
)
_SHORT = (
    *("tasks=4", "task=100us", "limits.time=3s", "retry_failed=true"),
    *("measure.min_trials=2", "measure.max_trials=2", "measure.warmup=0", "measure.max_warmup=0"),
    *("measure.traced=1", "measure.max_time=20ms"),
)
ONE_RUN = ("model=thread", "rounds=1", *_SHORT)
"""The overrides of a sweep of a single short run."""

SWEEP_BEGAN, SWEEP_ENDED, RUN_BEGAN, RUN_ENDED = "sweep_began", "sweep_ended", "run_began", "run_ended"
"""The events that are looked for: a check that asks for another word would never find anything."""

_MEASURED = str(Path("runner", "cell", "__main__.py"))
_TRACKER = "multiprocessing.resource_tracker"
_LOOK_SECONDS = 0.002
_ENOUGH_RUNS = 4


class Violated(Exception):
    """Raised when something did not hold that must; says what."""


def overrides(runs: int) -> list[str]:
    """Return the overrides of a sweep of so many short runs, over models and channels."""
    rounds, rest = divmod(runs, CELLS)
    if rest or not rounds:
        raise ValueError(f"--runs {runs}: there are {CELLS} cells; give a multiple of {CELLS}")
    return [f"hydra.sweeper.grids=[{','.join(_GRIDS)}]", f"rounds={rounds}", *_SHORT]


@dataclass(frozen=True)
class Pace:
    """How long a launch takes: until its first run, for each run, and for the summary; seconds."""

    start: float
    run: float
    rest: float

    def seconds(self, runs: int) -> float:
        """Estimate the length of a launch with so many runs to make."""
        return self.start + runs * self.run + self.rest

    def learnt(self, launch: Launch, seconds: float | None = None) -> Pace:
        """Return the pace of a launch that took so many seconds; what that does not tell stays as it was."""
        began = [_moment(event) for event in launch.events() if event["event"] == RUN_BEGAN]
        if len(began) < _ENOUGH_RUNS:
            return self
        start = began[0] - launch.began_at
        run = (began[-1] - began[0]) / (len(began) - 1)
        rest = self.rest if seconds is None else max(seconds - start - run * len(began), 0.0)
        return Pace(start, run, rest)


def _moment(event: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(event["at"]).timestamp()


class Launch:
    """A command that makes a sweep, in a session of its own."""

    def __init__(self, folder: Path, asked: Sequence[str], environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._events = folder / "events.jsonl"
        self._known = self._events.stat().st_size if self._events.exists() else 0
        self._said = folder.parents[1] / f"said-{time.time_ns()}.txt"
        self.began, self.began_at = time.perf_counter(), time.time()
        command = [sys.executable, "-m", "runner", f"outputs={folder.parent}", f"sweep={folder.name}"]
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [*command, *asked],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=ROOT,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the id of the runner's process, and of its group."""
        return self.process.pid

    @property
    def ended(self) -> bool:
        """Return whether it ended; raise Violated if it should have, long ago."""
        if self.process.poll() is not None:
            return True
        if time.perf_counter() - self.began > PATIENCE_SECONDS:
            raise self._endless()
        return False

    def wait(self, seconds: float) -> None:
        """Wait until so long after the start, or for the end."""
        with _unhurried():
            self.process.wait(max(self.began + seconds - time.perf_counter(), 0))

    def finish(self) -> int:
        """Wait for the end and give the exit code; raise Violated if it does not come."""
        with _unhurried():
            return self.process.wait(PATIENCE_SECONDS)
        raise self._endless()

    def _endless(self) -> Violated:
        return Violated(f"the launch did not end within {PATIENCE_SECONDS:g} s:\n{self.said()}")

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the runner."""
        self.process.send_signal(number)

    def said(self) -> str:
        """Return its output so far."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def events(self) -> list[dict[str, Any]]:
        """Return the events of this launch; raise Violated if a line other than a torn last one is no event."""
        try:
            with self._events.open("rb") as file:
                file.seek(self._known)
                data = file.read()
        except FileNotFoundError:
            return []
        return [_event(line) for line in data.split(b"\n")[:-1] if line]

    def measured(self) -> list[int]:
        """Return the measured process of the present run, if there is one."""
        return [pid for pid in children(self.pid) if _MEASURED in command_of(pid)]

    def workers(self) -> list[int]:
        """Return the worker processes of the present run."""
        found = [pid for leader in self.measured() for pid in children(leader)]
        return [pid for pid in found if _TRACKER not in command_of(pid)]

    def await_measured(self) -> list[int]:
        """Wait until there is a measured process, and give it; none where the launch ends before."""
        return self._await(self.measured)

    def await_workers(self) -> list[int]:
        """Wait until the present run has worker processes, and give them; none where the launch ends before."""
        return self._await(self.workers)

    def _await(self, look: Callable[[], list[int]]) -> list[int]:
        while not (found := look()) and not self.ended:
            time.sleep(_LOOK_SECONDS)
        return found


def children(parent: int) -> list[int]:
    """Return the processes whose parent has that id."""
    return [pid for pid in all_pids() if fields_of(pid)[1:2] == [str(parent)]]


@contextmanager
def _unhurried() -> Iterator[None]:
    try:
        yield
    except subprocess.TimeoutExpired:
        return


def _event(line: bytes) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise Violated(f"events.jsonl holds a line that is no event: {line!r}") from error
    return told

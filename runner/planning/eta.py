"""Estimate how long runs will take, at first from their knobs, then from finished runs.

A run consists of its process, the warm-up, and pairs of trials until a rule or the time limit ends them. If
the work is calibrated, the knobs alone give the length of the trials. The time that finished runs took
corrects the estimate by a ratio, separately for each kind of run (the ratio estimator of Cochran, *Sampling
Techniques*, 1977, chapter 6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from breakeven.runner.cell.warmup import WINDOW
from breakeven.runner.config.cell import Cell
from breakeven.runner.environment import cpu_count
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan

_PROCESS_NS = 60_000_000  # start, imports, calibration, exit and storing of one run
_BLOCK_NS = (
    3_000_000  # synchronizing the workers and reading the kernel's counters, around the trials of a block
)
_SPAWNED_NS = 60_000_000  # starting a worker as a fresh interpreter
_MESSAGE_NS = 60_000  # a round trip, without its payload
_BYTES_PER_NS = 1.0  # copying a payload out and back
_UNKNOWN_TASK_NS = 1_000_000  # the user's function, before its first run

Kind = tuple[str, str, str, int]


def expected_ns(cell: Cell, cpus: int) -> float:
    """Return the expected duration of one run from its knobs alone, in ns."""
    measure = cell.measure
    serial, parallel = _trials_ns(cell, cpus)
    block = serial + parallel + _BLOCK_NS
    least = max(measure.min_trials, min(WINDOW, measure.max_trials)) * block
    measured = max(least, min(measure.max_time_ns, measure.max_trials * block))
    traced = measure.traced * parallel if measured == least else 0.0  # otherwise max_time covers them
    return _PROCESS_NS + _workers_ns(cell, cpus) + measure.warmup * block + measured + traced


def _trials_ns(cell: Cell, cpus: int) -> tuple[float, float]:
    """Return the expected durations of a serial and a parallel trial."""
    if cell.pattern == "window":
        return cell.window_ns, cell.window_ns
    size = (cell.payload_bytes + cell.payload_out_bytes) / _BYTES_PER_NS
    if cell.pattern == "pingpong":
        return cell.tasks * size / 10, cell.tasks * (_MESSAGE_NS + size)
    tasks = cell.tasks or max(round(cell.trial_ns / _UNKNOWN_TASK_NS), 1)
    serial = cell.tasks * (cell.task_ns or _UNKNOWN_TASK_NS) or cell.trial_ns
    return serial, serial / _at_once(cell, cpus) + tasks * (_MESSAGE_NS / 2 + size)


def _at_once(cell: Cell, cpus: int) -> int:
    """Return how many tasks run at the same time; one for each worker if they need neither CPU nor GIL."""
    if cell.workload == "sleep":
        return cell.workers
    return min(cell.workers, cpus) if "process" in cell.model or cell.model == "mp_pool" else 1


def _workers_ns(cell: Cell, cpus: int) -> float:
    fresh = cell.start_method in ("spawn", "forkserver")
    return _SPAWNED_NS * cell.workers / min(cell.workers, cpus) if fresh else 0.0


@dataclass
class Eta:
    """The time left for waiting runs, corrected by finished ones, in constant time and memory."""

    cpus: int = field(default_factory=cpu_count)
    _waiting: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))
    _expected: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))
    _taken: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, cells: Iterable[Cell]) -> None:
        """Add a waiting run for each of ``cells``."""
        for cell in cells:
            self._waiting[_kind(cell)] += expected_ns(cell, self.cpus)

    def learn(self, cell: Cell, wall_ns: float) -> None:
        """Record how long a run of ``cell`` took."""
        self._expected[_kind(cell)] += expected_ns(cell, self.cpus)
        self._taken[_kind(cell)] += wall_ns

    def ended(self, cell: Cell, wall_ns: float) -> None:
        """Record that a waiting run has ended after ``wall_ns``."""
        kind = _kind(cell)
        self._waiting[kind] = max(self._waiting[kind] - expected_ns(cell, self.cpus), 0.0)
        self.learn(cell, wall_ns)

    def expected(self, cell: Cell, runs: float = 1) -> tuple[Kind, float]:
        """Return the kind of ``cell``, and how long ``runs`` of it take by its knobs alone, in ns."""
        return _kind(cell), runs * expected_ns(cell, self.cpus)

    def seconds(self, expected: Mapping[Kind, float]) -> float:
        """Return the seconds that runs take of which the knobs alone promise so many ns for each kind."""
        overall = _ratio(sum(self._taken.values()), sum(self._expected.values()), 1.0)
        left = sum(
            time * _ratio(self._taken.get(kind, 0.0), self._expected.get(kind, 0.0), overall)
            for kind, time in expected.items()
        )
        return max(left, 0.0) / 1e9

    @property
    def seconds_left(self) -> float:
        """Return the seconds that the waiting runs will take."""
        return self.seconds(self._waiting)


def estimate(plan: Plan, pending: Pending, stored: Stored) -> Eta:
    """Return the estimate for the waiting runs, corrected by the plan's stored runs that are ok."""
    eta = Eta()
    for run in plan.runs:
        row = stored.get(run.key)
        if row is not None and row["status"] == "ok":
            eta.learn(run.cell, row["wall_ns"])
    eta.add(run.cell for run in pending.waiting)
    return eta


def _ratio(taken: float, expected: float, otherwise: float) -> float:
    return taken / expected if expected else otherwise


def _kind(cell: Cell) -> Kind:
    """Return a key for runs of one kind: the expected duration of each kind is off by a factor of its own."""
    return cell.pattern, cell.workload, cell.model, cell.workers

"""Estimate how long runs will take, at first from their knobs and the known length of a task, then from finished runs.

A run consists of its process, the first calls of a user's function, the warm-up, and pairs of trials until a rule or
the time limit ends them. The time that finished runs took corrects the estimate by a ratio, separately for each kind of
run (the ratio estimator of Cochran, *Sampling Techniques*, 1977, chapter 6).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from breakeven.base.patterns import ECHOES
from breakeven.runner.cell.bound import Costs, fit
from breakeven.runner.cell.calibration import Calls
from breakeven.runner.cell.specification import Rules
from breakeven.runner.config.cell import Cell
from breakeven.runner.environment import cpu_count
from breakeven.runner.planning.calibration import Calibration
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.tasks import WAITS

_PROCESS_NS = 60_000_000  # start, imports, calibration, exit and storing of one run
_BLOCK_NS = (
    3_000_000  # synchronizing the workers and reading the kernel's counters, around the trials of a block
)
_SPAWNED_NS = 60_000_000  # starting a worker as a fresh interpreter
_MESSAGE_NS = 60_000  # a round trip, without its payload
_SENT_NS = 16_000  # one of many messages that go one way
_BYTES_PER_NS = 1.0  # copying a payload out and back
_UNKNOWN_TASK_NS = 1_000_000  # the user's function, if it could not be called before its first run
_MAY_SHARE = 0.5  # how far threads come from one to all CPUs: nobody knows whether a function holds the GIL

Kind = tuple[str, ...]


class Timed(Protocol):
    """A run, or a cell of which there will be runs."""

    @property
    def cell(self) -> Cell:
        """Return the cell."""

    @property
    def calibration(self) -> Calibration | None:
        """Return what is known of its task; None before it is."""


def expected_ns(about: Timed, cpus: int) -> float:
    """Return the expected duration of one run, without what finished runs show, in ns."""
    cell, calls = about.cell, _calls(about)
    trials = _trials_ns(about, cpus)
    return (
        _PROCESS_NS + _workers_ns(cell, cpus, calls) + _first_calls_ns(about, cpus) + _series_ns(cell, trials)
    )


def _series_ns(cell: Cell, trials: tuple[float, float]) -> float:
    """Return the time of warm-up, pairs and traced trials, which keep within their bound as the run itself will."""
    measure, block = cell.measure, sum(trials) + _BLOCK_NS
    left = measure.max_time_ns - measure.warmup * block
    costs = Costs(block, trials[1])
    share = fit(Rules(**vars(measure), least_traced=0), left, costs)
    pairs = share.pairs * block
    if share.pairs == measure.min_trials:  # then they go on until a rule or the time ends them
        pairs = max(pairs, min(left - share.traced * costs.traced_ns, measure.max_trials * block))
    return measure.warmup * block + pairs + share.traced * costs.traced_ns


def _calls(about: Timed) -> Calls | None:
    return None if about.calibration is None else about.calibration.calls


def _length_ns(about: Timed) -> float:
    """Return the length of a task; 0 if it is not known yet."""
    if about.cell.task_ns:
        return about.cell.task_ns
    return 0 if about.calibration is None else about.calibration.measured_ns


def _trials_ns(about: Timed, cpus: int) -> tuple[float, float]:
    """Return the expected durations of a serial and a parallel trial."""
    cell, calls = about.cell, _calls(about)
    length = _length_ns(about)
    if cell.window_ns:  # whose last call ends after it
        return (cell.window_ns + length / 2,) * 2
    size = (
        cell.payload_bytes + cell.payload_out_bytes if calls is None else calls.largest_bytes
    ) / _BYTES_PER_NS
    if cell.pattern == "stream":
        slower = _slower(cell.pattern_options.get("load"), _SENT_NS + size / 2)
        return cell.tasks * size / 20, cell.tasks * slower
    if cell.pattern in ECHOES:
        return cell.tasks * size / 10, cell.tasks * (_MESSAGE_NS + size)
    tasks = cell.tasks or max(round(cell.trial_ns / _UNKNOWN_TASK_NS), 1)
    serial = cell.tasks * (length or _UNKNOWN_TASK_NS) or cell.trial_ns
    return serial, serial / _at_once(cell, cpus, calls) + tasks * (_MESSAGE_NS / 2 + size)


def _slower(load: float | None, message_ns: float) -> float:
    """Return the time from one message of a stream to the next, given what it takes at saturation."""
    if load is None:
        return message_ns
    return message_ns / load if load <= 1 else max(1e9 / load, message_ns)


def _at_once(cell: Cell, cpus: int, calls: Calls | None) -> float:
    """Return how many tasks run at the same time; one for each worker if they need neither CPU nor GIL."""
    if cell.workload == "sleep" or (calls is not None and calls.cpus < WAITS):
        return cell.workers
    most = min(cell.workers, max(cpus / max(calls.cpus if calls is not None else 1.0, 1.0), 1.0))
    if "process" in cell.model or cell.model == "mp_pool":
        return most
    return 1 if calls is None else 1 + _MAY_SHARE * (most - 1)


def _workers_ns(cell: Cell, cpus: int, calls: Calls | None) -> float:
    """Return the time to start the workers; fresh interpreters import the function each."""
    if cell.start_method not in ("spawn", "forkserver"):
        return 0.0
    each = _SPAWNED_NS + (0 if calls is None else calls.import_ns)
    return each * cell.workers / min(cell.workers, cpus)


def _first_calls_ns(about: Timed, cpus: int) -> float:
    """Return the time until a user's function was called for the first times, and fills its caches in each process.

    Before a fork these calls are made apart, so that the parent makes them again.
    """
    calls, cell, length = _calls(about), about.cell, _length_ns(about)
    if calls is None:
        return 0.0
    inputs = cell.take or calls.inputs
    extra = max(calls.first_ns - length, 0.0) * inputs
    apart, fresh = cell.start_method == "fork", cell.start_method is not None
    everywhere = extra * (1 + apart + fresh * -(-cell.workers // cpus))
    return calls.import_ns + calls.inputs_ns + 2 * inputs * length + everywhere


@dataclass
class Eta:
    """The time left for waiting runs, corrected by finished ones, in constant time and memory."""

    cpus: int = field(default_factory=cpu_count)
    _waiting: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))
    _expected: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))
    _taken: dict[Kind, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, runs: Iterable[Timed]) -> None:
        """Add waiting ``runs``."""
        for run in runs:
            self._waiting[_kind(run.cell)] += expected_ns(run, self.cpus)

    def learn(self, run: Timed, wall_ns: float) -> None:
        """Record how long a run took."""
        self._expected[_kind(run.cell)] += expected_ns(run, self.cpus)
        self._taken[_kind(run.cell)] += wall_ns

    def ended(self, run: Timed, wall_ns: float) -> None:
        """Record that a waiting run has ended after ``wall_ns``."""
        kind = _kind(run.cell)
        self._waiting[kind] = max(self._waiting[kind] - expected_ns(run, self.cpus), 0.0)
        self.learn(run, wall_ns)

    def expected(self, about: Timed, runs: float = 1) -> tuple[Kind, float]:
        """Return the kind of a run, and how long ``runs`` of it take without what finished ones show, in ns."""
        return _kind(about.cell), runs * expected_ns(about, self.cpus)

    def seconds(self, expected: Mapping[Kind, float]) -> float:
        """Return the seconds that runs take of which `expected` promises so many ns for each kind."""
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
    """Return the estimate for the waiting runs, corrected by all stored runs of the plan's cells that are ok."""
    eta = Eta()
    for run in (*plan.runs, *plan.later_among(stored)):
        row = stored.get(run.key)
        if row is not None and row["status"] == "ok":
            eta.learn(run, row["wall_ns"])
    eta.add(pending.waiting)
    return eta


def _ratio(taken: float, expected: float, otherwise: float) -> float:
    return taken / expected if expected else otherwise


def _kind(cell: Cell) -> Kind:
    """Return a key for runs of one kind: the expected duration of each kind is off by a factor of its own."""
    target = str(cell.workload_options.get("target", ""))
    return (
        cell.pattern,
        cell.workload,
        target,
        str(cell.payload_bytes if target else ""),
        cell.model,
        str(cell.workers),
    )

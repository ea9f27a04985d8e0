"""Collects what a run stores of its trials: their rows, their activity, and the marks of traced ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Optional, TypeVar

from .board import COMPUTED, DROPPED, THREAD, Board
from .intervals import LEVEL, clustered_interval, percentile
from .patterns._abc import Outcome
from .placement import Look, Seat, seats, share_of_crowded, share_with_parent
from .reference import Reference
from .result import ActivityRecord, LaneRecord, ObservationRecord, RoundTrips, TrialRecord
from .sampling import PARALLEL, SERIAL, TRACED, Trial
from .stopping import reported_level
from .trace import clear, count_marks

T = TypeVar("T")


class Recording:
    """Takes trials one by one and writes their marks out as they come.

    Only at the end is it known which blocks were warm-up: the first ``dropped``.
    """

    def __init__(self, board: Board, trace: BinaryIO) -> None:
        self.board = board
        self.trace = trace
        self.activity: list[ActivityRecord] = []
        self.observations: list[ObservationRecord] = []
        self._trials: list[TrialRecord] = []
        self._lanes: list[LaneRecord] = []
        self._latencies: list[Sequence[int]] = []  # of each trial
        self._looks: list[tuple[Look, ...]] = []  # of each trial

    def keep(self, trial: Trial, reference: Reference) -> None:
        """Record one trial, between two trials, so that it costs no measured time."""
        self._trials.append(describe(trial, (reference.bytes_in or 0) + (reference.bytes_back or 0)))
        for worker, calls in enumerate(trial.outcome.activity):
            self.activity.append(ActivityRecord(trial.number, worker, calls))
        for quantity, value, worker in trial.outcome.observations:
            self.observations.append(ObservationRecord(trial.number, worker, quantity, float(value)))
        self._latencies.append(trial.outcome.latencies_ns)
        self._looks.append(trial.looks)
        if trial.kind == TRACED:
            self._keep_lanes(trial.number, trial.outcome)

    def _keep_lanes(self, number: int, outcome: Outcome) -> None:
        workers = self.board.geometry.workers
        for place in range(self.board.geometry.lanes):
            lane = self.board.lane(place)
            marks, computed = count_marks(lane), lane.header[COMPUTED]
            offset = self.trace.tell()
            self.trace.write(lane.stamps[:marks])
            self.trace.write(bytes(lane.codes[:marks]) + bytes(-marks % 8))
            self.trace.write(lane.tasks[: 2 * computed])
            worker = workers if place == self.board.geometry.lanes - 1 else place % (workers + 1)
            self._lanes.append(
                LaneRecord(
                    trial=number,
                    start_ns=outcome.start_ns,
                    end_ns=outcome.end_ns,
                    worker=worker if worker < workers else -1,
                    feeder=place > workers,
                    thread_id=lane.header[THREAD],
                    offset=offset,
                    marks=marks,
                    tasks=computed,
                    dropped=lane.header[DROPPED],
                )
            )
            clear(lane, marks)

    def trials(self, dropped: int) -> tuple[TrialRecord, ...]:
        """Return all trials, with those of warm-up marked."""
        return tuple(trial._replace(warmup=trial.block < dropped) for trial in self._trials)

    def lanes(self, dropped: int) -> tuple[LaneRecord, ...]:
        """Return the lanes of the trials after warm-up."""
        return tuple(lane for lane in self._lanes if self._trials[lane.trial].block >= dropped)

    def round_trips(self, dropped: int, *, by_rule: bool) -> RoundTrips:
        """Return the percentiles of all round trips in untraced trials after warm-up, and the median copy.

        ``by_rule``: the trials ended because their interval was narrow.
        """
        copies = list(chain.from_iterable(self._timed(SERIAL, dropped)))
        trips = list(self._timed(PARALLEL, dropped))
        level = reported_level(len(trips), by_rule=by_rule)  # the rule watched medians, not tails
        copy = percentile(copies, 0.5) if copies else None
        return RoundTrips(copy, *_share(trips, 0.5, level), *_share(trips, 0.99, LEVEL))

    def seats(self, dropped: int) -> list[Seat]:
        """Return where each worker was in the untraced parallel trials after warm-up, then where the parent was."""
        return seats([look for looks in self._of(PARALLEL, dropped, self._looks) for look in looks])

    def _timed(self, kind: str, dropped: int) -> Iterator[Sequence[int]]:
        """Yield the latencies of each untraced trial of a kind after warm-up."""
        return self._of(kind, dropped, self._latencies)

    def _of(self, kind: str, dropped: int, parts: Sequence[T]) -> Iterator[T]:
        """Yield the part of each untraced trial of a kind after warm-up."""
        for trial, part in zip(self._trials, parts):
            if trial.kind == kind and trial.block >= dropped and not trial.traced:
                yield part


def _share(trips: list[Sequence[int]], share: float, level: float) -> tuple[Optional[int], ...]:
    """Return a percentile of all round trips and the ends of its interval; None if there are too few."""
    found = list(chain.from_iterable(trips))
    low, high = clustered_interval(trips, share, level) or (None, None)
    return (
        percentile(found, share) if found else None,
        None if low is None else int(low),
        None if high is None else int(high),
    )


def describe(trial: Trial, bytes_per_task: int) -> TrialRecord:
    """Return the stored record of a trial."""
    outcome, counts = trial.outcome, trial.counts
    latencies = list(outcome.latencies_ns)
    return TrialRecord(
        trial=trial.number,
        block=trial.block,
        kind=SERIAL if trial.kind == SERIAL else PARALLEL,
        warmup=False,
        traced=trial.kind == TRACED,
        start_ns=outcome.start_ns,
        wall_ns=outcome.wall_ns,
        tasks=outcome.tasks,
        bytes=outcome.tasks * bytes_per_task,
        latency_p50_ns=percentile(latencies, 0.5) if latencies else None,
        latency_p99_ns=percentile(latencies, 0.99) if latencies else None,
        **counts.machine._asdict(),
        **counts.usage._asdict(),
        run_delay_ns=counts.run_delay_ns,
        longest_wait_ns=counts.longest_wait_ns,
        migrations=counts.migrations,
        other_cpu_ns=counts.other_cpu_ns,
        task_faults=counts.task_faults,
        same_cpu=share_with_parent(trial.looks),
        workers_same_cpu=share_of_crowded(trial.looks),
    )

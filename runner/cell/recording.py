"""What is kept of a run's trials: their rows, their activity, and the marks of traced ones."""

from __future__ import annotations

from itertools import chain
from typing import Any, BinaryIO, Optional

from .board import COMPUTED, DROPPED, THREAD, Board
from .intervals import LEVEL, clustered_interval
from .patterns._abc import Outcome
from .reference import Bench
from .sampling import PARALLEL, SERIAL, TRACED, Trial, percentile
from .stopping import reported_level
from .trace import clear, count_marks


class Recording:
    """Takes trials one by one and writes their marks out as they come.

    Which blocks were warm-up is known only at the end: `result` is told.
    """

    def __init__(self, board: Board, trace: BinaryIO) -> None:
        self.board = board
        self.trace = trace
        self.trials: list[dict[str, Any]] = []
        self.activity: list[dict[str, Any]] = []
        self.lanes: list[dict[str, Any]] = []
        self.latencies: dict[int, tuple[str, tuple[int, ...]]] = {}

    def keep(self, trial: Trial, bench: Bench) -> None:
        """Note one trial. The next one has not begun, so nothing here is timed."""
        self.trials.append(describe(trial, bench.bytes_in + bench.bytes_back))
        for worker, calls in enumerate(trial.outcome.activity):
            self.activity.append({"trial": trial.number, "worker": worker, "calls": calls})
        self.latencies[trial.number] = trial.kind, trial.outcome.latencies_ns
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
            worker = place % (workers + 1)
            self.lanes.append(
                {
                    "trial": number,
                    "start_ns": outcome.start_ns,
                    "end_ns": outcome.end_ns,
                    "worker": worker if worker < workers else -1,
                    "feeder": place > workers,
                    "thread_id": lane.header[THREAD],
                    "offset": offset,
                    "marks": marks,
                    "tasks": computed,
                    "dropped": lane.header[DROPPED],
                }
            )
            clear(lane, marks)

    def result(self, dropped: int, *, by_rule: bool) -> dict[str, Any]:
        """Give all but the trace, the first ``dropped`` blocks marked as warm-up; of these, no lanes.

        ``by_rule`` says that the trials ended because their interval was narrow.
        """
        trials = [{**trial, "warmup": trial["block"] < dropped} for trial in self.trials]
        timed = {trial["trial"] for trial in trials if not trial["warmup"]}
        return {
            "trials": trials,
            "activity": self.activity,
            "lanes": [lane for lane in self.lanes if lane["trial"] in timed],
            **self._latencies(timed, by_rule=by_rule),
        }

    def _latencies(self, timed: set[int], *, by_rule: bool) -> dict[str, Optional[int]]:
        """Give the percentiles of all round trips of the untraced trials, and the median copy."""
        kinds: dict[str, list[tuple[int, ...]]] = {SERIAL: [], PARALLEL: [], TRACED: []}
        for number, (kind, latencies) in self.latencies.items():
            if number in timed:
                kinds[kind].append(latencies)
        copies, found = (list(chain.from_iterable(kinds[kind])) for kind in (SERIAL, PARALLEL))
        told: dict[str, Optional[int]] = {"copy_p50_ns": percentile(copies, 0.5) if copies else None}
        level = reported_level(len(kinds[PARALLEL]), by_rule=by_rule)  # the rule watched medians, not tails
        for name, share, claimed in (("latency_p50", 0.5, level), ("latency_p99", 0.99, LEVEL)):
            ends = clustered_interval(kinds[PARALLEL], share, claimed)
            told[f"{name}_ns"] = percentile(found, share) if found else None
            told[f"{name}_low_ns"], told[f"{name}_high_ns"] = map(int, ends) if ends else (None, None)
        return told


def describe(trial: Trial, bytes_per_task: int) -> dict[str, Any]:
    """Give a trial as what is stored of it."""
    outcome = trial.outcome
    latencies = list(outcome.latencies_ns)
    return {
        "trial": trial.number,
        "block": trial.block,
        "kind": SERIAL if trial.kind == SERIAL else PARALLEL,
        "traced": trial.kind == TRACED,
        "start_ns": outcome.start_ns,
        "wall_ns": outcome.end_ns - outcome.start_ns,
        "tasks": outcome.tasks,
        "bytes": outcome.tasks * bytes_per_task,
        "latency_p50_ns": percentile(latencies, 0.5) if latencies else None,
        "latency_p99_ns": percentile(latencies, 0.99) if latencies else None,
        **trial.counts,
    }

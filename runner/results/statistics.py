"""The columns of `runs` that summarise a run's trials: medians, with intervals for this process only.

The analysis reads these columns and combines those of several rounds; it does not recompute them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from breakeven.runner.cell.intervals import median_interval
from breakeven.runner.cell.result import TrialRecord
from breakeven.runner.cell.sampling import PARALLEL, SERIAL, TRACED
from breakeven.runner.cell.stopping import reported_interval

Block = Mapping[str, TrialRecord]
Columns = dict[str, Any]


@dataclass(frozen=True)
class Statistics:
    """Summarises the trials of one run.

    ``by_rule`` is true if the trials ended because their interval was narrow, which makes the reported ones
    wider.
    """

    by_rule: bool

    def __call__(self, trials: Sequence[TrialRecord], *, startup_ns: int) -> Columns:
        """Return the columns of ``runs`` that follow from ``trials``, whose disturbances are filled in.

        ``startup_ns`` is the time to start and join the workers. Round trips have no speedup.
        """
        blocks = blocks_of(trials)
        parallel = [block[PARALLEL] for block in blocks]
        found = {
            "n_trials": len(blocks),
            "n_disturbed": sum(not _is_quiet(block) for block in blocks),
            **self.typical("throughput{}_per_s", [1e9 * _rate(trial) for trial in parallel]),
            **observer_effect(blocks),
            **per_task(parallel),
            **faults(blocks),
            **placement(parallel),
        }
        if any(trial.latency_p50_ns is not None for trial in parallel):
            return found
        counted = [block for block in blocks if block[SERIAL].tasks]
        return found | cpu_alone([block[SERIAL] for block in counted]) | self._speedup(counted, startup_ns)

    def typical(self, name: str, values: Sequence[float]) -> Columns:
        """Return the median of ``values`` and its interval; braces in ``name`` stand for ``_low``, ``_high``.

        Without values the result is empty; with too few, the interval is null.
        """
        if not values:
            return {}
        ends = reported_interval(values, by_rule=self.by_rule)
        return _with_ends(name, median(values), ends)

    def _speedup(self, blocks: Sequence[Block], startup_ns: int) -> Columns:
        """Return the speedups of the pairs; nothing if no serial trial completed a task."""
        if not blocks:
            return {}
        ratios = [_rate(block[PARALLEL]) / _rate(block[SERIAL]) for block in blocks]
        quiet = [ratio for ratio, block in zip(ratios, blocks, strict=True) if _is_quiet(block)]
        walls = [block[PARALLEL].wall_ns for block in blocks]
        started = [ratio * wall / (wall + startup_ns) for ratio, wall in zip(ratios, walls, strict=True)]
        return {
            "task_measured_ns": round(median(1 / _rate(block[SERIAL]) for block in blocks)),
            **self.typical("speedup{}", ratios),
            **self.typical("speedup_quiet{}", quiet),
            "speedup_with_startup": median(started),
        }


def per_task(parallel: Sequence[TrialRecord]) -> Columns:
    """Return page faults and CPU time a task, of parent and workers together; nothing if no trial completed a task."""
    counted = [trial for trial in parallel if trial.tasks]
    if not counted:
        return {}
    return {
        "faults_per_task": median(trial.minor_faults / trial.tasks for trial in counted),
        "cpu_per_task_ns": round(median(trial.cpu_ns / trial.tasks for trial in counted)),
    }


def faults(blocks: Sequence[Block]) -> Columns:
    """Return the page faults of a task alone and in a worker.

    Nothing for round trips, whose serial trials are no tasks.
    """
    if any(block[PARALLEL].latency_p50_ns is not None for block in blocks):
        return {}
    kinds = {"task_faults_alone": SERIAL, "task_faults": PARALLEL}
    found = {
        name: [block[kind].task_faults / block[kind].tasks for block in blocks if block[kind].tasks]
        for name, kind in kinds.items()
    }
    return {name: median(each) for name, each in found.items() if each}


def placement(parallel: Sequence[TrialRecord]) -> Columns:
    """Return the shares at which threads shared a CPU, the means over trials; nothing for what is not known."""
    shares = {
        "same_cpu": [trial.same_cpu for trial in parallel],
        "workers_same_cpu": [trial.workers_same_cpu for trial in parallel],
    }
    known = {name: [share for share in found if share is not None] for name, found in shares.items()}
    return {name: fmean(found) for name, found in known.items() if found}


def cpu_alone(serial: Sequence[TrialRecord]) -> Columns:
    """Return the CPU time of a task in serial trials, and the CPUs that they kept busy; nothing without trials.

    The calling thread counts for the timed part at most, less the time it was ready but had no CPU: checks besides
    are no tasks, and a busy machine would hide the other threads of the process.
    """
    could_run = [max(trial.wall_ns - (trial.run_delay_ns or 0), 1) for trial in serial]
    used = [
        min(trial.cpu_ns - trial.other_cpu_ns, limit) + trial.other_cpu_ns
        for trial, limit in zip(serial, could_run, strict=True)
    ]
    if not used:
        return {}
    return {
        "task_cpu_alone_ns": round(
            median(time / trial.tasks for time, trial in zip(used, serial, strict=True))
        ),
        "cpus_alone": median(time / limit for time, limit in zip(used, could_run, strict=True)),
    }


def observer_effect(blocks: Sequence[Block]) -> Columns:
    """Compare the traced and untraced trial of each block, by time per task or median round trip."""
    ratios = [_pace(block[TRACED]) / _pace(block[PARALLEL]) - 1 for block in blocks if _are_paced(block)]
    if not ratios:
        return {}
    return _with_ends("observer_effect{}", median(ratios), median_interval(ratios))


def blocks_of(trials: Sequence[TrialRecord]) -> list[dict[str, TrialRecord]]:
    """Return the trials of each block after the warm-up: serial, parallel, and traced if there is one."""
    blocks: dict[int, dict[str, TrialRecord]] = {}
    for trial in trials:
        if not trial.warmup:
            blocks.setdefault(trial.block, {})[TRACED if trial.traced else trial.kind] = trial
    return list(blocks.values())


def _with_ends(name: str, value: float, ends: tuple[float, float] | None) -> Columns:
    low, high = ends or (None, None)
    return {name.format(""): value, name.format("_low"): low, name.format("_high"): high}


def _is_quiet(block: Block) -> bool:
    return all(block[kind].disturbed_by is None for kind in (SERIAL, PARALLEL))


def _are_paced(block: Block) -> bool:
    return TRACED in block and all(block[kind].tasks for kind in (PARALLEL, TRACED))


def _pace(trial: TrialRecord) -> float:
    return float(trial.latency_p50_ns or trial.wall_ns / trial.tasks)


def _rate(trial: TrialRecord) -> float:
    return float(trial.tasks / trial.wall_ns)

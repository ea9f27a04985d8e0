"""Where the workers' time goes: worker-seconds by phase.

A worker's phases partition its share of a traced trial, so that over all workers they sum to workers x wall
time. The parent's own phases (worker -1) partition the parent's time: they are summed apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow.dataset as ds

from breakeven.analysis.frames.files import to_frame
from breakeven.analysis.frames.load import Lab

PHASES = ("compute", "serialize", "send", "wait", "receive", "deserialize", "idle", "startup", "teardown")

_TRIAL = ["cell_id", "round", "trial"]
_GROUP = [*_TRIAL, "worker", "phase"]
_OF_A_TRIAL = ["tasks", "wall_ns", "cpu_ns", "other_cpu_ns", "run_delay_ns"]
_SUMS = ["duration_ns", "on_cpu_ns"]


def sum_phases(lab: Lab, *, parent: bool = False) -> pd.DataFrame:
    """Sum the workers' spans of traced parallel trials that count, or the parent's, without holding the spans.

    One row per trial, worker and phase: duration_ns, on_cpu_ns (compute only, else 0), the trial's ``tasks``,
    ``wall_ns``, ``cpu_ns``, ``other_cpu_ns`` and ``run_delay_ns``, and the cell's ``workers``. The spans are read once.
    """
    sums = lab.once(_sum_all)
    return sums[sums["worker"].lt(0) if parent else sums["worker"].ge(0)].reset_index(drop=True)


def begin_to_sum(lab: Lab) -> None:
    """Begin in the background with what `sum_phases` reads of a large sweep."""
    lab.begin_to_add_up("spans", _GROUP, _SUMS)


def _sum_all(lab: Lab) -> pd.DataFrame:
    """Sum the spans of workers and parents.

    Trials that do not count, and runs that are not finished, are left out.
    """
    sums = to_frame(lab.add_up("spans", _GROUP, _SUMS)).astype({"cell_id": "str", "phase": "str"})
    return (
        sums.fillna(dict.fromkeys(_SUMS, 0))
        .sort_values(_GROUP, ignore_index=True)
        .merge(select_traced(lab), on=_TRIAL)
    )


def select_traced(lab: Lab) -> pd.DataFrame:
    """Return the traced parallel trials that count.

    A row has keys, tasks, wall and CPU times, ``run_delay_ns`` and ``workers``.
    """
    return lab.once(_select_traced)


def _select_traced(lab: Lab) -> pd.DataFrame:
    keep = ds.field("traced") & (ds.field("kind") == "parallel") & ~ds.field("warmup")
    columns = [*_TRIAL, *_OF_A_TRIAL]
    trials = to_frame(
        lab.table("trials", [*columns, "traced", "kind", "warmup"]).filter(keep).select(columns)
    )
    good = lab.runs.loc[lab.runs["status"].eq("ok"), ["cell_id", "round", "workers"]]
    return trials.merge(good, on=["cell_id", "round"])


@dataclass(frozen=True)
class Budget:
    """Divide a cell's worker-time among phases, ``per`` one task or one trial.

    Compute is split by the CPU clocks into ``on_cpu_ns`` of the worker's own thread; ``others_ns``, in which it
    waited while other threads of its process computed, such as those of a native library (as much as their CPU
    time can account for); and the rest, in which it waited within its task: for the GIL, for a lock, for a CPU,
    or because the task itself sleeps or does I/O.
    """

    per: str = "task"

    def __call__(self, sums: pd.DataFrame) -> pd.DataFrame:
        """Return one row per cell and phase.

        A row has ``ns``, ``on_cpu_ns`` and ``others_ns`` per task or trial, ``share`` and ``trials``.
        """
        trials = (
            sums.drop_duplicates(_TRIAL)
            .groupby("cell_id")
            .agg(tasks=("tasks", "sum"), trials=("trial", "size"))
        )
        phases = sums.groupby(["cell_id", "phase"])[_SUMS].sum().reset_index("phase")
        amount = trials["tasks" if self.per == "task" else "trials"]
        total = phases.groupby("cell_id")["duration_ns"].sum()
        phases["share"] = phases["duration_ns"] / total
        phases["ns"] = phases["duration_ns"] / amount.where(amount > 0)
        phases["on_cpu_ns"] = phases["on_cpu_ns"] / amount.where(amount > 0)
        waits = _waits_for_others(sums) / amount.where(amount > 0)
        phases["others_ns"] = waits.reindex(phases.index).where(phases["phase"].eq("compute"), 0.0)
        return phases.drop(columns="duration_ns").join(trials["trials"]).reset_index()


def _waits_for_others(sums: pd.DataFrame) -> pd.Series[float]:
    """Return for each cell how long tasks were off their CPU while other threads had one, summed over its trials.

    Other threads may compute beside the worker's own as well: only what it waited for counts, trial by trial.
    """
    compute = sums[sums["phase"].eq("compute")]
    off = compute["duration_ns"] - compute[["on_cpu_ns", "duration_ns"]].min(axis=1)
    trials = compute.assign(off_ns=off.where(compute["on_cpu_ns"] > 0, 0)).groupby(_TRIAL)
    found = (
        trials.agg(off_ns=("off_ns", "sum"), other_ns=("other_cpu_ns", "first")).astype("float64").fillna(0.0)
    )
    return found.min(axis=1).groupby("cell_id").sum()

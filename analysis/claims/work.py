"""Quantities of which no estimate holds the interval: CPUs that workers keep busy, what passing takes of their time."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.frames.budget import sum_phases
from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.observed import mean_of_processes

PASSING = ("serialize", "send", "receive", "deserialize")
"""Phases in which a worker or the other end handles a message; it waits in others."""

_RUN = ["cell_id", "round"]


def busy(lab: Lab) -> pd.DataFrame:
    """Return how many CPUs each cell's workers and parent kept busy.

    CPU time divided by wall time, with the interval over processes.

    It is of the untraced parallel trials after warm-up of runs that are ok; of a process, the median. By cell_id.
    """
    return lab.once(_busy)


def _busy(lab: Lab) -> pd.DataFrame:
    trials = lab.trials
    counted = trials[trials["kind"].eq("parallel") & ~trials["warmup"] & ~trials["traced"]]
    good = lab.runs.loc[lab.runs["status"].eq("ok"), _RUN]
    known = counted.merge(good).dropna(subset=["cpu_ns", "wall_ns"])
    cpus = known["cpu_ns"].astype("float64") / known["wall_ns"].astype("float64")
    of_processes = cpus.groupby([known["cell_id"], known["round"]]).median()
    return over_processes(of_processes.droplevel("round")).drop(columns="rounds")


def passing(lab: Lab) -> pd.DataFrame:
    """Return the share of the workers' time that handling messages takes, by cell_id.

    It has Student's interval over processes.
    """
    return lab.once(_passing)


def _passing(lab: Lab) -> pd.DataFrame:
    counted = lab.trials.loc[lab.trials["traced"], [*_RUN, "trial"]].astype({"cell_id": "str"})
    sums = (
        sum_phases(lab)
        .merge(counted)  # of undisturbed trials, those
        .assign(passes=lambda rows: rows["duration_ns"].where(rows["phase"].isin(PASSING), 0))
    )
    of_processes = sums.groupby(_RUN)[["passes", "duration_ns"]].sum().astype("float64")
    shares = of_processes["passes"] / of_processes["duration_ns"]
    found = mean_of_processes(shares.dropna().droplevel("round"))
    return found.assign(high=found["high"].clip(upper=1.0)).drop(columns="rounds")

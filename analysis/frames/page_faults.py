"""What page faults take: memory that `malloc` returns to the kernel and asks for again; frame in, frame out."""

from __future__ import annotations

from math import ceil, log2

import pandas as pd

LARGE = 0.25
"""A share of a task's time from which page faults are worth a word."""

PAD = "MALLOC_TOP_PAD_"
"""With it, glibc asks for that many bytes more and keeps them (mallopt(3), M_TOP_PAD)."""

_LEAST_PAD = 16 << 20
_PAGE_BYTES = 4096
_ROOM = 8  # times the memory that faults: a message exists several times, pickled and not

_COUNTS = ("task_faults_alone", "task_faults", "page_fault_ns", "task_measured_ns")


def fault_shares(runs: pd.DataFrame) -> pd.Series[float]:
    """Return the share of its CPU time that a cell spends on page faults, about, by ``cell_id`` of ``runs``.

    The number of faults times the length of one, which each run measures for itself.
    """
    counts = runs.set_index("cell_id")[["faults_per_task", "page_fault_ns", "cpu_per_task_ns"]].astype(
        "float64"
    )
    counts = counts.dropna()
    shares = counts["faults_per_task"] * counts["page_fault_ns"] / counts["cpu_per_task_ns"].clip(lower=1)
    return shares.groupby(level="cell_id").median()


def faults_of_tasks(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the page faults of a task alone and in a worker, medians over the rounds of each cell of ``runs``.

    Beside the columns of `runs`: ``alone_ns`` is what they take of a task alone, and ``spared`` the share of its length
    that they take alone and not in a worker.
    """
    found = runs.set_index("cell_id")[list(_COUNTS)].astype("float64").dropna()
    found = found.groupby(level="cell_id").median()
    length = found["task_measured_ns"].clip(lower=1)
    found["alone_ns"] = (found["task_faults_alone"] * found["page_fault_ns"]).clip(upper=length)
    fewer = (found["task_faults_alone"] - found["task_faults"]).clip(lower=0)
    found["spared"] = (fewer * found["page_fault_ns"] / length).clip(upper=1)
    return found


def keeps(build: str, faults: float) -> str:
    """Return the override that keeps the memory of so many ``faults``.

    It is empty if objects of this ``build`` come from another allocator than glibc's.
    """
    if "free-threaded" in build:
        return ""
    wanted = max(_LEAST_PAD, _ROOM * faults * _PAGE_BYTES)
    return f"environment.{PAD}=null,{2 ** ceil(log2(wanted))}"

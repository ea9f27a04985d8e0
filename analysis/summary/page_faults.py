"""Cells that spend much of their time on page faults: memory that `malloc` returns to the kernel and asks for again."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log2
from typing import Any

import pandas as pd

from breakeven.analysis.frames.asked import payloads
from breakeven.analysis.frames.factors import is_varied, name_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.summary.caution import FAULTS, Caution
from breakeven.analysis.summary.wording import out_of, percent, span
from breakeven.analysis.units import format_size, format_time
from breakeven.base.variables import read

LARGE = 0.25
"""A share of the CPU time from which page faults are worth a word."""

PAD = "MALLOC_TOP_PAD_"
"""With it, glibc asks for that many bytes more and keeps them (mallopt(3), M_TOP_PAD)."""

_LEAST_PAD = 16 << 20
_PAGE_BYTES = 4096
_ROOM = 8  # times the memory that faults: a message exists several times, pickled and not


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


def page_faults(lab: Lab) -> Iterator[Caution]:
    """Yield a caution for the cell that page faults slow down most, with what to measure beside it."""
    shares = fault_shares(lab.runs[lab.runs["status"].eq("ok")])
    shares = shares[shares.ge(LARGE) & shares.index.isin(lab.estimates.index)]
    if shares.empty:
        return
    worst = str(shares.idxmax())
    runs = lab.runs[lab.runs["cell_id"].eq(worst) & lab.runs["status"].eq("ok")]
    first, faults = runs.iloc[0], runs["faults_per_task"].astype("float64").median()
    name, unit = (
        name_cells(lab.estimates)[worst],
        "message" if first["pattern"] == "pingpong" else "task",
    )
    payload = payloads(runs).iloc[0]
    size = f", {format_size(payload)}" if pd.notna(payload) and not is_varied(payloads(lab.estimates)) else ""
    text = (
        f"{out_of(len(shares), len(lab.estimates))} page faults take about {span(shares.clip(upper=1).round(2), percent)} of the "
        f"CPU time of a {unit} (most: {name}{size}, {faults:.0f} each, at {format_time(runs['page_fault_ns'].median())}): "
        f"freed memory goes back to the kernel and is asked for again{_remedy(lab.runs, first, faults)}"
    )
    yield Caution(FAULTS, text, frozenset(map(str, shares.index)), "f")


def _remedy(runs: pd.DataFrame, run: pd.Series[Any], faults: float) -> str:
    """Return what keeps the memory, unless a cell has it; nothing if objects come from another allocator than glibc's."""
    if "free-threaded" in str(run["python_build"]):
        return ""
    if any(read(text).get(PAD) for text in runs["variables"].dropna().unique()):
        return f"; compare with the cells that have environment.{PAD}"
    wanted = max(_LEAST_PAD, _ROOM * faults * _PAGE_BYTES)
    return (
        f"; environment.{PAD}={2 ** ceil(log2(wanted))} keeps it (glibc): add =null beside it to measure both"
    )

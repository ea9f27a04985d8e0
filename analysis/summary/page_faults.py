"""Cells that spend much of their time on page faults: memory that `malloc` returns to the kernel and asks for again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from breakeven.analysis.frames.asked import payloads
from breakeven.analysis.frames.factors import is_varied, name_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.page_faults import LARGE, PAD, fault_shares, faults_of_tasks, keeps
from breakeven.analysis.summary.caution import FAULTS, FAULTS_ALONE, Caution
from breakeven.analysis.summary.wording import out_of, percent, span
from breakeven.analysis.units import format_size, format_time
from breakeven.base.variables import read


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


def faults_alone(lab: Lab) -> Iterator[Caution]:
    """Yield a caution for the cells whose speedup is what page faults take of a task alone, and not in a worker."""
    good = lab.runs[lab.runs["status"].eq("ok")]
    found = faults_of_tasks(good)
    found = found[found["spared"].ge(LARGE) & found.index.isin(lab.estimates.index)]
    if found.empty:
        return
    worst = str(found["spared"].idxmax())
    most, run = found.nlargest(1, "spared").iloc[0], good[good["cell_id"].eq(worst)].iloc[0]
    length, faulting = format_time(most["task_measured_ns"]), format_time(most["alone_ns"])
    text = (
        f"{out_of(len(found), len(lab.estimates))} a task alone takes page faults that it does not take in a worker "
        f"(most: {name_cells(lab.estimates)[worst]}, {most['task_faults_alone']:.0f} and {most['task_faults']:.0f} each: "
        f"{faulting} of {length} alone): much of the speedup is theirs, and serial tasks that keep their memory are as much faster"
        f"{_remedy(lab.runs, run, most['task_faults_alone'])}"
    )
    yield Caution(FAULTS_ALONE, text, frozenset(map(str, found.index)), "a")


def _remedy(runs: pd.DataFrame, run: pd.Series[Any], faults: float) -> str:
    """Return what keeps the memory, unless a cell has it; nothing if that is not known."""
    if any(read(text).get(PAD) for text in runs["variables"].dropna().unique()):
        return f"; compare with the cells that have environment.{PAD}"
    override = keeps(str(run["python_build"]), faults)
    return f"; {override} measures with and without a heap that keeps it (glibc)" if override else ""

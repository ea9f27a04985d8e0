"""Which stage limits a pipeline.

The rule: over fresh processes, each stage has a share of the trial's time in which it is in its task. The stage with
the largest one limits (``stage``) if its interval lies above those of all other stages. If not, none is surely busier:
``even``, if no stage differs from the busiest by more than a tenth of its share, and ``undecided`` otherwise. A stage
that is in its task less than half of the time limits nothing: passing items on does (``passing``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.observed import mean_of_processes
from breakeven.analysis.units import format_share, plural

PATTERN = "pipeline"
STAGE, EVEN, PASSING, UNDECIDED = "stage", "even", "passing", "undecided"
IDLE, NEAR = 0.5, 0.1


def find(lab: Lab) -> Sequence[Finding]:
    """Return one finding for each pipeline that was measured with several stages."""
    return list(_findings(lab))


def _findings(lab: Lab) -> Iterator[Finding]:
    cells = lab.estimates[lab.estimates["pattern"].eq(PATTERN) & lab.estimates["workers"].gt(1)]
    if cells.empty:
        return
    names = name_cells(cells)
    for cell_id, rows in shares_of_stages(lab).groupby("cell_id", sort=False):
        if cell_id in cells.index:
            words = f"Pipeline of {plural(len(rows), 'stage')}, {names[cell_id]}"
            decision, said = _judge(rows.sort_values("value", ascending=False))
            details = tuple(
                f"stage {row['stage']}: {_share(row)}" for _, row in rows.sort_values("stage").iterrows()
            )
            yield Finding(
                f"{words}: which stage limits it?", decision, f"{words}: {said}.", (str(cell_id),), details
            )


def shares_of_stages(lab: Lab) -> pd.DataFrame:
    """Return a row for each stage of each pipeline; stages count from 1.

    ``value`` is its share of the time, with ``low`` and ``high``.
    """
    good = lab.runs.loc[lab.runs["status"].eq("ok"), ["cell_id", "round"]]
    trials = lab.trials
    counted = trials.loc[~trials["warmup"] & ~trials["traced"], ["cell_id", "round", "trial"]].merge(good)
    seen = lab.observations[lab.observations["quantity"].eq("busy_share")].merge(counted)
    keys = ["cell_id", "worker", "round"]
    of_processes = seen.groupby(keys, sort=False)["value"].mean().reset_index()
    parts = [
        mean_of_processes(rows.set_index("cell_id")["value"]).reset_index().assign(stage=place + 1)
        for place, (_, rows) in enumerate(of_processes.groupby("worker"))
    ]
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["cell_id", "value", "low", "high", "stage"])
    )


def _judge(ranked: pd.DataFrame) -> tuple[str, str]:
    first, others = ranked.iloc[0], ranked.iloc[1:]
    busy, rest = _share(first), f"the others {format_share(others['value'].mean())} on average"
    if first["value"] < IDLE:
        return (
            PASSING,
            f"no stage limits it: the busiest, stage {first['stage']}, is in its task {busy} of the time, {rest}; the rest goes into passing items on and waiting",
        )
    if first["low"] > others["high"].max(skipna=False):
        return STAGE, f"stage {first['stage']} limits it: in its task {busy} of the time, {rest}"
    if others["value"].min() >= (1 - NEAR) * first["value"]:
        return (
            EVEN,
            f"its stages are even: the busiest, stage {first['stage']}, is in its task {busy} of the time, {rest}",
        )
    return (
        UNDECIDED,
        f"undecided which stage limits it: stage {first['stage']} is in its task {busy} of the time, {rest}",
    )


def _share(row: pd.Series[Any]) -> str:
    interval = "" if pd.isna(row["low"]) else f" [{format_share(row['low'])}, {format_share(row['high'])}]"
    return f"{format_share(row['value'])}{interval}"

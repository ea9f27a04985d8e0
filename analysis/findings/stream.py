"""Which mechanism moves most messages one way, and what latency it has at each load.

The rule: of one setting, the mechanism with the highest rate at saturation moves ``most`` if its interval lies above
those of all others; else that is ``undecided``. Of a single mechanism it is ``measured``. Latencies are said at every
load.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.streamed import BANDWIDTH, PATTERN, RATE, rivals, saturated, streams
from breakeven.analysis.units import format_rate, format_size, format_time, plural

__all__ = ["PATTERN", "find"]

MOST, MEASURED, UNDECIDED = "most", "measured", "undecided"


def find(lab: Lab) -> Sequence[Finding]:
    """Return one finding for each setting of which any mechanism was measured at saturation."""
    found = streams(lab)
    groups = found.groupby(["setting", "workers", "producers"], sort=False)
    return [finding for _, rows in groups for finding in _of(rows)]


def _of(rows: pd.DataFrame) -> Iterator[Finding]:
    ranked = saturated(rows)
    if ranked.empty:
        return
    best, others, words = ranked.iloc[0], rivals(ranked), _words(ranked.iloc[0])
    name, told = best["mechanism"], _told(rows, best)
    if len(ranked) == 1:
        decision, sentence = MEASURED, f"{words}: {name} moves {told}"
    elif others:
        decision = UNDECIDED
        sentence = (
            f"{words}: undecided which moves most; {name} moves {told}; {', '.join(others)} may move as much"
        )
    else:
        decision, sentence = MOST, f"{words}: {name} moves most, {told}"
    details = tuple(f"{row['mechanism']}: {_told(rows, row)}" for _, row in ranked.iloc[1:].iterrows())
    also, whose = (f" or {others[0]}", f"{name} ") if others else ("", "")
    size = format_size(best["payload_asked_bytes"])
    clause = f"{name}{also} moves most at {size}, {whose}{format_rate(best[RATE])}" if len(ranked) > 1 else ""
    question = f"{words}: which mechanism moves most, and with what latency?"
    yield Finding(question, decision, f"{sentence}.", tuple(map(str, rows.index)), details, clause)


def _words(best: pd.Series[Any]) -> str:
    """Return what is sent from where to where."""
    size = best["payload_asked_bytes"]
    way = _way(int(best["workers"]), str(best["producers"]))
    what = "Messages" if pd.isna(size) else f"Messages of {format_size(size)}"
    return f"{what} {way}"


def _way(workers: int, producers: str) -> str:
    if producers.isdecimal():
        return f"from {_some(int(producers))} to {_some(workers - int(producers))}"
    return (
        f"from {_some(workers)} to the parent"
        if producers == "workers"
        else f"from the parent to {_some(workers)}"
    )


def _some(workers: int) -> str:
    return f"{plural(workers, 'worker')}"


def _told(rows: pd.DataFrame, row: pd.Series[Any]) -> str:
    """Return the rate of a mechanism with its interval, and its latencies at each load."""
    low, high = row[f"{RATE}_low"], row[f"{RATE}_high"]
    interval = "" if pd.isna(low) else f" [{format_rate(low)}, {format_rate(high)}]"
    moved = "" if pd.isna(row[BANDWIDTH]) else f", {format_rate(row[BANDWIDTH], 'B')}"
    loaded = rows[rows["mechanism"].eq(row["mechanism"]) & rows["load"].notna()].sort_values("load")
    latencies = (_latency(load) for _, load in loaded.iterrows())
    return "; ".join([f"{format_rate(row[RATE])}{interval}{moved}", *latencies])


def _latency(row: pd.Series[Any]) -> str:
    middle, tail = (row[f"latency_{name}_ns"] for name in ("p50", "p99"))
    load = f"{row['load']:.0%} of that" if row["load"] <= 1 else format_rate(row["load"])
    tails = "" if pd.isna(tail) else f", p99 {format_time(tail)}"
    return f"at {load} a message takes {format_time(middle)}{tails}"

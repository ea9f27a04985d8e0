"""Estimates with intervals, from what `runs` stores of each fresh process: frame in, frame out.

What is estimated is the geometric mean, over the fresh processes that a cell may run in, of a process's own
median. Trials of one process share its memory layout, hash seed and warm-up: an interval from a single
process is too narrow for the cell, and the column ``covers`` says which of the two it stands for.
`docs/checks.md` shows what the intervals cover, and which others did not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from breakeven.analysis.frames.hosts import host_of, spreads
from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.frames.precision import own_measure, rule_of_rounds
from breakeven.runner.cell.intervals import LEVEL

MOST_EFFICIENCY = 1.2
"""A speedup surely above this many times the workers is not of the same work; caches that grow with them allow a
little."""

_COUNTS = ["samples", "rounds", "covers"]
_ENDS = ("", "_low", "_high")
_UNITS = ("_ns", "_per_s")
_OF_WORKERS = ("startup_ns", "teardown_ns")
"""What a process spends once on its workers."""


@dataclass(frozen=True)
class Typical:
    """Estimate the geometric mean over processes of ``column``, a median that each stored, with its interval.

    Two processes or more: Student's interval over the logarithms of their medians, or over the means of their hosts if
    there are several (`over_processes`), and ``covers`` is "cell". One: the interval of its own median that it stored,
    and ``covers`` is "process". The interval is NaN and ``covers`` "nothing" if that process had too few trials for
    one, or if a process's median is zero, which has no logarithm: the estimate is then zero.

    ``offset`` is added to what is stored before its logarithm is taken, and subtracted afterwards.
    """

    column: str
    offset: float = 0.0

    def __call__(self, runs: pd.DataFrame, levels: pd.Series[float] | float = LEVEL) -> pd.DataFrame:
        """Return one row per cell with a value, by cell_id: the estimate, its ``_low`` and ``_high``, the counts.

        ``levels`` are those of the intervals over processes, by cell_id if they differ.
        """
        finite = runs[np.isfinite(runs[self.column].astype("float64"))].set_index("cell_id")
        names = {"value": self.column} | {end: f"{self.column}_{end}" for end in ("low", "high")}
        columns = [*names.values(), *_COUNTS]
        if finite.empty:  # as round trips are in most sweeps
            return pd.DataFrame(columns=columns, index=finite.index, dtype="float64").astype(
                {"covers": "str"}
            )
        stored = {name: finite[name].astype("float64") for name in (self.column, *self._stored_ends())}
        found = over_processes(stored[self.column] + self.offset, levels, host_of(finite))
        found["samples"] = finite["n_trials"].groupby(level="cell_id").sum()
        found[["value", "low", "high"]] -= self.offset
        alone = found.index[found["rounds"].eq(1)]
        for name, column in zip(("value", "low", "high"), stored.values(), strict=True):
            found.loc[alone, name] = column[column.index.isin(alone)]
        claims = np.where(found["rounds"].gt(1), "cell", "process")
        found["covers"] = np.where(found["low"].notna(), claims, "nothing")
        return found.rename(columns=names)[columns]

    def _stored_ends(self) -> list[str]:
        """Name the columns of `runs` that hold the interval: ``latency_p50_low_ns`` of ``latency_p50_ns``."""
        unit = next((unit for unit in _UNITS if self.column.endswith(unit)), "")
        return [f"{self.column.removesuffix(unit)}{end}{unit}" for end in ("_low", "_high")]


def estimate(cells: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Return all estimates for each cell with an ok run; indexed by cell_id.

    Beside the factors of ``cells``: speedup and efficiency (not for pingpong), throughput_per_s,
    bandwidth_bytes_per_s, latency_p50_ns and latency_p99_ns (pingpong), each with ``_low`` and ``_high``;
    ``samples`` (trials), ``rounds`` and ``covers`` of the pattern's own measure (0, 0 and "nothing" for a cell that has
    no value of it); speedup_with_startup; and
    the medians over rounds of memcpy_bytes_per_s and task_measured_ns. startup_ns and teardown_ns, with ``_low`` and
    ``_high``, are geometric means over processes as well, each of which starts and ends its workers once.

    ``precision`` is the half-width asked of the interval of the pattern's own measure (NaN if ``rounds`` was a
    number), ``half_width`` what it is, both as shares; ``ended_by`` is "precision" if that ended the rounds. The
    intervals of such a cell are then of the level 97.5 % after the first look, so that 95 % of them cover.

    All pairs count, including disturbed ones: a rule that drops slow pairs would bias the estimate. ``speedup_quiet``,
    with its interval, is from the pairs in which neither trial was disturbed; ``pairs_disturbed`` is the share of the
    others, from 0 to 1. ``hosts`` is the number of hosts of its rounds, ``spread_processes`` and ``spread_hosts`` how
    much the own measure differs between processes and between hosts (`spreads`). Of several hosts, every interval has
    as many values as there are hosts (`over_processes`). ``observer_effect``, with its interval, is the share by which
    tracing prolongs a parallel trial.
    """
    good = runs[runs["status"].eq("ok")]
    result = cells[cells["status"].eq("ok")].drop(columns=["status", "reason", "rounds"])
    result = result.join(good.groupby("cell_id")[["memcpy_bytes_per_s", "task_measured_ns"]].median())
    for name in _OF_WORKERS:
        result = result.join(_once(good, name))
    result["speedup_with_startup"] = _with_startup(good)
    result = result.join(_spreads(good))
    rule = rule_of_rounds(good)
    result = result.join(_measures(good, rule["level"])).join(rule[["precision", "ended_by"]])
    result["half_width"] = _half_width(result)
    result["pairs_disturbed"] = share_disturbed(good, "cell_id")
    bandwidth = _bandwidth(result)
    for end in _ENDS:
        result[f"bandwidth_bytes_per_s{end}"] = bandwidth[end]
        result[f"efficiency{end}"] = result[f"speedup{end}"] / result["workers"]
    return result


def _spreads(good: pd.DataFrame) -> pd.DataFrame:
    """Return by cell how much the own measure differs between its processes and between its hosts."""
    values = own_measure(good)
    return spreads(values.set_axis(good["cell_id"])[values.gt(0).to_numpy()], host_of(good)[values.gt(0)])


def _measures(good: pd.DataFrame, levels: pd.Series[float]) -> pd.DataFrame:
    """Return the estimates from ``runs``, and the counts of each pattern's own measure."""
    main = [Typical(name)(good, levels) for name in ("speedup", "latency_p50_ns")]
    further = [
        *(Typical(name)(good, levels) for name in ("speedup_quiet", "latency_p99_ns", "throughput_per_s")),
        Typical("observer_effect", offset=1.0)(good, levels),  # of the ratio, which is positive
    ]
    counts = pd.concat([frame[_COUNTS] for frame in main if len(frame)] or [main[0][_COUNTS]])
    every = pd.Index(good["cell_id"].unique(), name="cell_id")
    known = counts.reindex(every).fillna({"samples": 0, "rounds": 0, "covers": "nothing"})
    known = known.astype({"samples": "int64", "rounds": "int64"})
    return known.join([frame.drop(columns=_COUNTS) for frame in (*main, *further)])


def _half_width(result: pd.DataFrame) -> pd.Series[float]:
    """Return the half-width, as a share, of the interval by which the rounds of each cell end."""
    own = result["latency_p50_ns"].notna()
    low, high = (
        result[f"latency_p50_ns{end}"].where(own, result[f"speedup{end}"]).astype("float64")
        for end in ("_low", "_high")
    )
    return (high / low.where(low.gt(0))) ** 0.5 - 1


def _once(good: pd.DataFrame, column: str) -> pd.DataFrame:
    """Estimate with its interval what each process did once, and has no interval of its own for."""
    known = good.dropna(subset=column)
    found = over_processes(known.set_index("cell_id")[column].astype("float64"), hosts=host_of(known))
    ends = {"value": column, "low": f"{column}_low", "high": f"{column}_high"}
    return found.rename(columns=ends)[list(ends.values())]


def _with_startup(good: pd.DataFrame) -> pd.Series[float]:
    """Estimate the speedup with start-up; NaN if a process did not time its own.

    It is never above the speedup, in each process and so in the estimate.
    """
    timed = good[good["speedup"].notna()].set_index("cell_id")
    return over_processes(timed["speedup_with_startup"].astype("float64"))["value"]


def share_disturbed(runs: pd.DataFrame, by: str) -> pd.Series[float]:
    """Return the share of pairs of trials that others disturbed, by the column ``by``; NaN if unknown."""
    counts = runs.groupby(by)[["n_disturbed", "n_trials"]].sum(min_count=1).astype("float64")
    return counts["n_disturbed"] / counts["n_trials"]


def _bandwidth(estimates: pd.DataFrame) -> dict[str, pd.Series[float]]:
    """Return the payload bytes moved, both ways, per second, with the interval's ends.

    For messages it follows from their median round trip: the trial's wall time would include the check of
    each message between round trips. The low end of one is the high end of the other.
    """
    task = (estimates["payload_bytes"] + estimates["payload_out_bytes"]).astype("float64")
    by_message = {
        end: task / estimates[f"latency_p50_ns{of}"] * 1e9
        for end, of in zip(_ENDS, ("", "_high", "_low"), strict=True)
    }
    is_message = estimates["latency_p50_ns"].notna()
    return {
        end: by_message[end].where(is_message, task * estimates[f"throughput_per_s{end}"]) for end in _ENDS
    }

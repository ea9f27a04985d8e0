"""Estimates with intervals, each step a frozen dataclass: frame in, frame out.

What is estimated is the geometric mean, over the fresh processes that a cell may run in, of a process's own
median. Trials of one process share its memory layout, hash seed and warm-up: an interval from a single process is
too narrow for the cell, and the column ``covers`` says which of the two it stands for. `docs/measurement.md`
shows what the intervals cover, and which others did not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from breakeven.analysis.intervals import median_intervals, over_processes

_KEY = ["cell_id", "round"]
_COUNTS = ["samples", "rounds", "covers"]
_ENDS = ("", "_low", "_high")


@dataclass(frozen=True)
class Timed:
    """Keep the trials that count: neither made to warm up nor slowed by recording spans."""

    kind: str | None = None

    def __call__(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Give the trials of ``kind`` (of both if None) that count and took any time."""
        keep = ~trials["warmup"].astype(bool) & ~trials["traced"].astype(bool) & trials["wall_ns"].gt(0)
        return trials[keep if self.kind is None else keep & trials["kind"].eq(self.kind)]


@dataclass(frozen=True)
class Pair:
    """Divide each block's parallel rate of tasks by its serial one.

    The two trials of a block are close in time, so that a drifting machine cancels out. Rates, not times,
    are divided: in the window pattern the time is fixed and the tasks differ. For map both are the same.
    """

    def __call__(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Give one row a complete pair: cell_id, round, block, ``speedup``, the parallel ``wall_ns``, ``disturbed``."""
        columns = [*_KEY, "block", "tasks", "wall_ns", "disturbed"]
        timed = Timed()(trials).assign(disturbed=lambda frame: frame["disturbed_by"].notna())
        serial, parallel = (timed.loc[timed["kind"].eq(kind), columns] for kind in ("serial", "parallel"))
        pairs = parallel.merge(serial[serial["tasks"].gt(0)], on=columns[:3], suffixes=("", "_serial"))
        ratio = pairs["tasks"] / pairs["wall_ns"] / (pairs["tasks_serial"] / pairs["wall_ns_serial"])
        disturbed = pairs["disturbed"] | pairs["disturbed_serial"]
        return pairs[[*columns[:3], "wall_ns"]].assign(speedup=ratio, disturbed=disturbed)


@dataclass(frozen=True)
class Observe:
    """Divide each block's traced parallel time per task by its untraced one.

    For pingpong it is the median round trip: its wall time counts the checks between messages too.
    """

    def __call__(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Give one row a block after the warm-up that holds both: cell_id, round and ``observer_effect``, a ratio."""
        keep = ~trials["warmup"].astype(bool) & trials["kind"].eq("parallel") & trials["tasks"].gt(0)
        kept = trials[keep & trials["wall_ns"].gt(0)]
        pace = kept["latency_p50_ns"].astype("float64").fillna(kept["wall_ns"] / kept["tasks"])
        kept = kept[[*_KEY, "block"]].assign(pace=pace)
        traced = trials.loc[kept.index, "traced"].astype(bool)
        both = kept[traced].merge(kept[~traced], on=[*_KEY, "block"], suffixes=("", "_untraced"))
        ratio = both["pace"] / both["pace_untraced"]
        return pd.DataFrame({name: both[name] for name in _KEY} | {"observer_effect": ratio})


@dataclass(frozen=True)
class Rate:
    """Divide a trial's amount (``tasks`` or ``bytes``) by its wall time."""

    amount: str
    name: str

    def __call__(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Give one row an untraced parallel trial: cell_id, round and the rate per second as ``name``."""
        timed = Timed("parallel")(trials)
        return timed[_KEY].assign(**{self.name: timed[self.amount] / timed["wall_ns"] * 1e9})


@dataclass(frozen=True)
class Typical:
    """Estimate the geometric mean over processes of a process's median of ``column``, with its 95 % interval.

    Two processes or more: Student's interval over the logarithms of their medians (`over_processes`), and
    ``covers`` is "cell". One: the interval of its own median by order statistics (`median_intervals`), and
    ``covers`` is "process". The interval is NaN and ``covers`` "nothing" for fewer than six values of one
    process, and where a process's median is zero, whose logarithm there is not: the estimate is then zero.
    """

    column: str

    def __call__(self, samples: pd.DataFrame, by_rule: Collection[object] = ()) -> pd.DataFrame:
        """Give one row a cell, indexed by cell_id: the estimate, its ``_low`` and ``_high``, the counts.

        ``by_rule`` are the cells whose trials went on until an interval was narrow.
        """
        finite = samples[np.isfinite(samples[self.column].astype("float64"))]
        values = finite.set_index(_KEY)[self.column].astype("float64")
        medians = values.groupby(level=_KEY).median()
        found = over_processes(medians).assign(samples=values.groupby(level="cell_id").size())
        alone = found.index[found["rounds"].eq(1)]
        own = values.droplevel("round")
        within = median_intervals(own[own.index.isin(alone)], by_rule)
        return self.tell(found, medians.droplevel("round"), within)

    def tell(self, found: pd.DataFrame, own: pd.Series[float], within: pd.DataFrame) -> pd.DataFrame:
        """Put the interval ``within`` a process, and its ``own`` value, where there is no other; name the columns."""
        alone = found.index[found["rounds"].eq(1)]
        found.loc[alone, "value"] = own[own.index.isin(alone)]
        found.loc[alone, ["low", "high"]] = within[within.index.isin(alone)].reindex(alone)[["low", "high"]]
        claims = np.where(found["rounds"].gt(1), "cell", "process")
        found = found.assign(covers=np.where(found["low"].notna(), claims, "nothing"))
        names = {"value": self.column} | {end: f"{self.column}_{end}" for end in ("low", "high")}
        return found.rename(columns=names)[[*names.values(), *_COUNTS]]


@dataclass(frozen=True)
class Latency:
    """Estimate ``column``, a percentile of the round trips: ``latency_p50_ns`` or ``latency_p99_ns``.

    A process's value is that of all its messages, as stored in its run; with one process its stored interval is
    taken, which covers that process only.
    """

    column: str

    def __call__(self, runs: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
        """Give one row a cell with a latency, as `Typical` does; ``samples`` counts trials."""
        timed = runs[runs[self.column].notna()]
        values = timed.set_index(_KEY)[self.column].astype("float64")
        stem = self.column.removesuffix("_ns")
        own = timed.set_index("cell_id")[[f"{stem}_low_ns", f"{stem}_high_ns"]].astype("float64")
        own.columns = pd.Index(["low", "high"])
        found = over_processes(values)
        found["samples"] = (
            Timed("parallel")(trials).groupby("cell_id").size().reindex(found.index, fill_value=0)
        )
        return Typical(self.column).tell(found, values.droplevel("round"), own)


@dataclass(frozen=True)
class Carry:
    """Divide a message's bytes, there and back, by its median round trip.

    The trial's wall time would count the check of each message too, which is made between round trips.
    """

    def __call__(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """Give ``bandwidth_bytes_per_s`` with its interval, for each cell with a latency."""
        timed = estimates[estimates["latency_p50_ns"].notna()]
        message = (timed["payload_bytes"] + timed["payload_out_bytes"]).astype("float64")
        ends = zip(_ENDS, ("", "_high", "_low"), strict=True)
        rates = {
            f"bandwidth_bytes_per_s{to}": message / timed[f"latency_p50_ns{of}"] * 1e9 for to, of in ends
        }
        return pd.DataFrame(rates)


@dataclass(frozen=True)
class Started:
    """Charge each pair's parallel trial with the start-up and teardown of its run, once.

    What it gives is never above the pair's own speedup, so neither is an estimate over the same pairs.
    """

    def __call__(self, pairs: pd.DataFrame, runs: pd.DataFrame) -> pd.Series[float]:
        """Give the estimate per cell, of all rounds; NaN where a run did not time its start-up."""
        once = (runs["startup_ns"] + runs["teardown_ns"].fillna(0)).rename("once_ns").astype("float64")
        rows = pairs.merge(runs[_KEY].join(once), on=_KEY)
        paid = rows["speedup"] * (rows["wall_ns"] / (rows["wall_ns"] + rows["once_ns"]))
        found = Typical("speedup")(rows[_KEY].assign(speedup=paid))["speedup"]
        return found.drop(rows.loc[paid.isna(), "cell_id"].unique(), errors="ignore").reindex(
            pairs["cell_id"].unique()
        )


def estimate(cells: pd.DataFrame, runs: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Estimate everything that is estimated, for each cell with an ok run; indexed by cell_id.

    Beside the factors of ``cells``: speedup and efficiency (not for pingpong), throughput_per_s,
    bandwidth_bytes_per_s, latency_p50_ns and latency_p99_ns (pingpong), each with ``_low`` and ``_high``;
    ``samples``, ``rounds`` and ``covers`` of the pattern's own measure; speedup_with_startup; and the medians over
    rounds of memcpy_bytes_per_s and task_measured_ns.

    All pairs count, those disturbed by others too: a rule that drops the slow ones would make its own truth.
    ``speedup_quiet``, with its interval, is of the pairs in which neither trial was disturbed;
    ``pairs_disturbed`` is the share of the others, from 0 to 1, for pingpong of its trials.
    ``observer_effect``, with its interval, is by how much of its time tracing prolongs a parallel trial.
    """
    good = runs[runs["status"].eq("ok")]
    counted = trials.merge(good[[*_KEY, "pattern"]], on=_KEY)
    latency = counted["pattern"].eq("pingpong")
    pairs = Pair()(counted[~latency])
    result = cells[cells["status"].eq("ok")].drop(columns=["status", "reason", "rounds"])
    result = result.join(good.groupby("cell_id")[["memcpy_bytes_per_s", "task_measured_ns"]].median())
    result["speedup_with_startup"] = Started()(pairs, good)
    result = result.join(_measures(good, counted, pairs))
    result["pairs_disturbed"] = _disturbed(pairs, Timed("parallel")(counted[latency]))
    result = result.join(_observed(counted))
    carried = Carry()(result)
    for end in _ENDS:
        bandwidth = f"bandwidth_bytes_per_s{end}"
        result[bandwidth] = carried[bandwidth].reindex(result.index).fillna(result[bandwidth])
        result[f"efficiency{end}"] = result[f"speedup{end}"] / result["workers"]
    return result


def _measures(good: pd.DataFrame, counted: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Estimate what trials and runs tell, beside the counts of each pattern's own measure."""
    by_rule = frozenset(good.loc[good["stopped_by"].eq("rel_ci"), "cell_id"])
    latency = counted["pattern"].eq("pingpong")
    main = [Typical("speedup")(pairs, by_rule), Latency("latency_p50_ns")(good, counted[latency])]
    quiet = pairs[~pairs["disturbed"]].rename(columns={"speedup": "speedup_quiet"})
    further = [
        Typical("speedup_quiet")(quiet, by_rule),
        Latency("latency_p99_ns")(good, counted[latency]),
        Typical("throughput_per_s")(Rate("tasks", "throughput_per_s")(counted), by_rule),
        Typical("bandwidth_bytes_per_s")(Rate("bytes", "bandwidth_bytes_per_s")(counted[~latency]), by_rule),
    ]
    counts = pd.concat([frame[_COUNTS] for frame in main])
    return counts.join([frame.drop(columns=_COUNTS) for frame in (*main, *further)])


def _disturbed(pairs: pd.DataFrame, messages: pd.DataFrame) -> pd.Series[float]:
    """Give the share of pairs, for pingpong of trials, that others disturbed."""
    alone = messages[["cell_id"]].assign(disturbed=messages["disturbed_by"].notna())
    return pd.concat([pairs[["cell_id", "disturbed"]], alone]).groupby("cell_id")["disturbed"].mean()


def _observed(counted: pd.DataFrame) -> pd.DataFrame:
    """Estimate the observer effect: on the ratio, which is positive, less one afterwards."""
    return Typical("observer_effect")(Observe()(counted)).drop(columns=_COUNTS) - 1

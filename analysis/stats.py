"""Estimates with intervals, each step a frozen dataclass: frame in, frame out.

The intervals are bootstrapped over the levels of the experiment, the highest first: fresh processes (rounds),
then the trials within each, after T. Kalibera and R. Jones, *Rigorous benchmarking in reasonable time*,
ISMM 2013, section 6. Trials within one process share its memory layout, hash seed and warm-up, so that an
interval from a single process is too narrow for the cell; the column ``covers`` says which one it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Samples = NDArray[np.float64]

_KEY = ["cell_id", "round"]


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
        """Give one row a complete pair: cell_id, round, block and ``speedup``."""
        blocks = Timed()(trials).groupby(["kind", *_KEY, "block"])[["tasks", "wall_ns"]].sum()
        rate = blocks["tasks"] / blocks["wall_ns"]
        serial, parallel = (
            rate[rate.index.get_level_values("kind") == kind] for kind in ("serial", "parallel")
        )
        ratio = parallel.droplevel("kind") / serial[serial > 0].droplevel("kind")
        return ratio.rename("speedup").dropna().reset_index()


@dataclass(frozen=True)
class Started:
    """Charge each pair's parallel trial with the start-up and teardown of its run, once.

    What it gives is never above the pair's own speedup, so neither is a median over the same pairs.
    """

    def __call__(self, pairs: pd.DataFrame, trials: pd.DataFrame, runs: pd.DataFrame) -> pd.Series[float]:
        """Give the median per cell, over the pairs of all rounds; NaN where a run did not time its start-up."""
        walls = Timed("parallel")(trials).groupby([*_KEY, "block"])["wall_ns"].sum()
        once = (runs["startup_ns"] + runs["teardown_ns"].fillna(0)).rename("once_ns").astype("float64")
        rows = pairs.merge(walls.reset_index(), on=[*_KEY, "block"]).merge(runs[_KEY].join(once), on=_KEY)
        ratio = rows["speedup"] * (rows["wall_ns"] / (rows["wall_ns"] + rows["once_ns"]))
        return ratio.groupby(rows["cell_id"]).agg(lambda values: values.median(skipna=False))


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
class Carry:
    """Divide a message's bytes, there and back, by the median round trip of its trial.

    The trial's wall time would count the check of each message too, which is made between round trips.
    """

    def __call__(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Give one row a trial of pingpong: cell_id, round and ``bandwidth_bytes_per_s``."""
        message = trials["bytes"] / trials["tasks"]
        return trials[_KEY].assign(bandwidth_bytes_per_s=message / trials["latency_p50_ns"] * 1e9)


@dataclass(frozen=True)
class Bootstrap:
    """Estimate the median of ``column`` per cell, with a percentile interval over rounds and trials.

    Rounds are drawn with replacement, then as many values within each drawn round as it has. With one
    round only its values are drawn and ``covers`` is "process"; else it is "cell". Fewer than two values
    have no spread: the interval is NaN and ``covers`` is "nothing". The interval is widened to hold the
    estimate where rounds of unequal size would leave it outside. Few rounds make a narrow interval, as
    with any bootstrap; the column ``rounds`` tells.
    """

    column: str
    resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __call__(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Give one row a cell, indexed by cell_id: the median, its ``_low`` and ``_high``, the counts."""
        finite = samples[np.isfinite(samples[self.column].astype(float))]
        rows = {cell: self._estimate(frame) for cell, frame in finite.groupby("cell_id")}
        names = [self.column, f"{self.column}_low", f"{self.column}_high", "samples", "rounds", "covers"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("cell_id")

    def _estimate(self, frame: pd.DataFrame) -> tuple[float, float, float, int, int, str]:
        rounds = [np.sort(part.to_numpy(float)) for _, part in frame.groupby("round")[self.column]]
        median = float(np.median(np.concatenate(rounds)))
        if len(frame) < 2:  # noqa: PLR2004 - one value has no spread
            return median, np.nan, np.nan, len(frame), len(rounds), "nothing"
        tail = (1 - self.level) / 2
        medians = resample_medians(rounds, self.resamples, np.random.default_rng(self.seed))
        low, high = np.quantile(medians, [tail, 1 - tail])
        covers = "cell" if len(rounds) > 1 else "process"
        return median, min(low, median), max(high, median), len(frame), len(rounds), covers


def resample_medians(rounds: list[Samples], resamples: int, rng: np.random.Generator) -> Samples:
    """Give the median of each of ``resamples`` two-level resamples of ``rounds``.

    All resamples are drawn at once, as an array of resamples x rounds x values; rounds shorter than the
    longest are filled up with infinity, which sorts behind every value and is never counted.
    """
    longest = max(map(len, rounds))
    table = np.array([np.pad(values, (0, longest - len(values))) for values in rounds])
    drawn = rng.integers(len(rounds), size=(resamples, len(rounds)))
    lengths = np.array([len(values) for values in rounds])[drawn]
    picks = (rng.random((*drawn.shape, longest)) * lengths[..., None]).astype(np.intp)
    values = table[drawn[..., None], picks]
    values[np.arange(longest) >= lengths[..., None]] = np.inf
    values = np.sort(values.reshape(resamples, -1), axis=1)
    total, row = lengths.sum(axis=1), np.arange(resamples)
    middle: Samples = (values[row, (total - 1) // 2] + values[row, total // 2]) / 2
    return middle


def estimate(cells: pd.DataFrame, runs: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Estimate everything that is estimated, for each cell with an ok run; indexed by cell_id.

    Beside the factors of ``cells``: speedup and efficiency (not for pingpong), throughput_per_s,
    bandwidth_bytes_per_s, latency_p50_ns and latency_p99_ns (pingpong: medians over trials), each with
    ``_low`` and ``_high``; ``samples``, ``rounds`` and ``covers`` of the pattern's own measure; speedup_with_startup;
    and the medians over rounds of memcpy_bytes_per_s and task_measured_ns.
    """
    good = runs[runs["status"].eq("ok")]
    counted = trials.merge(good[[*_KEY, "pattern"]], on=_KEY)
    latency = counted["pattern"].eq("pingpong")
    result = cells[cells["status"].eq("ok")].drop(columns=["status", "reason", "rounds"])
    result = result.join(good.groupby("cell_id")[["memcpy_bytes_per_s", "task_measured_ns"]].median())
    pairs = Pair()(counted[~latency])
    result["speedup_with_startup"] = Started()(pairs, counted, good)
    main = [Bootstrap("speedup")(pairs)]
    timed = Timed("parallel")(counted[latency])
    main += [Bootstrap("latency_p50_ns")(timed)]
    moved = Rate("bytes", "bandwidth_bytes_per_s")(counted[~latency])
    further = [
        Bootstrap("latency_p99_ns")(timed),
        Bootstrap("throughput_per_s")(Rate("tasks", "throughput_per_s")(counted)),
        Bootstrap("bandwidth_bytes_per_s")(pd.concat([moved, Carry()(timed)])),
    ]
    counts = pd.concat([frame[["samples", "rounds", "covers"]] for frame in main])
    values = [frame.drop(columns=["samples", "rounds", "covers"]) for frame in (*main, *further)]
    result = result.join([counts, *values])
    for end in ("", "_low", "_high"):
        result[f"efficiency{end}"] = result[f"speedup{end}"] / result["workers"]
    return result

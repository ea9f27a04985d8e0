"""The measures that are compared: one value per fresh process."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from breakeven.analysis.choices import pick
from breakeven.analysis.units import format_rate, format_ratio, format_time


@dataclass(frozen=True)
class Measure:
    """A column of `runs`: a median over the trials of one process."""

    column: str
    lower_is_better: bool = False

    def write(self, value: float) -> str:
        """Write ``value`` for people."""
        if self.column == "throughput_per_s":
            return format_rate(value)
        return format_time(value) if self.column.endswith("_ns") else format_ratio(value)


MEASURES = {
    "speedup": Measure("speedup"),
    "throughput": Measure("throughput_per_s"),
    "latency_p50": Measure("latency_p50_ns", lower_is_better=True),
    "latency_p99": Measure("latency_p99_ns", lower_is_better=True),
    "startup": Measure("startup_ns", lower_is_better=True),
}
MESSAGES = "pingpong"
_OF_MESSAGES, PAIRED, _ELSE = "latency_p50", "speedup", "throughput"


def check_measure(name: str | None) -> str | None:
    """Return ``name`` if there is such a measure, or None for that of the pattern; raise UnknownName."""
    if name is not None:
        pick("--by", name, MEASURES, "measure")
    return name


def measure_of(a: str, b: str, asked: str | None, *, shared_baseline: bool = False) -> str:
    """Return the measure of a pair of cells by their patterns; round trips only if both make them.

    With a ``shared_baseline`` the ratio of speedups is that of throughputs without what the machine did meanwhile:
    each process is compared with its own serial trials.
    """
    if asked is not None:
        return asked
    if MESSAGES in (a, b):
        return _OF_MESSAGES if a == b else _ELSE
    return PAIRED if shared_baseline else _ELSE


def round_values(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per run of ``runs`` (pair, side, measure ...): pair, side, ``value`` and ``lower_is_better``."""
    measures = runs["measure"].map(MEASURES)
    rows = zip(runs.to_dict("records"), measures, strict=True)
    values = [row[measure.column] for row, measure in rows]
    return runs[["pair", "side"]].assign(
        value=pd.Series(values, index=runs.index, dtype="float64"),
        lower_is_better=measures.map(lambda measure: measure.lower_is_better),
    )

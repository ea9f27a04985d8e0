"""Whether the switch interval decides how long a worker runs, and what a shorter one costs.

The rule is in docs/verdicts.md.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.findings.wide import observed_of
from breakeven.analysis.frames.factors import label_mechanisms, label_settings, tell_apart
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.welch import standard_error
from breakeven.analysis.units import format_length, format_ratio, format_time
from breakeven.runner.cell.intervals import LEVEL

PATTERN = "switching"
DECIDES, NOT, IN_PART, UNDECIDED = "decides", "decides not", "in part", "undecided"
P50, P99, FAIRNESS = "run_p50_ns", "run_p99_ns", "fairness_share"

NEAR = 1.5
"""Runs are as long as the interval if they are surely within this factor of it."""

FOLLOWS = 1 / 3
"""If runs surely grow with less than this power of the interval, it does not decide them: a thousand times the
interval, ten times the run."""

_KNOB = "switch_interval="
_LEAST = 2  # rounds of a cell whose spread is known


class Cost(NamedTuple):
    """By which factor throughput is lower at the shortest interval than at the longest, with its 95 % interval."""

    factor: float
    low: float
    high: float


def judge(lab: Lab) -> pd.DataFrame:
    """Return a row for each cell: its runs, the ``interval_ns`` that held, and ``decision``: whether it decided them.

    ``mechanism`` and ``setting`` tell apart what differs beside the interval.
    """
    cells = observed_of(lab, PATTERN, (P50, P99, FAIRNESS))
    if cells.empty:
        return cells.assign(mechanism="", setting="", interval_ns=0.0, decision="")
    held = lab.workers[lab.workers["worker"].ge(0)].groupby("cell_id")["switch_interval_ns"].median()
    plain = cells.assign(variant=cells["variant"].map(_without_interval), interval_ns=held.astype("float64"))
    named = plain.assign(mechanism=label_mechanisms(plain), setting=label_settings(plain))
    named = named.assign(mechanism=tell_apart(named, "mechanism", ["setting", "interval_ns"]))
    return named.assign(decision=_decide(named)).sort_values("interval_ns", kind="stable")


def _without_interval(variant: str) -> str:
    return ", ".join(part for part in variant.split(", ") if not part.startswith(_KNOB))


def _decide(rows: pd.DataFrame) -> pd.Series[str]:
    """Return for each row whether its runs are surely about as long as the interval, surely not, or neither."""
    low, high = rows[f"{P50}_low"] / rows["interval_ns"], rows[f"{P50}_high"] / rows["interval_ns"]
    within = low.ge(1 / NEAR) & high.le(NEAR)
    beyond = low.gt(NEAR) | high.lt(1 / NEAR)
    return pd.Series(UNDECIDED, rows.index).mask(within, DECIDES).mask(beyond, NOT)


def lines(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of `judge` line by line: cells that differ in nothing but the interval, the shortest first."""
    return [line for _, line in rows.groupby(["setting", "mechanism"], sort=False)]


def decide(line: pd.DataFrame) -> str:
    """Return what follows for one line of cells."""
    if _follows_at_most(line) < FOLLOWS:
        return NOT
    found = set(line["decision"])
    if UNDECIDED in found:
        return UNDECIDED
    return found.pop() if len(found) == 1 else IN_PART


def _follows_at_most(line: pd.DataFrame) -> float:
    """Return the most by which runs may grow with the interval, as a power of it; infinite for one interval.

    It is from the lower end of the run's interval at the shortest to the upper end at the longest.
    """
    first, last = line.iloc[0], line.iloc[-1]
    if first["interval_ns"] == last["interval_ns"]:
        return float("inf")
    grows = float(np.log(last[f"{P50}_high"] / first[f"{P50}_low"]))
    return grows / float(np.log(last["interval_ns"] / first["interval_ns"]))


def where(line: pd.DataFrame) -> str:
    """Return the intervals that decide, from the shortest to the longest; empty if none or all do."""
    deciding = line.loc[line["decision"].eq(DECIDES), "interval_ns"]
    if deciding.empty or len(deciding) == len(line):
        return ""
    ends = [format_length(length) for length in (deciding.iloc[0], deciding.iloc[-1])]
    return " to ".join(dict.fromkeys(ends))


def find(lab: Lab) -> list[Finding]:
    """Return what follows for each mechanism."""
    return [_find(lab, line) for line in lines(judge(lab))]


def _find(lab: Lab, line: pd.DataFrame) -> Finding:
    name = ", ".join(filter(None, [str(line["mechanism"].iloc[0]), str(line["setting"].iloc[0])]))
    decision, paid = decide(line), cost(lab, line)
    said = f"{_WORDS[decision]} ({where(line)})" if decision == IN_PART else _WORDS[decision]
    sentences = [f"{name}: {said}; runs of {_ends(line)}"]
    if paid is not None:
        sentences.append(
            f"{_write(line, 0)} instead of {_write(line, -1)} costs a factor of {format_ratio(paid.factor)} "
            f"[{format_ratio(paid.low)}, {format_ratio(paid.high)}] in throughput"
        )
    return Finding(
        question=f"does the switch interval decide how long a worker runs ({name})",
        decision=decision,
        sentence=f"{'; '.join(sentences)}.",
        cells=tuple(map(str, line.index)),
        details=tuple(_detail(row) for _, row in line.iterrows()),
        clause=f"{name}: {_WORDS[decision]}",
    )


_WORDS = {
    DECIDES: "the switch interval decides how long a worker runs",
    NOT: "the switch interval does not decide how long a worker runs",
    IN_PART: "the switch interval decides how long a worker runs at some of its values",
    UNDECIDED: "whether the switch interval decides how long a worker runs is undecided",
}


def _ends(line: pd.DataFrame) -> str:
    """Return the runs at the shortest and at the longest interval."""
    ends = line.iloc[[0, -1]] if len(line) > 1 else line
    texts = [f"{format_time(row[P50])} at {format_length(row['interval_ns'])}" for _, row in ends.iterrows()]
    return " and ".join(texts)


def _write(line: pd.DataFrame, place: int) -> str:
    return format_length(line["interval_ns"].iloc[place])


def _detail(row: pd.Series[Any]) -> str:
    ends = f"[{format_time(row[f'{P50}_low'])}, {format_time(row[f'{P50}_high'])}]"
    return (
        f"{format_length(row['interval_ns'])}: median run {format_time(row[P50])} {ends}, 99 % at most {format_time(row[P99])}; "
        f"the worker that ran least ran {row[FAIRNESS]:.0%} of the mean"
    )


def cost(lab: Lab, line: pd.DataFrame) -> Cost | None:
    """Return what the shortest interval costs against the longest; None if that is not known.

    Each round's throughput is that of its workers by that of its serial trials, so that drift of the machine cancels
    out. The interval is Welch's over rounds, on logarithms.
    """
    good = lab.runs[lab.runs["status"].eq("ok")]
    sides = [
        np.log(good.loc[good["cell_id"].eq(cell), "speedup"].astype("float64").to_numpy())
        for cell in (line.index[0], line.index[-1])
    ]
    if len(line) < _LEAST or min(map(len, sides)) < _LEAST:
        return None
    squares = [np.array([side.var(ddof=1) / len(side)]) for side in sides]
    freedom = [np.array([len(side) - 1.0]) for side in sides]
    error, df = standard_error((squares[0], squares[1]), (freedom[0], freedom[1]))
    mean, half = sides[1].mean() - sides[0].mean(), float((error * stdtrit(df, (1 + LEVEL) / 2))[0])
    return Cost(*(float(np.exp(value)) for value in (mean, mean - half, mean + half)))

"""How many more rounds would make intervals as narrow as asked, and how long they would take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from breakeven.analysis.frames.precision import BY_PRECISION, own_measure
from breakeven.base.factors import FACTORS
from breakeven.base.rounds import FIRST_LOOK, rounds_needed

_LIMIT = r"(?m)^max_rounds: (\d+)$"
MAX_ROUNDS = 30
"""``max_rounds`` of a run that did not store it."""

_PRIOR = 4
"""Rounds for which the median variance of all cells counts in the forecast of one."""


def undecided(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the cells that the rule gives further rounds when the sweep is resumed."""
    return estimates[estimates["precision"].notna() & estimates["ended_by"].ne(BY_PRECISION)]


def too_wide(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return those of the undecided cells whose interval is wider than asked, or that have none.

    The rounds of the others ended for another reason, at 95 %, between two looks or before the first.
    """
    cells = undecided(estimates)
    return cells[~cells["half_width"].le(cells["precision"])]


@dataclass(frozen=True)
class Forecast:
    """How long the rounds take that undecided cells still need.

    ``seconds`` is NaN if no run of the sweep says how long one takes. ``least``: no cell has two rounds, or some have
    none, so that their spread is not known and they take this long or longer. ``max_rounds`` is what the knob must be
    raised to, None if it need not be.
    """

    seconds: float
    least: bool
    max_rounds: int | None

    @classmethod
    def of(cls, estimates: pd.DataFrame, runs: pd.DataFrame, unseen: int = 0) -> Forecast:
        """Forecast for the undecided cells of ``estimates`` from the ``runs`` of the whole sweep.

        ``unseen`` cells are planned and have no run yet: they are taken for as long as the others, and for steady.
        """
        good = runs[runs["status"].eq("ok")]
        cells = undecided(estimates)
        spreads = _spreads(_rounds(cells), good)
        known = zip(spreads.fillna(0.0), _rounds(cells), cells["precision"], strict=True)
        more = _together(estimates, pd.Series([rounds_needed(*cell) for cell in known], cells.index))
        tried = runs.groupby("cell_id").size().reindex(more.index) + more
        above = tried[tried.gt(_max_rounds(runs).reindex(more.index))]
        each = _seconds(good)
        return cls(
            seconds=float((more * each.reindex(more.index)).sum(skipna=False)) + _of_unseen(unseen, each),
            least=bool(spreads.isna().any()) or unseen > 0,
            max_rounds=None if above.empty else int(above.max()),
        )


def _of_unseen(cells: int, each: pd.Series[float]) -> float:
    return cells * FIRST_LOOK * float(each.mean()) if cells else 0.0


def _rounds(cells: pd.DataFrame) -> pd.Series[int]:
    return cells["rounds"].fillna(0).astype("int64")


def _together(estimates: pd.DataFrame, needed: pd.Series[int]) -> pd.Series[int]:
    """Return how many more rounds cells get if some need as many as ``needed``.

    Cells that differ only in their label end together.
    """
    names = [name for name in (*FACTORS, "variant") if name != "label" and name in estimates]
    group = estimates.groupby(names, dropna=False).ngroup()
    cells = estimates[estimates["precision"].notna() & group.isin(group[needed.index])]
    most = needed.groupby(group[needed.index]).max()
    return (group[cells.index].map(most) - _rounds(cells)).clip(lower=0)


def _spreads(rounds: pd.Series[int], good: pd.DataFrame) -> pd.Series[float]:
    """Return the standard deviation of the logarithms of each cell of ``rounds``.

    It is drawn towards the median of all cells of the sweep.

    Of few rounds it is known badly (G. Smyth, *Linear models and empirical Bayes methods*, 2004, moderates variances
    so); that would bias an interval, but a forecast may be off. It is NaN if no cell has two rounds.
    """
    values = own_measure(good).set_axis(good["cell_id"])
    logs = pd.Series(np.log(values.where(values.gt(0)).to_numpy()), values.index).dropna()
    variances = logs.groupby(level="cell_id").var(ddof=1)
    own, weight = variances.reindex(rounds.index).fillna(0.0), (rounds - 1).clip(lower=0)
    moderated = (_PRIOR * variances.median() + weight * own) / (_PRIOR + weight)
    return moderated.astype("float64") ** 0.5


def _seconds(good: pd.DataFrame) -> pd.Series[float]:
    """Return how long a run of each cell takes on average.

    A cell that does not say so takes as long as one of the others.
    """
    means = good["wall_ns"].astype("float64").groupby(good["cell_id"]).mean() / 1e9
    return means.fillna(means.mean())


def _max_rounds(runs: pd.DataFrame) -> pd.Series[float]:
    """Return the limit of each cell, that of its last round, from the YAML that was stored with it."""
    last = runs.sort_values("round", kind="stable").drop_duplicates("cell_id", keep="last")
    stored = last.set_index("cell_id")["config"].astype("str").str.extract(_LIMIT, expand=False)
    return stored.astype("float64").fillna(MAX_ROUNDS)

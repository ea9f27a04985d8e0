"""How many rounds of each side of a pair are compared, and the level of the interval of their ratio."""

from __future__ import annotations

from math import isnan

import numpy as np
import pandas as pd

from breakeven.analysis.frames.precision import own_logs
from breakeven.base.rounds import became_narrow, level

_SIDE = ["pair", "side"]


def take_as_many(runs: pd.DataFrame) -> pd.DataFrame:
    """Return ``runs`` with the first rounds of both sides of each ``pair``, as many of one side as of the other.

    Only of pairs in which ``rounds=auto`` chose the number of a side: it gets fewer rounds if they happen to lie
    close together, so that the side with less spread by chance weighs more, and equal sides are called different
    too often. Numbers that were asked for are left as they are.
    """
    ordered = runs.sort_values([*_SIDE, "round"], kind="stable")
    place = ordered.groupby(_SIDE).cumcount()
    most = _count(runs).min(axis=1).where(_precisions(runs).notna().any(axis=1), np.inf)
    return runs[place.reindex(runs.index).lt(runs["pair"].map(most))]


def count_left_out(runs: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Return by pair how many ``runs`` of each side, ``left_out_a`` and ``left_out_b``, are not ``kept``."""
    counts = _count(runs) - _count(kept)
    return counts.rename(columns={side: f"left_out_{side.lower()}" for side in "AB"})


def levels_of_pairs(kept: pd.DataFrame) -> pd.Series[float]:
    """Return by pair the level of the interval of its ratio, from the rounds that are compared.

    It is the higher one of its sides' own levels: the number of rounds that both have was chosen by one whose
    interval became narrow there. Each side's own measure decides, whatever is compared.
    """
    asked = _precisions(kept)
    logs = own_logs(kept, _SIDE)
    levels = {
        (pair, side): level_of_side(logs.get((pair, side), []), precision)
        for pair, sides in asked.iterrows()
        for side, precision in sides.items()
    }
    return pd.Series(levels).groupby(level=0).max()


def level_of_side(logs: list[float], precision: float) -> float:
    """Return the level at which the rounds with these logarithms are reported.

    ``precision`` is NaN if their number was chosen.
    """
    return level(len(logs), by_rule=not isnan(precision) and became_narrow(logs, precision))


def _count(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the number of rounds by pair, one column per side."""
    return _by_side(runs.groupby(_SIDE, as_index=False).size(), "size")


def _precisions(runs: pd.DataFrame) -> pd.DataFrame:
    """Return what was asked of the last round by pair, one column per side; NaN if rounds was a number."""
    last = runs.sort_values("round", kind="stable").drop_duplicates(_SIDE, keep="last")
    return _by_side(last, "precision").astype("float64")


def _by_side(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return pd.DataFrame({side: rows[rows["side"].eq(side)].set_index("pair")[name] for side in "AB"})

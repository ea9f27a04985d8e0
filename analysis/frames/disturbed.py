"""What disturbed trials have to do with a conclusion; frame in, number or text out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.analysis.frames.estimates import MOST_EFFICIENCY
from breakeven.analysis.frames.rows import Row

MOST = 0.5
"""A share of all pairs of trials; if more of them were disturbed, the conclusions are about a busy machine."""

MUCH = 0.1
"""A share of a cell's pairs of trials; if more of them were disturbed, that is worth a word."""


def say_busy(runs: pd.DataFrame) -> str:
    """Return what to know before reading conclusions from ``runs``, if most of their pairs were disturbed."""
    good = runs[runs["status"].eq("ok")]
    pairs, disturbed = (good[name].sum(min_count=1) for name in ("n_trials", "n_disturbed"))
    if pd.isna(disturbed) or not disturbed > MOST * pairs:
        return ""
    return (
        f"The machine was busy: {disturbed / pairs:.0%} of all pairs of trials were disturbed (trials.disturbed_by says by "
        "what). What follows is about a machine this busy; measure again when it has less to do."
    )


def is_above_all(cell: Row | pd.Series[Any]) -> bool:
    """Return whether the speedup of a row of estimates is surely above what its workers allow."""
    return bool(cell["efficiency_low"] > MOST_EFFICIENCY)


def is_held_up(cell: Row | pd.Series[Any]) -> bool:
    """Return whether disturbance may explain a speedup that is above what the workers allow.

    Much of the cell was disturbed, and its undisturbed pairs alone do not show such a speedup. Several workers get a
    larger share of a busy machine than one serial task, so pairing does not cancel it.
    """
    quiet = float(cell["speedup_quiet_low"]) / float(cell["workers"])
    return bool(cell["pairs_disturbed"] > MUCH) and not quiet > MOST_EFFICIENCY

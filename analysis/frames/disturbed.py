"""What disturbed trials have to do with a conclusion; frame in, number or text out."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.analysis.frames.estimates import MOST_EFFICIENCY
from breakeven.analysis.frames.rows import Row

MOST = 0.5
"""A share of all pairs of trials; if more of them were disturbed, that is worth a word before any conclusion."""

MUCH = 0.1
"""A share of a cell's pairs of trials; if more of them were disturbed, that is worth a word."""


def say_disturbed(runs: pd.DataFrame) -> str:
    """Return what to know before reading conclusions from ``runs``, if most of their pairs were disturbed."""
    good = runs[runs["status"].eq("ok")]
    pairs, disturbed = (good[name].sum(min_count=1) for name in ("n_trials", "n_disturbed"))
    if pd.isna(disturbed) or not disturbed > MOST * pairs:
        return ""
    return (
        f"{disturbed / pairs:.0%} of all pairs of trials were disturbed, such as by other programs, the hypervisor or native "
        "threads (trials.disturbed_by). What follows may differ without that: remove the cause and measure again."
    )


def is_above_workers(cell: Row | pd.Series[Any]) -> bool:
    """Return whether the speedup of a row of estimates is surely above what its workers allow."""
    return bool(cell["efficiency_low"] > MOST_EFFICIENCY)


def may_be_disturbance(cell: Row | pd.Series[Any]) -> bool:
    """Return whether disturbance may explain a speedup that is above what the workers allow.

    Much of the cell was disturbed, and its undisturbed pairs alone do not show such a speedup. Several workers get a
    larger share of a busy machine than one serial task, so pairing does not cancel it.
    """
    quiet = float(cell["speedup_quiet_low"]) / float(cell["workers"])
    return bool(cell["pairs_disturbed"] > MUCH) and not quiet > MOST_EFFICIENCY

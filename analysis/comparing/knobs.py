"""The knobs of a cell that have no column of their own, from its stored configuration."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.base.factors import FACTORS

TRIAL = "trial_ns"
"""The requested length of a trial, from which the number of tasks follows; null if that was requested."""

METHOD = ("seed", "rounds", "measure", "limits")
"""Knobs of how a cell is measured, not of what it is: cells are paired across them."""


def knobs_of(columns: pd.Index[Any]) -> list[str]:
    """Return those of ``columns`` that are knobs of the cell itself, without those of the method."""
    return [str(name) for name in columns if "." in str(name) and str(name).split(".")[0] not in METHOD]


def factors_of(columns: pd.Index[Any]) -> list[str]:
    """Return the columns that cells are paired by: factors, and knobs of the cell itself.

    The variables that a cell sets are among the knobs, one by one, as ``environment.NAME``. The length of a trial is
    a factor of cells whose number of tasks follows from it.
    """
    return [*(name for name in FACTORS if name != "variables"), TRIAL, *knobs_of(columns)]

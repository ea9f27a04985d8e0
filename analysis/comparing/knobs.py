"""The knobs of a cell that have no column of their own, from its stored configuration."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.base.factors import FACTORS
from breakeven.base.schema import TABLES

TRIAL = "trial_ns"
"""The requested length of a trial, from which the number of tasks follows; null if that was requested."""

METHOD = ("seed", "rounds", "measure", "limits", "engine")
"""Knobs of how and where a cell is measured, not of what it is: cells are paired across them."""


SIDE = "side"
"""The column that says which side a cell is of."""

UNCHOSEN = {"gc": "default"}
"""What a knob is set to where nobody chose; cells from before there was the knob have none."""

_NO_KNOBS = {SIDE, *TABLES["runs"].names}


def knobs_of(columns: pd.Index[Any]) -> list[str]:
    """Return those of ``columns`` that are knobs of the cell itself, without those of the method."""
    return [name for name in all_knobs(columns) if name.split(".", maxsplit=1)[0] not in METHOD]


def all_knobs(columns: pd.Index[Any]) -> list[str]:
    """Return those of ``columns`` that are knobs: what `add_knobs` added to those that are stored."""
    return [str(name) for name in columns if name not in _NO_KNOBS]


def factors_of(columns: pd.Index[Any]) -> list[str]:
    """Return the columns that cells are paired by: factors, and knobs of the cell itself.

    The variables that a cell sets are among the knobs, one by one, as ``environment.NAME``. The length of a trial is
    a factor of cells whose number of tasks follows from it.
    """
    return [*(name for name in FACTORS if name != "variables"), TRIAL, *knobs_of(columns)]

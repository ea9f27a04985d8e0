"""The knobs of a cell that have no column of their own, from its stored configuration."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.analysis.frames.configs import read_config
from breakeven.base.factors import COLUMNS, FACTORS, OF_THE_SWEEP, POLICY
from breakeven.base.schema import TABLES

TRIAL = "trial_ns"
"""The requested length of a trial, from which the number of tasks follows; null if that was requested."""

METHOD = ("seed", "rounds", "measure", "limits")
"""Knobs of how a cell is measured, not of what it is: cells are paired across them."""

_SKIPPED = {*COLUMNS, *FACTORS, *OF_THE_SWEEP, *POLICY, *TABLES["runs"].names}
"""Knobs that have a column, and those that are the same for the whole sweep."""


def add_knobs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return ``runs`` with one text column per knob, named as typed (``workload.target``); null if unset."""
    texts = runs["config"].fillna("") if "config" in runs else pd.Series("", index=runs.index)
    known = {text: _read(text) for text in texts.unique()}
    knobs = pd.DataFrame([known[text] for text in texts], index=runs.index, dtype="object")
    return runs.join(knobs)


def knobs_of(columns: pd.Index[Any]) -> list[str]:
    """Return those of ``columns`` that are knobs of the cell itself, without those of the method."""
    return [str(name) for name in columns if "." in str(name) and str(name).split(".")[0] not in METHOD]


def factors_of(columns: pd.Index[Any]) -> list[str]:
    """Return the columns that cells are paired by: factors, and knobs of the cell itself.

    The variables that a cell sets are among the knobs, one by one, as ``environment.NAME``. The length of a trial is
    a factor of cells whose number of tasks follows from it.
    """
    return [*(name for name in FACTORS if name != "variables"), TRIAL, *knobs_of(columns)]


def _read(text: Any) -> dict[str, str]:
    return {name: value for name, value in read_config(text).items() if name not in _SKIPPED}

"""The order of cells: numbers within texts by their value, interpreters by version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

_MOST_DIGITS = 20
_VERSION = re.compile(r"(?P<release>\d+(?:\.\d+)*)(?P<rest>.*)")
_BEFORE_RELEASE = ("a", "b", "rc")


def natural(text: str) -> str:
    """Return a key by which ``OMP_NUM_THREADS=2`` comes before ``OMP_NUM_THREADS=16``."""
    return re.sub(r"\d+", _padded, text)


def _padded(digits: re.Match[str]) -> str:
    return digits[0].zfill(_MOST_DIGITS)


def version(text: str, *, gil: bool = True) -> str:
    """Return a key by which 3.9 < 3.10 < 3.14.0rc1 < 3.14.0 < 3.14.0 without the GIL < 3.14.1."""
    found = _VERSION.match(text)
    if found is None:
        return f"~{natural(text)}"  # behind all versions
    rest = natural(found["rest"])
    rest = rest if rest.startswith(_BEFORE_RELEASE) else f"~{rest}"
    return f"{natural(found['release'])}{rest}{'' if gil else '~'}"


def sort_cells(cells: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return ``cells`` in the order of the columns ``names``, missing values first."""
    differ = [name for name in names if len(cells[name].unique()) > 1]
    if not differ:
        return cells
    keys = pd.DataFrame({name: sortable(cells, name) for name in differ}, index=cells.index)
    in_order = keys.reset_index(drop=True).sort_values(differ, na_position="first", kind="stable").index
    return cells.iloc[in_order.tolist()]


def rank_cells(cells: pd.DataFrame, names: Sequence[str]) -> pd.Series[int]:
    """Return the place of each cell in the order of the columns ``names``; equal cells have one place."""
    if not names:
        return pd.Series(0, index=cells.index)
    keys = pd.DataFrame(
        {name: sortable(cells, name).rank(method="dense").fillna(0) for name in names}, index=cells.index
    )
    return keys.groupby(list(names)).ngroup()


def sortable(cells: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return the values of one column in a form that sorts as a person would."""
    column = cells[name]
    if name == "interpreter":
        return _by_version(cells)
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    return column.map(lambda value: natural(str(value)), na_action="ignore").astype("object")


def _by_version(cells: pd.DataFrame) -> pd.Series[Any]:
    """Return a key of each interpreter: its version, then its path; one that never ran comes last."""
    known = cells.dropna(subset=["python_version"]).drop_duplicates("interpreter")
    keys = {
        row["interpreter"]: version(
            str(row["python_version"]), gil=pd.isna(row["gil_enabled"]) or bool(row["gil_enabled"])
        )
        for _, row in known.iterrows()
    }
    return (
        cells["interpreter"]
        .map(lambda path: f"{keys.get(path, '~')} {natural(str(path))}", na_action="ignore")
        .astype("object")
    )

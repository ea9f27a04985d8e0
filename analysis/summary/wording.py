"""Counts and ranges in words."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from breakeven.analysis.units import plural


def out_of(cells: int, of: int) -> str:
    """Return ``in 2 of 5 cells``."""
    return f"in {cells} of {plural(of, 'cell')}"


def span(values: pd.Series[float], form: Callable[[float], str]) -> str:
    """Return the range of ``values``, such as ``20 % to 45 %``; one value if its ends are written alike."""
    return " to ".join(dict.fromkeys([form(float(values.min())), form(float(values.max()))]))


def percent(share: float) -> str:
    """Return a share with a few digits, such as ``2.1 %``."""
    return f"{100 * share:.3g} %" if share < 1 else f"{100 * share:.0f} %"

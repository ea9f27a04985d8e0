"""What is said of files of stored runs that were deleted."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.units import plural


def describe_missing(gone: pd.DataFrame) -> str:
    """Return how many runs lack a file, rows of `Lab.missing`, of which tables, and what brings them back."""
    runs = plural(len(gone[["cell_id", "round"]].drop_duplicates()), "stored run")
    names = ", ".join(gone["table"].unique())
    return f"files of {runs} are missing (in {names}): run the sweep again, which measures those runs again"

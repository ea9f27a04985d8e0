"""What the cells of one pattern observed, as a table with a row for each cell."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from breakeven.analysis.frames.load import Lab

SERIAL, PARALLEL = "serial", "parallel"


def observed_of(lab: Lab, pattern: str, quantities: Sequence[str], kind: str = PARALLEL) -> pd.DataFrame:
    """Return the estimates of the cells of ``pattern`` that observed all ``quantities``.

    Each quantity is a column with ``_low`` and ``_high``.
    """
    cells = lab.estimates[lab.estimates["pattern"].eq(pattern)]
    found = lab.observed[lab.observed["kind"].eq(kind)]
    for name in quantities:
        rows = found[found["quantity"].eq(name)].set_index("cell_id")[["value", "low", "high"]]
        cells = cells.join(rows.set_axis([name, f"{name}_low", f"{name}_high"], axis=1))
    return cells.dropna(subset=list(quantities))

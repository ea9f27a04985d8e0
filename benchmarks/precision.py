"""How narrow the intervals of finished sweeps are, side by side, and what they cost.

    python -m benchmarks.precision outputs/before outputs/after

Prints a row for each results folder: its cells with an interval, rounds and runs, the time from its first run to the
end of its last, and of half the widths of the cells' own intervals (of the speedup, or of the median round trip) the
median, the 90th percentile and the share within 10 %. Folders of earlier versions are read as well.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from breakeven.analysis.frames.load import load

WITHIN = 0.1


def describe(folder: Path) -> dict[str, float]:
    """Return the row of one results folder."""
    lab = load(folder)
    runs, cells = lab.runs, lab.estimates
    begun = pd.to_datetime(runs["started_at"], utc=True)
    ended = begun + pd.to_timedelta(runs["wall_ns"], unit="ns")
    widths = cells["half_width"]
    return {
        "cells": len(cells),
        "rounds": float(cells["rounds"].mean()),
        "runs": len(runs),
        "seconds": (ended.max() - begun.min()).total_seconds(),
        "median": 100 * float(widths.median()),
        "90th": 100 * float(widths.fillna(float("inf")).quantile(0.9)),
        "within 10 %": 100 * float(widths.le(WITHIN).mean()),
    }


def main() -> int:
    """Print the table."""
    folders = [Path(text) for text in sys.argv[1:]]
    if not folders:
        print(__doc__)
        return 2
    table = pd.DataFrame([describe(folder) for folder in folders], index=[str(folder) for folder in folders])
    print(table.to_string(float_format="{:.1f}".format))
    return 0


if __name__ == "__main__":
    sys.exit(main())

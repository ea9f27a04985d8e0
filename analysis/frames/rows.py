"""Rows of a frame as plain values, for what reads them one by one.

To take one row out of a frame costs as much as to read a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

Row = Mapping[str, Any]
"""The values of one row by column, numbers as those of Python."""


def to_rows(frame: pd.DataFrame) -> list[Row]:
    """Return all rows of ``frame`` in their order."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]

"""The function and the payloads of runs that were stored before they had columns."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from breakeven.analysis.frames.asked import fill_asked
from breakeven.base.schema import TABLES

_MADE = "payload: 4KiB\nworkload:\n  name: function\n  target: photos:resize\n  make_input: photos:image\n"
_ALONE = "payload: 4KiB\nworkload:\n  name: function\n  target: photos:resize\n  make_input: null\n"
_OLDER = {"workload": "function", "pattern": "map", "payload_bytes": 4088, "payload_out_bytes": 80}


def filled(**columns: Any) -> tuple[Any, ...]:
    """Return function and payloads of one run with these ``columns``; missing values are None."""
    frame = pd.DataFrame([dict.fromkeys(TABLES["runs"].names) | _OLDER | columns])
    row = fill_asked(frame).iloc[0]
    values = row[["function", "payload_asked_bytes", "payload_out_asked_bytes", "payload_bytes"]]
    return tuple(None if pd.isna(value) else value for value in values)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"config": _MADE}, ("photos:resize", 4096, None, 4088)),
        ({"config": _ALONE}, ("photos:resize", None, None, 4088)),
        ({"config": None}, (None, 4088, None, 4088)),
        ({"config": "{"}, (None, None, None, 4088)),
        ({"config": _MADE, "pattern": "pingpong"}, ("photos:resize", 4096, 80, 4088)),
        ({"workload": "spin", "config": None}, (None, 4088, 80, 4088)),
    ],
)
def test_older_runs_are_filled_from_their_configuration(
    columns: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    """What was asked is what the configuration says; a built-in workload moves exactly that."""
    assert filled(**columns) == expected


def test_what_is_stored_stays() -> None:
    """A run that stored what was asked keeps it, a missing value included."""
    stored = {"function": "photos:blur", "payload_asked_bytes": None, "config": _MADE}
    assert filled(**stored) == ("photos:blur", None, None, 4088)

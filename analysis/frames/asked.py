"""What was asked for in runs that were stored before it had columns of its own."""

from __future__ import annotations

from typing import Any

import pandas as pd

from breakeven.analysis.frames.configs import read_config
from breakeven.base.errors import BadValue
from breakeven.base.units import read_size

CROSSED = {"payload_asked_bytes": "payload_bytes", "payload_out_asked_bytes": "payload_out_bytes"}
"""The column with the bytes that crossed, by that with the bytes that were asked for."""


def payloads(cells: pd.DataFrame) -> pd.Series[float]:
    """Return the payload of each cell as it was asked for, or what crossed if nothing was."""
    return cells["payload_asked_bytes"].fillna(cells["payload_bytes"])


def answers_alike(cells: pd.DataFrame) -> bool:
    """Return whether every payload back is as large as the one sent, or has no size that was asked for."""
    back = cells["payload_out_asked_bytes"]
    return bool((back.isna() | back.eq(cells["payload_asked_bytes"])).all())


def fill_asked(runs: pd.DataFrame) -> pd.DataFrame:
    """Return ``runs`` with the function and the payloads that older ones hold only in their configuration.

    What cannot be read there stays missing: a function's payload that crossed is not the one that was asked for. So
    does what has no effect in a run that says so: what crossed was measured, and differs between cells of which the
    same was asked.
    """
    tells = runs["interpreter_flags"].notna()
    echoes = runs["pattern"].eq("pingpong")
    calls = runs["workload"].eq("function") & ~echoes
    filled = {
        asked: runs[asked].where(calls | tells | runs[asked].notna(), runs[CROSSED[asked]])
        for asked in CROSSED
    }
    runs = runs.assign(**filled)
    older = runs["workload"].eq("function") & runs["function"].isna()
    if not older.any():
        return runs
    found = {text: _called(text) for text in runs.loc[older, "config"].unique()}
    functions, sizes = zip(*runs.loc[older, "config"].map(found), strict=True)
    index = runs.index[older]
    names = pd.Series(functions, index, dtype="str").reindex(runs.index)
    asked = pd.Series(sizes, index, dtype="float64").reindex(runs.index)
    asked = asked.where(runs["config"].notna(), runs["payload_bytes"].where(older))
    return runs.assign(
        function=runs["function"].where(~older, names),
        payload_asked_bytes=runs["payload_asked_bytes"].where(~older, asked),
    )


def _called(text: Any) -> tuple[str | None, float | None]:
    """Return the function that a stored configuration calls, and the payload that it asks for."""
    knobs = read_config(text)
    return knobs.get("workload.target"), _payload(knobs)


def _payload(knobs: dict[str, str]) -> int | None:
    if "workload.make_input" not in knobs:
        return None  # then the knob has no effect
    try:
        return read_size(knobs["payload"], "payload")
    except (KeyError, BadValue):
        return None

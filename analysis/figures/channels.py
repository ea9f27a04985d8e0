"""What a channel costs until its first message is back: dots by mechanism, a panel a number of workers."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.roles import DEFAULT, Roles
from breakeven.analysis.figures.started import ACCEPTS, Cost, draw_ways, ends, frame_ways
from breakeven.analysis.frames.factors import is_varied
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_time

__all__ = ["ACCEPTS", "draw", "frame"]

_COST = Cost(
    "to_first_message_ns",
    ("channel_construction_ns", "first_message_ns"),
    "until a first message is back",
    "no two channels: it needs cells of several ipc, and a model that is joined by one",
    ("payload_asked_bytes", "payload_out_asked_bytes", "payload_bytes", "payload_out_bytes"),
)


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return one row for each channel and model: ``to_first_message_ns`` with interval; raise NothingToDraw.

    It is the time to make the channel, and that of an empty message out and back to a worker that waits for it.
    """
    found = frame_ways(lab, roles, _COST)
    if not is_varied(found["ipc"]):
        raise NothingToDraw(_COST.lacking)
    return found


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row for each mechanism, and name the cheapest and the dearest."""
    first, last, workers = ends(frame, _COST)
    title = (
        f"With {workers}, {first['mechanism']} has its first message back after {format_time(first[_COST.column])}, "
        f"{last['mechanism']} after {format_time(last[_COST.column])}"
    )
    return draw_ways(frame, _COST, title, context)

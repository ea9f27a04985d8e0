"""What a channel costs until its first message is back: dots by mechanism, a panel a number of workers."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.roles import DEFAULT, Roles
from breakeven.analysis.figures.started import ACCEPTS, Cost, draw_ways, ends, frame_ways
from breakeven.analysis.frames.factors import is_varied
from breakeven.analysis.frames.load import Lab

__all__ = ["ACCEPTS", "draw", "frame"]

_COST = Cost(
    "to_first_message_ns",
    ("channel_construction_ns", "first_message_ns"),
    "until a first message is back",
    "no two channels: it needs cells of several ipc, and a model that is joined by one",
)


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return one row for each channel and model: ``to_first_message_ns`` with interval; raise NothingToDraw.

    It is the time to make the channel, and that of an empty message out and back to a worker that waits for it; with
    the smallest payload of the sweep, since shared memory takes longer to make the more it is to hold.
    """
    found = frame_ways(lab.narrow(_with_smallest_payload(lab)), roles, _COST)
    if not is_varied(found["ipc"]):
        raise NothingToDraw(_COST.lacking)
    return found


def _with_smallest_payload(lab: Lab) -> list[str]:
    """Return the cells of each mechanism and number of workers whose payload is the smallest."""
    cells = lab.runs.drop_duplicates("cell_id")
    sizes = cells["payload_asked_bytes"].fillna(0)
    alike = cells.groupby(["model", "start_method", "ipc", "workers"], dropna=False)["payload_asked_bytes"]
    return cells.loc[sizes.eq(alike.transform("min").fillna(0)), "cell_id"].tolist()


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row for each mechanism, and name the cheapest and the dearest."""
    ((first, soonest), *others), workers = ends(frame, _COST)
    said = f"With {workers}, {first} has its first message back after {soonest}"
    title = ", ".join([said, *(f"{last} after {latest}" for last, latest in others)])
    return draw_ways(frame, _COST, title, context)

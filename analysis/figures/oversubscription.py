"""Tasks per second against workers, if tasks compute on threads of a native library.

There is a line for each number of these threads.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.figures.against_workers import Quantity, draw_against_workers
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.look import describe_sample, finish, look
from breakeven.analysis.figures.roles import DEFAULT, in_order, keep_hues, name_cells
from breakeven.analysis.figures.settings import keep_settings
from breakeven.analysis.findings.oversubscription import demanding
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_rate

_RATE = Quantity("throughput_per_s", "tasks per second", format_rate, logarithmic=False)


def frame(lab: Lab) -> pd.DataFrame:
    """Return the cells of work that native threads oversubscribe in part; raise NothingToDraw.

    Each has its rate and the interval of that.
    """
    cells = demanding(lab)
    over = cells[cells["over"]]
    if over.empty:
        raise NothingToDraw(
            "no cell is oversubscribed: it needs tasks that compute on threads of a native library, and more of them than CPUs"
        )
    cells = cells[cells["setting"].isin(over["setting"])].drop(columns=["setting", "threads"])
    return name_cells(cells, DEFAULT, "workers")


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one panel per work, from zero tasks on."""
    kept, shown, some = keep_settings(frame, in_order(frame, "setting"))
    shown, left_out = keep_hues(shown, _RATE.column)
    with look():
        body = draw_against_workers(shown, kept, _RATE)
        notes = (*some, *left_out)
        return finish(
            body, _title(shown, context), context, *notes, describe_sample(shown), *describe_disturbed(shown)
        )


def _title(shown: pd.DataFrame, context: Context) -> str:
    """Return what oversubscription costs, or else the best rate of cells with it and without."""
    if context.clauses:
        return "; ".join(context.clauses)
    over = shown.groupby("over")[_RATE.column].max()
    rates = [f"{format_rate(rate)} {'with' if with_ else 'without'}" for with_, rate in over.items()]
    return f"At best {', '.join(rates)} oversubscription, which is not surely a loss"

"""What patterns observe beside times, such as lost updates, a panel a quantity.

Dots by mechanism with intervals, or lines along a factor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.figures.along import place_cells
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.look import describe_sample, finish, look
from breakeven.analysis.figures.panels import Panels
from breakeven.analysis.figures.roles import DEFAULT, Roles, name_cells
from breakeven.analysis.frames.factors import is_varied
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.observed import RARE, name_quantity, write_quantity
from breakeven.analysis.frames.rare import count_tasks, most_per_million

__all__ = ["ACCEPTS", "draw", "frame"]

ACCEPTS: tuple[str, ...] = ("x", "hue", "facet")

_NEVER = "of what was never seen the bar ends where the rule of three has it"
_CLAUSES = 3
"""The most findings that a title names."""


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return a row for each quantity of each cell, in its parallel trials; raise NothingToDraw.

    ``value`` has its interval in ``value_low`` and ``value_high``; what was never seen in many tasks is ``never`` True,
    and its interval ends where the rule of three has it. ``alone`` is the value in serial trials, NaN if they have
    none.
    """
    found = lab.observed[lab.observed["cell_id"].isin(lab.estimates.index)]
    parallel = found[found["kind"].eq("parallel")]
    if parallel.empty:
        raise NothingToDraw(
            "nothing was observed beside times: it needs a pattern that does so, such as counter, with status ok"
        )
    cells = roles.add_to(lab.estimates.loc[parallel["cell_id"].unique()]).drop(columns=["rounds", "covers"])
    named = place_cells(name_cells(cells, roles, roles.x or None), roles.x or None)
    alone = found[found["kind"].eq("serial")].set_index(["cell_id", "quantity"])["value"].rename("alone")
    rows = parallel.rename(columns={"low": "value_low", "high": "value_high"}).drop(columns="kind")
    places = {cell: place for place, cell in enumerate(lab.cells.index)}
    rows = _bound(rows.join(alone, on=["cell_id", "quantity"]), count_tasks(lab)).join(named, on="cell_id")
    rows = rows.sort_values("cell_id", key=lambda cells: cells.map(places), kind="stable")
    return rows.assign(covers=np.where(rows["value_low"].notna(), "cell", "nothing"))


def _bound(rows: pd.DataFrame, tasks: pd.Series[int]) -> pd.DataFrame:
    """Return the rows with an interval where nothing was seen."""
    never = rows["value"].eq(0) & rows["quantity"].str.endswith(RARE)
    most = rows["cell_id"].map(tasks.astype("float64")).map(most_per_million)
    return rows.assign(
        never=never,
        value_low=rows["value_low"].mask(never, 0.0),
        value_high=rows["value_high"].mask(never, most),
    )


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row of panels for each setting, one for each quantity: dots by mechanism, or against what lies along x."""
    panels = Panels.of(frame)
    shown = panels.shown
    with look():
        body = panels.draw()
        never = (_NEVER,) if shown["never"].any() else ()
        sample = (*panels.left_out, *never, describe_sample(shown), *describe_disturbed(shown))
        return finish(body, _title(shown, context), context, *sample)


def _title(shown: pd.DataFrame, context: Context) -> str:
    """Return what was found of the cells, or the least and the most of the first quantity that differs."""
    clauses = context.clauses
    if clauses:
        more = len(clauses) - _CLAUSES
        return "; ".join((*clauses[:_CLAUSES], *((f"{more} more",) if more > 0 else ())))
    names = list(dict.fromkeys(shown["quantity"]))
    spread = shown.groupby("quantity")["value"].agg(["min", "max"])
    name = next((name for name in names if spread.loc[name, "max"] > spread.loc[name, "min"]), names[0])
    rows = shown[shown["quantity"].eq(name)].sort_values("value", kind="stable").iloc[[0, -1]]
    texts = [f"{write_quantity(name, row['value'])} with {_where(row, shown)}" for _, row in rows.iterrows()]
    return f"{name_quantity(name).capitalize()}: {', '.join(dict.fromkeys(texts))}"


def _where(row: pd.Series[Any], shown: pd.DataFrame) -> str:
    """Return the name of a row, with what tells it from others of its mechanism."""
    further = [name for name in ("setting", "at") if name in shown and is_varied(shown[name])]
    return ", ".join(filter(None, (str(row[name]) for name in ("mechanism", *further))))

"""The break-even map: the speedup over serial by task length and payload, and where it passes 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import MOST
from breakeven.analysis.figures.fields import BAND, CONTOUR, HATCH, HATCHED, LINE, Floats, draw_break_even
from breakeven.analysis.figures.heat import (
    COLORS,
    Heat,
    add_key,
    draw_cells,
    draw_failed,
    failed_mark,
    new_panels,
    outlined,
    write_in,
)
from breakeven.analysis.figures.look import describe_processes, describe_range, finish, look, sort_labels
from breakeven.analysis.figures.map_titles import describe_maps
from breakeven.analysis.figures.sheets import Map, choose_maps, mappable, to_maps
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_ratio, plural

MAPS, ROWS, PANELS = 12, 24, 8
"""The most maps, and the most rows and panels of strips, in one figure: of more, the most telling."""

TITLE = 16.8
"""Characters of a title in two lines, for each inch of the figure."""

_FAILED = "failed"
_NAMED = 3


def frame(lab: Lab) -> pd.DataFrame:
    """Return the cells that make a map, measured or not.

    A row has ``mechanism``, ``setting``, ``payload`` and ``length``.
    """
    cells = choose_maps(mappable(lab))
    if cells.empty:
        raise NothingToDraw(
            "nothing was measured with several task lengths or payloads; sweep over such as task=100us,1ms,10ms"
        )
    return cells


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one map per mechanism if task lengths and payloads vary, else one row per mechanism."""
    kept = _most_telling(frame)
    maps = to_maps(kept)
    heat = Heat.of(kept["speedup"])
    with look():
        body, panels = new_panels(maps)
        drawn = {mark for axes, one in zip(panels, maps, strict=True) for mark in _draw_map(axes, one, heat)}
        heat.add_scale(body, panels, "speedup over serial")
        if drawn:
            add_key(body, _marks(drawn))
        width = body.get_figure(root=True).get_figwidth()
        title = describe_maps(maps, int(TITLE * width))
        return finish(body, title, context, _describe(kept), *_left_out(frame, kept))


def _draw_map(axes: Axes, one: Map, heat: Heat) -> set[str]:
    """Draw one map and return which marks it has."""
    values = one.grid("speedup")
    low, high = (one.grid(f"speedup{end}") for end in ("_low", "_high"))
    draw_cells(axes, heat.shade(values), COLORS, (-1, 1))
    drawn = {_FAILED} if draw_failed(axes, one) else set()
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            clear = bool(low[row, column] > 1 or high[row, column] < 1)
            _write(axes, (column, row), value, heat, clear=clear)
    logs, ends = np.log(values), (_known(low, values, -1), _known(high, values, 1))
    parts = [slice(None)] if one.y else [slice(row, row + 1) for row in range(len(one.rows))]
    for part in parts:
        drawn |= draw_break_even(axes, logs[part], (ends[0][part], ends[1][part]), part.start or 0)
    return drawn


def _known(end: Floats, values: Floats, reach: int) -> Floats:
    """Return the logarithms of an end of intervals; without an interval it may be anywhere."""
    logs = np.log(np.where(end > 0, end, np.nan))
    return np.where(np.isfinite(values) & ~np.isfinite(logs), float(reach), logs)


def _write(axes: Axes, place: tuple[int, int], value: float, heat: Heat, *, clear: bool) -> None:
    number = format_ratio(value)
    text = number if clear else f"({number})"
    ground = to_hex(COLORS((float(heat.shade(value)) + 1) / 2))
    write_in(axes, place, text, heat.text_color(value), path_effects=outlined(ground))


def _marks(drawn: set[str]) -> list[Artist]:
    """Return what the legend lists: only what is drawn."""
    entries = {
        CONTOUR: Line2D([], [], color=LINE, linewidth=2, label="breaks even"),
        BAND: Patch(
            facecolor="none", edgecolor=HATCHED, hatch=HATCH, linewidth=0, label="may break even: 95 % band"
        ),
        _FAILED: failed_mark(),
    }
    return [entry for name, entry in entries.items() if name in drawn]


def _describe(cells: pd.DataFrame) -> str:
    """Return the caption: what a number is, and what brackets mean."""
    good = cells[cells["speedup"].notna()]
    unclear = ~(good["speedup_low"].gt(1) | good["speedup_high"].lt(1))
    brackets = "; (): 95 % interval holds 1" if unclear.any() else ""
    blank = "; blank: not measured" if _has_blanks(cells) else ""
    disturbed = int(good["pairs_disturbed"].gt(MOST).sum())
    noise = f"; {disturbed} of {plural(len(good), 'cell')} disturbed" if disturbed else ""
    workers = plural(describe_range(good["workers"]), "worker")
    processes = describe_processes(good["rounds_ok"])
    return f"{workers}, without start-up; {processes} a cell{brackets}{blank}{noise}"


def _has_blanks(cells: pd.DataFrame) -> bool:
    return any(np.isnan(one.grid("row")).any() for one in to_maps(cells))


def _most_telling(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the maps that show a break-even first, then those that gain most; as many as there is room for."""
    limit = MAPS if frame["axis"].eq("").all() else ROWS
    places = frame.groupby("place", sort=False)
    gains, losses = (places[name].agg(test) for name, test in _CLEAR.items())
    order = pd.DataFrame({"both": gains & losses, "most": places["speedup"].max()})
    best = order.sort_values(["both", "most"], ascending=False, kind="stable").head(limit)
    panels = places["setting"].first().loc[best.index].drop_duplicates().head(PANELS)
    kept = frame["place"].isin(best.index)
    return frame[kept & frame["setting"].isin(panels)] if limit == ROWS else frame[kept]


_CLEAR = {
    "speedup_low": lambda low: low.gt(1).any(),
    "speedup_high": lambda high: high.lt(1).any(),
}
"""Whether a map has a clear gain, and a clear loss."""


def _left_out(frame: pd.DataFrame, kept: pd.DataFrame) -> tuple[str, ...]:
    """Name the maps that are not shown."""
    rest = frame[~frame["place"].isin(kept["place"])]
    names = sort_labels(rest.assign(name=(rest["mechanism"] + " " + rest["setting"]).str.strip()), "name")
    if not names:
        return ()
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (f"Not shown, less telling: {', '.join(names[:_NAMED])}{more}",)

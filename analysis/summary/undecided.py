"""The cells whose intervals are wider than asked, and what would narrow them, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, isfinite

import pandas as pd

from breakeven.analysis.frames.factors import label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.summary.forecast import Forecast, too_wide
from breakeven.analysis.summary.kinds import fixed_by_a_knob
from breakeven.analysis.summary.next_command import carry_on
from breakeven.base.results import planned_runs
from breakeven.base.units import format_clock, format_time

NAMED = 2
"""The most cells that are all named; of more the widest is."""

_STEPS = ((120, 5), (1200, 30), (float("inf"), 60))


def wider_than_asked(lab: Lab) -> Iterator[str]:
    """Yield the line if there are such cells: which, how wide, and the command that narrows them with its time."""
    cells, unseen = too_wide(lab.estimates), _unseen(lab)
    cells = cells[~cells.index.isin(fixed_by_a_knob(lab))]  # another line says what narrows them
    if cells.empty and not unseen:
        return
    parts = [_describe(cells, lab.estimates)] if len(cells) else []
    if unseen:
        parts.append(f"{unseen} cell{' has' if unseen == 1 else 's have'} no run yet")
    yield "; ".join([*parts, _remedy(lab, cells, unseen)])


def _unseen(lab: Lab) -> int:
    """Return how many planned cells have no run, if their rounds were to end by their precision."""
    if lab.runs["precision"].isna().all():
        return 0
    return len(_planned(lab) - set(lab.cells.index))


def _planned(lab: Lab) -> set[str]:
    return {run.rpartition("-")[0] for run in planned_runs(lab.path)}


def _describe(cells: pd.DataFrame, estimates: pd.DataFrame) -> str:
    count, of = len(cells), len(estimates)
    text = (
        f"the interval of {count} of {of} cells is"
        if count == 1
        else f"the intervals of {count} of {of} cells are"
    )
    return f"{text} wider than asked ({_asked(cells)}): {_widths(cells, estimates)}"


def _asked(cells: pd.DataFrame) -> str:
    low, high = (_percent(share) for share in (cells["precision"].min(), cells["precision"].max()))
    return f"+-{low}" if low == high else f"+-{low} to {high}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share < 1 else f"{100 * share:.0f} %"


def _widths(cells: pd.DataFrame, estimates: pd.DataFrame) -> str:
    """Return the widths with the cells' names, the widest first; of many only the widest."""
    names = _names(estimates)
    ordered = cells["half_width"].sort_values(ascending=False, na_position="first")
    named = zip(names.reindex(ordered.index), ordered, strict=True)
    texts = [f"{_width(share)} ({name})" for name, share in named]
    return ", ".join(texts) if len(texts) <= NAMED else f"up to {texts[0]}"


def _width(share: float) -> str:
    return f"+-{_percent(share)}" if isfinite(share) else "no interval"


def _names(estimates: pd.DataFrame) -> pd.Series[str]:
    """Return the names of all cells: mechanism, setting and workers."""
    workers = "workers=" + estimates["workers"].astype("str")
    parts = [label_mechanisms(estimates), label_settings(estimates), workers]
    rows = zip(*parts, strict=True)
    return pd.Series([", ".join(filter(None, row)) for row in rows], estimates.index)


def _remedy(lab: Lab, cells: pd.DataFrame, unseen: int) -> str:
    """Return the time and the command that narrow ``cells`` and measure the ``unseen`` ones."""
    forecast = Forecast.of(lab.estimates, lab.runs, unseen)
    knobs: dict[str, str] = {}
    if forecast.max_rounds is not None:
        knobs["max_rounds"] = str(forecast.max_rounds)
    time = "more rounds"
    if isfinite(forecast.seconds):
        seconds = _round_up(forecast.seconds)
        knobs["budget"] = format_time(seconds * 10**9)
        time = f"{'at least' if forecast.least else 'about'} {format_clock(seconds)} more"
    again = carry_on(lab.path, lab.runs, cells.index, knobs)
    if again is None:
        typed = " ".join(f"{key}={value}" for key, value in knobs.items())
        again = f"run the sweep again{f' with {typed}' if typed else ''}"
    goal = f"{'measure' if cells.empty else 'narrow'} {'it' if len(cells) + unseen == 1 else 'them'}"
    return f"{time} would {goal}: {again}"


def _round_up(seconds: float) -> int:
    """Return whole steps of seconds, as fine as a forecast is worth."""
    step = next(step for limit, step in _STEPS if seconds <= limit)
    return max(step, step * ceil(seconds / step))

"""The cells whose intervals are wider than asked, and what would narrow them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite
from pathlib import Path

import pandas as pd

from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.summary.forecast import Forecast, too_wide
from breakeven.analysis.summary.kinds import fixed_by_a_knob
from breakeven.analysis.summary.next_command import carry_on
from breakeven.analysis.summary.wording import percent, span
from breakeven.analysis.units import plural
from breakeven.base.units import format_clock, format_time

_STEPS = ((120, 5), (1200, 30), (float("inf"), 60))


@dataclass(frozen=True)
class Undecided:
    """Which cells are undecided and how long it would take to narrow them, with the command if it is known."""

    text: str
    command: str | None


def wider_than_asked(lab: Lab, path: Path) -> Undecided | None:
    """Return the command that narrows cells wider than asked, or measures those without a run.

    None if there are none.
    """
    cells, unseen = too_wide(lab.estimates), _unseen(lab)
    cells = cells[~cells.index.isin(fixed_by_a_knob(lab))]  # a caution says what narrows them
    if cells.empty and not unseen:
        return None
    parts = [_describe(cells, lab.estimates)] if len(cells) else []
    if unseen:
        parts.append(f"{unseen} cell{' has' if unseen == 1 else 's have'} no run yet")
    remedy, again = _remedy(lab, path, cells, unseen)
    return Undecided("; ".join([*parts, remedy]), again)


def _unseen(lab: Lab) -> int:
    """Return how many planned cells have no run, if their rounds were to end by their precision."""
    if lab.runs["precision"].isna().all():
        return 0
    return len(_planned(lab) - set(lab.cells.index))


def _planned(lab: Lab) -> set[str]:
    return {run.rpartition("-")[0] for run in lab.planned}


def _describe(cells: pd.DataFrame, estimates: pd.DataFrame) -> str:
    """Return how many cells are undecided, how wide they are, and which is the widest."""
    count = f"{len(cells)} of {plural(len(estimates), 'cell')} {'is' if len(cells) == 1 else 'are'} wider than asked"
    widths = cells["half_width"].sort_values(ascending=False, na_position="first")
    names = _names(estimates).reindex(widths.index)
    worst = f"{'' if len(cells) == 1 else 'most: '}{names.iloc[0]}"
    known = widths.dropna()
    if known.empty:
        return f"{count} (±{_asked(cells)}), without an interval so far ({worst})"
    without = f" or without an interval ({worst})" if len(known) < len(widths) else f" ({worst})"
    return f"{count} (±{_asked(cells)}): ±{span(known, percent)}{without}"


def _asked(cells: pd.DataFrame) -> str:
    return span(cells["precision"].astype("float64"), percent)


def _names(estimates: pd.DataFrame) -> pd.Series[str]:
    """Return the names of all cells: mechanism, setting and workers."""
    workers = "workers=" + estimates["workers"].astype("str")
    return name_cells(estimates) + ", " + workers


def _remedy(lab: Lab, path: Path, cells: pd.DataFrame, unseen: int) -> tuple[str, str | None]:
    """Return the time that narrows ``cells`` and measures the ``unseen`` ones, and the command.

    None if that is not known.
    """
    forecast = Forecast.of(lab.estimates, lab.runs, unseen)
    knobs: dict[str, str] = {}
    if forecast.max_rounds is not None:
        knobs["max_rounds"] = str(forecast.max_rounds)
    time = "more rounds"
    if isfinite(forecast.seconds):
        seconds = _round_up(forecast.seconds)
        knobs["budget"] = format_time(seconds * 10**9)
        time = f"{'at least' if forecast.least else 'about'} {format_clock(seconds)} more"
    again = carry_on(path, lab.runs, cells.index, knobs)
    goal = f"{time} would {'measure' if cells.empty else 'narrow'} {'it' if len(cells) + unseen == 1 else 'them'}"
    if again is not None:
        return f"{goal}:", again
    typed = " ".join(f"{key}={value}" for key, value in knobs.items())
    return f"{goal}: run the sweep again{f' with {typed}' if typed else ''}", None


def _round_up(seconds: float) -> int:
    """Return whole steps of seconds, as fine as a forecast is worth."""
    step = next(step for limit, step in _STEPS if seconds <= limit)
    return max(step, step * ceil(seconds / step))

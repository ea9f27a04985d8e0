"""Which runs of a sweep a trace is of: those of the cells asked for, one of each if no more are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.dataset as ds

from breakeven.analysis.errors import NoMatch, NothingRecorded
from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.files import to_frame
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.missing import describe_missing
from breakeven.analysis.frames.selection import read_conditions, select
from breakeven.analysis.units import plural
from breakeven.base.errors import BadInput
from breakeven.base.results import last_folders
from breakeven.base.suggestions import did_you_mean
from breakeven.base.text import shown

_OPTION = "--cell"
_SHOWN = 4
_ID = 8
_FACTS = ("python_version", "implementation", "gil_enabled", "hostname", "cpu_model", "cpu_count")
_KEY = ["cell_id", "round"]
_NEEDED = ("trials", "spans")


@dataclass(frozen=True)
class Asked:
    """The runs that are asked for: cells, by id or selection (none: all), and their rounds.

    One round, all, or the first that has spans.
    """

    cells: Sequence[str] = ()
    round: int | None = None
    all_runs: bool = False


@dataclass(frozen=True)
class Choice:
    """The rows of ``runs`` to write, cell by cell, with their ``name``.

    It also names the cells that were asked for and are not among them.
    """

    runs: pd.DataFrame
    left_out: tuple[str, ...] = ()


def choose(lab: Lab, asked: Asked) -> Choice:
    """Return the runs that ``asked`` means and that recorded phases; raise BadInput if there are none."""
    cells = _cells(lab, asked.cells)
    recorded = _recorded(lab)
    names = _names(lab.cells.loc[cells])
    known = recorded[recorded["cell_id"].isin(cells)]
    if known.empty:
        raise _nothing_recorded(lab, asked.cells, recorded, _gone(lab, cells))
    of_round = known if asked.round is None else known[known["round"].eq(asked.round)]
    if of_round.empty:
        rounds = ", ".join(str(number) for number in sorted(known["round"].unique().tolist()))
        raise NoMatch(
            f"--round {asked.round}: no run of that round recorded phases; there are rounds {rounds} (--all-runs takes all)"
        )
    chosen = of_round if asked.all_runs else of_round.drop_duplicates("cell_id")
    places = {cell: place for place, cell in enumerate(cells)}
    chosen = chosen.sort_values("round").sort_values(
        "cell_id", key=lambda ids: ids.map(places), kind="stable"
    )
    without = [cell for cell in cells if cell not in set(chosen["cell_id"])]
    titles = chosen["cell_id"].map(names) + ", round " + chosen["round"].astype("str")
    gone = _gone(lab, cells)
    return Choice(
        chosen.assign(name=titles),
        (*_left_out(without, names, asked), *([describe_missing(gone)] if len(gone) else [])),
    )


def _cells(lab: Lab, asked: Sequence[str]) -> list[str]:
    """Return the ids of the cells asked for, in the order of the sweep's cells."""
    every = [str(cell) for cell in lab.cells.index]
    if not asked:
        return every
    found: set[str] = set()
    runs = add_knobs(lab.runs)
    for text in asked:
        if "=" in text:
            conditions = read_conditions(text, runs, _OPTION, _FACTS)
            found |= set(select(runs, conditions, f"{_OPTION}: {shown(lab.path)}")["cell_id"])
        else:
            found |= {_by_id(lab, name.strip(), every) for name in text.split(",")}
    return [cell for cell in every if cell in found]


def _by_id(lab: Lab, name: str, every: Sequence[str]) -> str:
    """Return the cell whose id is ``name`` or begins with it."""
    found = [cell for cell in every if cell.startswith(name)]
    if len(found) == 1 or name in found:
        return name if name in found else found[0]
    if found and name:
        raise NoMatch(f"{_OPTION} {name}: {plural(len(found), 'cell')} begin so: {_some(lab, found)}")
    raise NoMatch(
        f"{_OPTION} {name}: {shown(lab.path)} has no such cell{did_you_mean(name, every)}; "
        f"write key=value, such as model=process, or an id: {_some(lab, every)}"
    )


def _recorded(lab: Lab) -> pd.DataFrame:
    """Return the rows of ``runs`` that are ok and recorded the phases of a trial and its time, by cell and round."""
    placed = ds.field("traced") & ds.field("start_ns").is_valid()
    traced = to_frame(lab.table("trials", _KEY, placed)).drop_duplicates()
    gone = lab.missing.loc[lab.missing["table"].eq("spans"), _KEY]
    traced = traced[~pd.MultiIndex.from_frame(traced).isin(pd.MultiIndex.from_frame(gone))]
    return lab.runs[lab.runs["status"].eq("ok")].merge(traced, on=_KEY).sort_values(_KEY)


def _gone(lab: Lab, cells: Sequence[str]) -> pd.DataFrame:
    """Return the rows of `Lab.missing` without which nobody knows what workers did in these cells."""
    gone = lab.missing
    return gone[gone["table"].isin(_NEEDED) & gone["cell_id"].isin(cells)]


def _names(cells: pd.DataFrame) -> pd.Series[str]:
    counts = cells["workers"].map(lambda count: plural(count, "worker"))
    return name_cells(cells) + ", " + counts


def _some(lab: Lab, cells: Sequence[str]) -> str:
    """Return the first of ``cells`` with their names, and how many more there are."""
    names = _names(lab.cells.loc[[*cells]])
    listed = "; ".join(f"{cell[:_ID]} ({names[cell]})" for cell in cells[:_SHOWN])
    more = len(cells) - _SHOWN
    return f"{listed}; and {more} more" if more > 0 else listed


def _nothing_recorded(
    lab: Lab, asked: Sequence[str], recorded: pd.DataFrame, gone: pd.DataFrame
) -> NothingRecorded:
    where = shown(lab.path)
    if len(gone):
        return NothingRecorded(f"{where}: {describe_missing(gone)}")
    others = [str(cell) for cell in recorded["cell_id"].unique()]
    if asked and others:
        return NothingRecorded(
            f"{_OPTION} {' '.join(asked)}: no run of these cells recorded phases; of {where} these did: {_some(lab, others)}"
        )
    near = ", ".join(shown(path) for path in last_folders(lab.path.parent) if _holds_phases(path))
    return NothingRecorded(
        f"{where} holds no ok run that recorded phases; measure with measure.traced=1{near and f', or name one of: {near}'}"
    )


def _holds_phases(folder: Path) -> bool:
    """Return whether a trace can be made of a results folder."""
    try:
        return not _recorded(Lab.open(folder)).empty
    except BadInput:
        return False


def _left_out(cells: Sequence[str], names: pd.Series[str], asked: Asked) -> tuple[str, ...]:
    """Return the line about the cells that are missing in the trace; nothing if none is."""
    if not cells:
        return ()
    why = "no ok run with phases" if asked.round is None else f"no ok run of round {asked.round} with phases"
    some = "; ".join(names[cell] for cell in cells[:_SHOWN])
    more = f"; and {len(cells) - _SHOWN} more" if len(cells) > _SHOWN else ""
    return (f"left out {plural(len(cells), 'cell')} with {why}: {some}{more}",)

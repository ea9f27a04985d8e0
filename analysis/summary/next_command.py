"""The suggested next command, from what a sweep holds and what it still lacks."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from breakeven.base.factors import POLICY
from breakeven.base.program import NAME, command, override
from breakeven.base.results import planned_runs, typed_options, typed_overrides
from breakeven.base.statuses import FAILED
from breakeven.base.text import shown

ROUNDS = 5
_NOT_OF_A_CELL = ("", "sweep", *POLICY)
_NOT_REPEATED = (*_NOT_OF_A_CELL, "rounds")
_ENGINE = "engine"
_DEBUG = f"{_ENGINE}=debug"
_NO_GRIDS = ("hydra.sweeper.params=null", "hydra.sweeper.grids=null")
_PLACE = ("sweep", "outputs")
_ONCE = ("dry_run", "retry_failed")
"""Knobs that were typed for one launch and not for those that resume."""


def suggest(
    path: Path, runs: pd.DataFrame, *, covers_cell: bool, shown_now: bool = False, narrows: bool = False
) -> str | None:
    """Suggest the command that comes after a sweep, or after `breakeven show` if it is ``shown_now``.

    After a sweep that is to show it. What failed is then debugged or looked at: only an exception is worth a debugger,
    as code that hung or died would do so there, too. Cells that ran in few processes get more rounds. What is left is
    a page to send, unless the summary says already which command ``narrows`` cells.

    None if no command helps: nothing can run, and it was debugged already.
    """
    any_ok = bool(runs["status"].eq("ok").any())
    if any_ok and not shown_now:
        return show(path)
    broken = runs[runs["status"].isin(FAILED)]
    if len(broken) and not broken["overrides"].fillna("").str.split("\n").map(_debugs).any():
        return _look_into(path, broken)
    if not any_ok:
        return None
    again = None if covers_cell else _repeat(path, runs)
    if again is not None:
        return f"{again}rounds={ROUNDS}"
    return None if narrows else _about("report", path)


def _look_into(path: Path, broken: pd.DataFrame) -> str:
    """Return the command that debugs the first run of ``broken`` that raised, or looks at the sweep if none did."""
    raised = broken[broken["status"].eq("failed")]
    if raised.empty:
        return _about("status", path)
    pairs = _pairs(raised.head(1))
    own = pairs[pairs["key"].str.lstrip("+").str.split(".").str[0].ne(_ENGINE)]
    typed = shlex.split(_join(own))
    options, grids = _of_one_cell(path, typed)
    return command("run", *options, *typed, *grids, "rounds=1", _DEBUG)


def show(path: Path, *options: str) -> str:
    """Return the command that shows the sweep."""
    return _about("show", path, *options)


def _about(name: str, path: Path, *options: str) -> str:
    return command(name, shown(path), *options)


def repeat(path: Path, overrides: str | None) -> str:
    """Return the command that measures one cell again, in a sweep of its own, from its line of ``overrides`` in `runs`.

    It is for another machine, too, so the program goes by its name. An experiment sets more than the cell's own
    overrides say, and its grids are taken out, as is what was typed of the sweeper. A number of rounds stays: a run has
    more trials than one of ``rounds=auto``, so it is another cell.
    """
    typed = [
        text
        for text in (overrides or "").split("\n")
        if text and _key(text) not in {*_NOT_OF_A_CELL, *_PLACE}
    ]
    options, grids = _of_one_cell(path, typed)
    return shlex.join([NAME, "run", *options, *typed, *grids])


def _of_one_cell(path: Path, typed: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return the last launch's options that hold for one cell, and what takes out the grids of files and experiments.

    A search or a grid that was typed would choose other cells, or none of this one's settings.
    """
    options = [text for text in typed_options(path) if not _is_of_sweeper(text)]
    files = any(text.startswith("--config") for text in options)
    grids = _NO_GRIDS if files or any(_key(text) == "experiment" for text in typed) else ()
    return options, grids


def _is_of_sweeper(override: str) -> bool:
    """Return whether an override says which cells a sweep has, or how they are searched."""
    return _key(override).startswith(("hydra.sweeper", "hydra/sweeper"))


def carry_on(path: Path, runs: pd.DataFrame, cells: Iterable[str], knobs: Mapping[str, str]) -> str | None:
    """Return the command that measures more rounds of ``cells`` with these ``knobs``; None if that is not known."""
    anew = {*_PLACE, *_ONCE, *knobs}
    typed = _typed(path, set(cells))
    if typed is None:
        repeated = _repeat(path, runs, anew)
    else:
        repeated = f"{_run(path)} {shlex.join(text for text in typed if _key(text) not in anew)}"
    if repeated is None:
        return None
    place = [override("sweep", path.name)]
    if path.parent.resolve() != Path("outputs").resolve():
        place.append(override("outputs", shown(path.parent)))
    further = shlex.join([*place, *(f"{key}={value}" for key, value in knobs.items())])
    return f"{repeated.rstrip()} {further}"


def _run(path: Path) -> str:
    """Return the words that measure with the same files as the last launch, and the same settings of Hydra's."""
    return command("run", *typed_options(path))


def _typed(path: Path, cells: set[str]) -> list[str] | None:
    """Return what was typed for the last launch, if ``cells`` are of it.

    None if it was more than a grid and has no name.
    """
    overrides = typed_overrides(path)
    planned = {run.rpartition("-")[0] for run in planned_runs(path)}
    named = any(_key(text) == "experiment" for text in overrides)
    size = math.prod(len(text.partition("=")[2].split(",")) for text in overrides)
    return overrides if cells <= planned and (named or size == len(planned)) else None


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def _debugs(overrides: list[str]) -> bool:
    return _DEBUG in overrides


def _repeat(path: Path, runs: pd.DataFrame, without: Collection[str] = ()) -> str | None:
    """Return the command of the whole sweep; None if its cells are not a plain grid and have no name.

    An experiment goes with whatever else was typed, such as the function that it measures.
    """
    pairs = _pairs(runs)
    pairs = pairs[~pairs["key"].isin(without)]
    named = pairs[pairs["key"].eq("+experiment")]
    if len(named):
        left_out = {*_NOT_REPEATED, *without, "experiment"}
        beside = [text for text in typed_overrides(path) if _key(text) not in left_out and text != _DEBUG]
        return f"{_run(path)} {_join(named)}" + "".join(f"{shlex.quote(text)} " for text in beside)
    size = math.prod(pairs.groupby("key").size())
    return f"{_run(path)} {_join(pairs)}" if size == runs["cell_id"].nunique() else None


def _pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct overrides of ``runs`` as ``key`` and ``value``, small values first."""
    lines = runs["overrides"].dropna().str.split("\n").explode()
    pairs = lines.str.extract("(?P<key>[^=]*)=?(?P<value>.*)").drop_duplicates(["key", "value"])
    pairs = pairs[~pairs["key"].isin(_NOT_REPEATED)]
    pairs = pairs[(pairs["key"] + "=" + pairs["value"]).ne(_DEBUG)]
    place = pairs.groupby("key", sort=False).ngroup()
    length = pairs["value"].str.len()  # so that 2, 4 and 16 stand in this order
    return pairs.assign(place=place, length=length).sort_values(["place", "length", "value"])


def _join(pairs: pd.DataFrame) -> str:
    values = pairs.groupby("key", sort=False)["value"].agg(",".join)
    return "".join(f"{shlex.quote(f'{key}={value}')} " for key, value in values.items())

"""The suggested next command, from what a sweep holds and what it still lacks."""

from __future__ import annotations

import math
import shlex
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from breakeven.base.factors import POLICY
from breakeven.base.layout import SweepPaths
from breakeven.base.program import command, program
from breakeven.base.results import planned_runs, typed_overrides
from breakeven.base.statuses import FAILED
from breakeven.base.text import shown

ROUNDS = 5
_NOT_REPEATED = ("", "rounds", "sweep", "engine", *POLICY)
_PLACE = ("sweep", "outputs")
_ONCE = ("dry_run", "retry_failed")
"""Knobs that were typed for one launch and not for those that carry on."""


def suggest(path: Path, runs: pd.DataFrame, *, covers_cell: bool) -> str | None:
    """Suggest a command: draw the figures, debug or look at what failed, or measure more rounds.

    Only an exception is worth a debugger: code that hung or died would do so there, too.

    None if no command helps: nothing is left to do, nothing can run, or it was just debugged.
    """
    figures = SweepPaths(path).figures
    broken = runs[runs["status"].isin(FAILED)]
    if runs["status"].eq("ok").any() and not (figures.is_dir() and any(figures.iterdir())):
        return show(path)
    if len(broken) and not broken["overrides"].fillna("").str.split("\n").map(_debugs).any():
        raised = broken[broken["status"].eq("failed")]
        if raised.empty:
            return f"{command('status')} {shlex.quote(shown(path))}"
        return f"{command('run')} {_join(_pairs(raised.head(1)))}rounds=1 engine=debug"
    if not runs["status"].eq("ok").any():
        return None
    again = None if covers_cell else _repeat(runs)
    if again is not None:
        return f"{again}rounds={ROUNDS}"
    return None


def show(path: Path, *options: str) -> str:
    """Return the command that shows the sweep."""
    return shlex.join([*program(), "show", shown(path), *options])


def carry_on(path: Path, runs: pd.DataFrame, cells: Iterable[str], knobs: Mapping[str, str]) -> str | None:
    """Return the command that measures more rounds of ``cells`` with these ``knobs``; None if that is not known."""
    anew = {*_PLACE, *_ONCE, *knobs}
    typed = _typed(path, set(cells))
    if typed is None:
        repeated = _repeat(runs, anew)
    else:
        repeated = f"{command('run')} {shlex.join(text for text in typed if _key(text) not in anew)}"
    if repeated is None:
        return None
    place = {"sweep": path.name}
    if path.parent.resolve() != Path("outputs").resolve():
        place["outputs"] = shown(path.parent)
    further = shlex.join(f"{key}={value}" for key, value in {**place, **knobs}.items())
    return f"{repeated.rstrip()} {further}"


def _typed(path: Path, cells: set[str]) -> list[str] | None:
    """Return what was typed for the last launch, if ``cells`` are of it; None if it was more than a grid and has no name."""
    overrides = typed_overrides(path)
    planned = {run.rpartition("-")[0] for run in planned_runs(path)}
    named = any(_key(text) == "experiment" for text in overrides)
    size = math.prod(len(text.partition("=")[2].split(",")) for text in overrides)
    return overrides if cells <= planned and (named or size == len(planned)) else None


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")


def _debugs(overrides: list[str]) -> bool:
    return "engine=debug" in overrides


def _repeat(runs: pd.DataFrame, without: Collection[str] = ()) -> str | None:
    """Return the command of the whole sweep; None if its cells are not a plain grid and have no name."""
    pairs = _pairs(runs)
    pairs = pairs[~pairs["key"].isin(without)]
    named = pairs[pairs["key"].eq("+experiment")]
    if len(named):
        return f"{command('run')} {_join(named)}"
    size = math.prod(pairs.groupby("key").size())
    return f"{command('run')} {_join(pairs)}" if size == runs["cell_id"].nunique() else None


def _pairs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct overrides of ``runs`` as ``key`` and ``value``, small values first."""
    lines = runs["overrides"].dropna().str.split("\n").explode()
    pairs = lines.str.partition("=").rename(columns={0: "key", 2: "value"}).drop_duplicates(["key", "value"])
    pairs = pairs[~pairs["key"].isin(_NOT_REPEATED)]
    place = pairs.groupby("key", sort=False).ngroup()
    length = pairs["value"].str.len()  # so that 2, 4 and 16 stand in this order
    return pairs.assign(place=place, length=length).sort_values(["place", "length", "value"])


def _join(pairs: pd.DataFrame) -> str:
    values = pairs.groupby("key", sort=False)["value"].agg(",".join)
    return "".join(f"{shlex.quote(f'{key}={value}')} " for key, value in values.items())

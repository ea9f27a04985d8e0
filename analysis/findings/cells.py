"""The cells of a pattern that belong together: alike in all but one of its options."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.factors import is_varied, label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab

NONE_SEEN, SAFE, UNDECIDED = "none_seen", "safe", "undecided"
"""What follows if no loss was seen: of many attempts, of those that cannot have any, or of too few."""

_TURNS_SINCE = (3, 10)
"""CPython hands over the GIL at calls and at the ends of loops alone since this version."""


def cells_of(lab: Lab, pattern: str) -> pd.DataFrame:
    """Return the cells of ``pattern`` that are ok, with the knobs that have no column."""
    cells = lab.cells[lab.cells["pattern"].eq(pattern) & lab.cells["status"].eq("ok")]
    runs = lab.runs[lab.runs["cell_id"].isin(cells.index)].drop_duplicates("cell_id")
    knobs = add_knobs(runs).set_index("cell_id")
    return cells.join(knobs[[name for name in knobs if str(name).startswith("pattern.")]])


def group_cells(lab: Lab, pattern: str, option: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the cells of ``pattern`` that differ in nothing but ``option``, with a name for each group."""
    cells = cells_of(lab, pattern)
    parts = cells["variant"].str.split(", ")
    rest = parts.map(lambda texts: ", ".join(text for text in texts if not text.startswith(f"{option}=")))
    names = _name(cells.assign(variant=rest))
    for name in dict.fromkeys(names):
        yield name, cells[names.eq(name)].drop(columns="tasks")  # asked for, not done


def find_in_groups(
    groups: Iterator[tuple[str, pd.DataFrame]],
    facts: pd.DataFrame,
    conclude: Callable[[str, pd.DataFrame], Finding],
) -> list[Finding]:
    """Return what follows for each group of cells of which ``facts`` are known, by cell_id."""
    known = ((name, cells.join(facts, how="inner")) for name, cells in groups)
    return [conclude(name, cells) for name, cells in known if len(cells)]


def decide(found: str, *, seen: bool, tried: bool, enough: bool) -> str:
    """Return ``found`` if any loss was seen, which is proof; else what none means: `SAFE` if none was looked for."""
    if seen:
        return found
    if not tried:
        return SAFE
    return NONE_SEEN if enough else UNDECIDED


def _name(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each cell by its mechanism and by what else tells it from others."""
    names = label_mechanisms(cells)
    if is_varied(cells["workers"]):
        names = names + " x" + cells["workers"].astype("str")
    settings = label_settings(cells).str.replace("pattern.", "", regex=False)
    return names + settings.where(settings.eq(""), " (" + settings + ")")


def has_turns(cells: pd.DataFrame) -> bool:
    """Return whether all ``cells`` are threads of CPython with a GIL that is handed over at few places."""
    threads = cells["model"].isin(["thread", "thread_pool"]) & cells["gil_enabled"].fillna(
        value=False
    ).astype("bool")
    known = cells["implementation"].eq("cpython") & cells["python_version"].map(_has_turns_since).astype(
        "bool"
    )
    return bool(len(cells)) and bool((threads & known).all())


def _has_turns_since(version: str) -> bool:
    return tuple(map(int, version.split(".")[:2])) >= _TURNS_SINCE

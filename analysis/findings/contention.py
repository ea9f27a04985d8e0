"""Which things that threads do all the time hold other threads up; the rule is in docs/verdicts.md."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.factors import label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import plural

PATTERN = "map"
WORKLOAD, SNIPPET = "contention", "workload.snippet"
HOLD_UP, SCALE, UNDECIDED = "hold up", "scale", "undecided"
HALF = 0.5
"""Share of what so many workers could gain at most: a snippet that surely gains less does not scale, one that surely
gains more does."""

_SHARED, _PRIVATE = "shared_", "private_"


def find(lab: Lab) -> list[Finding]:
    """Return one finding for the cells that differ in ``workload.snippet`` alone, of several workers."""
    cells = _cells(lab)
    parts = [own for _, own in cells.groupby(["name", "workers"], sort=False)]
    return [finding for own in parts for finding in _find(own)]


def _cells(lab: Lab) -> pd.DataFrame:
    """Return the cells with their ``snippet``, its ``decision``, and the ``name`` of those that belong together."""
    cells = lab.estimates
    cells = cells[cells["workload"].eq(WORKLOAD) & cells["pattern"].eq(PATTERN) & cells["workers"].gt(1)]
    if cells.empty:
        return cells.assign(snippet="", decision="", name="")
    knobs = add_knobs(lab.runs.drop_duplicates("cell_id")).set_index("cell_id")
    rest = cells["variant"].str.split(", ").map(_without_snippet)
    bare = cells.assign(variant=rest)
    settings = label_settings(bare)
    return cells.assign(
        snippet=knobs[SNIPPET].reindex(cells.index),
        decision=_decide(cells),
        name=label_mechanisms(bare) + settings.where(settings.eq(""), " (" + settings + ")"),
    )


def _without_snippet(knobs: list[str]) -> str:
    return ", ".join(knob for knob in knobs if not knob.startswith(f"{SNIPPET}="))


def _decide(cells: pd.DataFrame) -> pd.Series[str]:
    enough = 1 + HALF * (cells["workers"] - 1)
    scale, hold_up = cells["speedup_low"].gt(enough), cells["speedup_high"].lt(enough)
    return pd.Series(UNDECIDED, cells.index).mask(scale, SCALE).mask(hold_up, HOLD_UP)


def _find(cells: pd.DataFrame) -> Iterator[Finding]:
    ranked = cells.sort_values("speedup")
    held, scaling, open_ = (ranked[ranked["decision"].eq(word)] for word in (HOLD_UP, SCALE, UNDECIDED))
    count, name = int(ranked["workers"].iloc[0]), ranked["name"].iloc[0]
    decision = HOLD_UP if len(held) else UNDECIDED if len(open_) else SCALE
    parts = [
        f"{len(held)} of {len(ranked)} snippets do not scale, {_names(held)}" if len(held) else "",
        f"{_names(scaling)} {'does' if len(scaling) == 1 else 'do'}" if len(scaling) else "",
        f"undecided {_names(open_)}" if len(open_) else "",
    ]
    free = " without a GIL" if ranked["gil_enabled"].eq(False).all() else ""  # NA is neither
    words = f"{plural(count, 'worker')} of {name}{free}"
    alone = _on_shared_alone(ranked)
    yield Finding(
        f"which snippets do not scale with {words}?",
        decision,
        f"With {words}, {'; '.join(filter(None, parts))}.",
        tuple(map(str, ranked.index)),
        (f"On shared objects alone: {', '.join(alone)}.",) if alone else (),
        clause=f"{name}: {len(held)} of {len(ranked)} snippets do not scale" if len(held) else "",
    )


def _names(cells: pd.DataFrame) -> str:
    return ", ".join(_name(cell) for _, cell in cells.iterrows())


def _name(cell: pd.Series[Any]) -> str:
    low, high = cell["speedup_low"], cell["speedup_high"]
    interval = "" if pd.isna(low) else f" [{low:.2f}, {high:.2f}]"
    return f"{cell['snippet']} {cell['speedup']:.2f}{interval}"


def _on_shared_alone(cells: pd.DataFrame) -> list[str]:
    """Return what does not scale on an object that threads share, and does on one of each thread's own."""
    decided = dict(zip(cells["snippet"], cells["decision"], strict=True))
    kinds = [name.removeprefix(_SHARED) for name in decided if name.startswith(_SHARED)]
    return sorted(
        kind
        for kind in kinds
        if decided[f"{_SHARED}{kind}"] == HOLD_UP and decided.get(f"{_PRIVATE}{kind}") == SCALE
    )

"""What tells the cells of panels side by side apart, and what they have in common, of all that varies in a sweep."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from breakeven.analysis.frames.factors import (
    BARE,
    IMPLIED,
    MECHANISM,
    drop_implied,
    label_cells,
    name_work,
    tell_apart,
    varying,
    write,
)
from breakeven.base.factors import FACTORS
from breakeven.base.text import fill_plural

_COMMON = {
    "model": "model {}",
    "ipc": "channel {}",
    "start_method": "started by {}",
    "affinity": "affinity {}",
    "pattern": "pattern {}",
    "label": "label {}",
    "payload_asked_bytes": "payload {}",
    "payload_out_asked_bytes": "{} back",
    "tasks": "{} tasks",
    "task_ns": "tasks of {}",
    "window_ns": "window {}",
    "workers": "{} workers",
}


def name_panels(
    cells: pd.DataFrame, sweep: pd.DataFrame, facet: Sequence[str], beside: Sequence[str] = ()
) -> pd.Series[str]:
    """Name each of ``cells`` by its mechanism or the factors ``facet``, and by all else in which they differ.

    They are some of the cells of ``sweep``; ``beside`` are factors by which they differ within a panel. What varies in
    the sweep and is not alike in all of them is named, also of a single one that has it, such as the one channel beside
    a pool: so it can be found among the sweep's cells.
    """
    values = _values(cells, sweep)
    differ = [name for name, found in values.items() if len(found) > 1]
    of_mechanism = ("model", *(name for name in MECHANISM[1:] if name in differ))
    first = label_cells(cells, facet, ", ") if facet else label_cells(sweep, of_mechanism, "/")[cells.index]
    told = {*(facet or MECHANISM), *beside, "function"}
    further = [name for name in differ if name not in told]
    texts = zip(first, label_cells(cells.assign(workload=name_work(cells)), further, ", "), strict=True)
    names = pd.Series([", ".join(filter(None, pair)) for pair in texts], cells.index, dtype="str")
    return tell_apart(cells.assign(name=names), "name", beside)


def describe_common(cells: pd.DataFrame, sweep: pd.DataFrame, told: Collection[str]) -> str:
    """Return the factors of ``sweep`` that vary in it and are alike in all of ``cells``, but for those ``told``."""
    values = _values(cells, sweep).items()
    common = {name: found[0] for name, found in values if len(found) == 1 and found[0] and name not in told}
    return ", ".join(
        fill_plural(_COMMON.get(name, "{}"), text)
        for name, text in common.items()
        if not (name == "ipc" and text in BARE)
    )


def _values(cells: pd.DataFrame, sweep: pd.DataFrame) -> dict[str, list[str]]:
    """Return what ``cells`` have of each factor that is worth telling, in words; missing values are left out."""
    whole = sweep.assign(workload=name_work(sweep))
    texts = {name: write(whole, name).loc[cells.index].dropna() for name in _worth_telling(sweep)}
    return {name: [str(text) for text in found.unique()] for name, found in texts.items()}


def _worth_telling(sweep: pd.DataFrame) -> list[str]:
    """Return the factors that vary in the sweep; those of `IMPLIED` only if they do not follow from others."""
    known = [name for name in (*FACTORS, "variant") if name in sweep and name not in IMPLIED]
    vary = varying(sweep, [*known, *IMPLIED])
    needed = drop_implied(sweep, vary) if vary else []
    return [name for name in vary if name in needed or name not in IMPLIED]

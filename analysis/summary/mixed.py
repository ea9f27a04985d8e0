"""Runs of one sweep that were measured under several conditions, which ``on_change=keep`` allows."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.summary.caution import CONDITIONS, Caution
from breakeven.analysis.units import plural
from breakeven.base import modules, packages, variables
from breakeven.base.conditions import CONDITIONS as NAMES
from breakeven.base.conditions import ENVIRONMENT, PACKAGES, SOURCES
from breakeven.base.modules import enumerate_some

_OF_PARTS = {SOURCES: modules.mixed, PACKAGES: packages.mixed, ENVIRONMENT: variables.mixed}


def mixed_conditions(good: pd.DataFrame) -> Iterator[Caution]:
    """Warn of cells whose rounds were measured under several conditions, and of cells that were measured under others.

    Rounds are spread over the nodes of a cluster on purpose; what that means, `hosts` says.
    """
    good = _without_nodes(good)
    several = good.groupby("cell_id")[list(NAMES)].nunique(dropna=False).gt(1)
    within = several.columns[several.any()]
    if len(within):
        mixed = several[several.any(axis=1)]
        rounds = good[good["cell_id"].isin(mixed.index)]
        names = ", ".join(_condition(name, rounds) for name in within)
        text = (
            f"rounds of {len(mixed)} of {plural(len(several), 'cell')} were measured under several conditions "
            f"({names}): their interval covers that difference, too; on_change=remeasure measures them alike"
            f"{' once all nodes have the same' if rounds['node'].notna().any() else ''}"
        )
        yield Caution(CONDITIONS, text, frozenset(mixed.index.astype("str")), "m")
    between = {name: text for name, text in _between(good).items() if name not in within}
    if between:
        yield Caution(
            CONDITIONS,
            f"not all cells were measured under the same conditions ({', '.join(between.values())}): comparisons of cells "
            "cover that difference, too; on_change=remeasure measures them alike",
        )


def _without_nodes(good: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with one host and one CPU for all that were made on nodes."""
    here = good["node"].isna()
    return good.assign(**{name: good[name].where(here) for name in ("hostname", "cpu_model")})


def _condition(name: str, rounds: pd.DataFrame) -> str:
    """Return the name of a condition; of one that has parts, which of them are not the same in all rounds of a cell."""
    if name not in _OF_PARTS:
        return NAMES[name]
    texts = (found.fillna("").unique() for _, found in rounds.groupby("cell_id")[name])
    return _with_parts(name, {part for of_cell in texts for part in _OF_PARTS[name](of_cell)})


def _with_parts(name: str, parts: set[str]) -> str:
    known = parts - {""}
    return f"{NAMES[name]}: {enumerate_some(known)}" if known else NAMES[name]


def _between(good: pd.DataFrame) -> dict[str, str]:
    """Return in words which files and packages are not the same in all cells, though no cell chooses them.

    Functions may import different files and packages; one file, and one package of an interpreter, is the same for all.
    """
    files = modules.versions(good[SOURCES].dropna().unique())
    of_interpreters = [
        packages.versions(texts.dropna().unique())
        for _, texts in good.groupby(good["executable"].fillna(""))[PACKAGES]
    ]
    several = {
        SOURCES: {name for name, digests in files.items() if len(digests) > 1},
        PACKAGES: {name for known in of_interpreters for name, texts in known.items() if len(texts) > 1},
    }
    return {name: _with_parts(name, parts) for name, parts in several.items() if parts}

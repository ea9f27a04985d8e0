"""Threads without a GIL that slow each other down by the reference counts of objects that they share."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.summary.caution import SHARED, Caution
from breakeven.analysis.summary.wording import out_of, span

_CONSTANTS = "constants of "


def shared_counts(runs: pd.DataFrame, ratios: pd.Series[float]) -> Iterator[Caution]:
    """Yield a caution if workers that share counted objects are among the cells of ``ratios``, see `slowed`."""
    sharing = runs[runs["shared_counted"].notna() & runs["cell_id"].isin(ratios.index)]
    if sharing.empty:
        return
    ratios = ratios[ratios.index.isin(sharing["cell_id"])]
    row = sharing.index[sharing["cell_id"].eq(str(ratios.idxmax()))][0]
    roles = str(sharing.loc[row, "shared_counted"]).split("\n")
    text = (
        f"{out_of(len(ratios), runs['cell_id'].nunique())} threads fight over the reference counts of objects they "
        f"share, such as {_such_as(roles)}: a task takes {span(ratios, '{:.2g}'.format)} times as much CPU time as alone "
        f"(most: {name_cells(runs)[row]}, workers={sharing.loc[row, 'workers']}); {_remedy(roles)}"
    )
    yield Caution(SHARED, text, frozenset(map(str, ratios.index)), "c")


def _such_as(roles: list[str]) -> str:
    """Return the first role, and how many there are beside it; the last one may be a count itself."""
    first, *others = roles
    more = re.fullmatch(r"(\d+) more", others[-1]) if others else None
    rest = len(others) - 1 + int(more[1]) if more else len(others)
    the = "the " if first.startswith((_CONSTANTS, "defaults of ", "arguments of ")) else ""
    return f"{the}{first}{f' (and {rest} more)' if rest else ''}"


def _remedy(roles: list[str]) -> str:
    """Return the remedy; constants are counted only if their module was compiled when it was imported."""
    if not any(role.startswith(_CONSTANTS) for role in roles):
        return "make them in each thread, or copy them to it"
    return (
        "constants are counted in a module that was compiled when it was imported, not in one from its bytecode cache: "
        "unset PYTHONDONTWRITEBYTECODE; make other objects in each thread"
    )

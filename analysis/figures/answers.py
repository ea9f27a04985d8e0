"""Titles that say what follows, from the verdicts of what a figure shows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from breakeven.analysis.units import plural

PARALLEL, SERIAL = "parallel", "serial"


def choose_answers(verdicts: pd.DataFrame, cells: pd.Index[str]) -> pd.DataFrame:
    """Return the verdicts of questions of which ``cells`` hold a candidate, and the best candidate.

    Findings have no best one.
    """
    if verdicts.empty:
        return verdicts
    shown, asked = set(cells), verdicts[verdicts["cells"].isna()]  # findings have no candidates
    kept = [_is_shown(row, shown) for row in asked.to_dict("records")]
    return asked[np.array(kept, dtype=bool)]  # a list that is empty selects columns


def choose_clauses(verdicts: pd.DataFrame, cells: pd.Index[str]) -> tuple[str, ...]:
    """Return what was found of ``cells``, finding by finding, in a few words each."""
    found = verdicts[verdicts["cells"].notna()].to_dict("records")
    return tuple(str(row["clause"]) for row in found if row["clause"] and set(row["cells"]) & set(cells))


def _is_shown(verdict: Mapping[Hashable, Any], shown: set[str]) -> bool:
    best = {cell for cell in [verdict["cell_id"]] if isinstance(cell, str)}
    named = best.union(verdict["as_good"], verdict["slower"], verdict["undecided"])
    return best <= shown and bool(named & shown)


def describe_answers(answers: pd.DataFrame) -> str:
    """Return what follows in one clause; empty if no question that the figure shows is decided."""
    if answers.empty or not answers["decision"].isin([PARALLEL, SERIAL]).any():
        return ""
    if len(answers) == 1:
        return "; ".join(filter(None, map(str, answers[["clause", "beyond"]].iloc[0])))
    pays = answers[answers["decision"].eq(PARALLEL)]
    if pays.empty:
        open_ = (~answers["decision"].eq(SERIAL)).sum()
        rest = f" ({open_} not decided)" if open_ else ""
        return f"Parallel work surely pays in none of {plural(len(answers), 'setting')}{rest}"
    where = (
        "throughout" if len(pays) == len(answers) else f"in {len(pays)} of {plural(len(answers), 'setting')}"
    )
    plain = pays[pays["beyond"].eq("")]  # other speedups are not of parallel work alone
    if plain.empty:
        return f"Speedups {where}, but not from parallel work alone"
    best = plain.sort_values("speedup_low", ascending=False).iloc[0]
    clause = str(best["clause"])
    most = clause if ":" in clause else f"{best['question']} ({clause})"
    return f"Parallel work pays {where}, most for {most}"

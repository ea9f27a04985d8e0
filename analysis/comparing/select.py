"""The two sides of a comparison: results folders, and the selections from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from breakeven.analysis.comparing.facts import FACTS
from breakeven.analysis.errors import NoMatch
from breakeven.analysis.frames.configs import add_knobs
from breakeven.analysis.frames.load import load
from breakeven.analysis.frames.selection import Condition, read_conditions, select
from breakeven.base.layout import LATEST_SWEEP
from breakeven.base.text import shown


@dataclass(frozen=True)
class Side:
    """One side: its name (A or B), its folder, its selection, and the runs that match.

    ``runs`` are those with status ok; ``left_out`` are the others that match.
    """

    name: str
    path: Path
    conditions: tuple[Condition, ...]
    runs: pd.DataFrame
    left_out: pd.DataFrame

    def __str__(self) -> str:
        """Return folder and selection."""
        selected = ",".join(map(str, self.conditions))
        return f"{shown(self.path)}{':' if selected else ''}{selected}"


def open_side(name: str, text: str | Path, within: str | Path = LATEST_SWEEP) -> Side:
    """Open the side that ``text`` names: ``FOLDER``, ``FOLDER:key=value,...``, or ``key=value,...`` in ``within``.

    Raise BadInput if the folder is missing, a key unknown, a value unreadable, or no run matches.
    """
    folder, selection = _split(str(text), within)
    lab = load(folder)
    runs = add_knobs(lab.runs)
    conditions = read_conditions(selection, runs, name, FACTS) if selection else ()
    chosen = select(runs, conditions, f"{name}: {shown(lab.path)}")
    good = chosen["status"].eq("ok")
    side = Side(name, lab.path, conditions, chosen[good], chosen[~good])
    if side.runs.empty:
        statuses = ", ".join(sorted(side.left_out["status"].unique()))
        raise NoMatch(f"{name}: {side} has no run of status ok, only {statuses}; nothing can be compared")
    return side


def _split(text: str, within: str | Path) -> tuple[Path, str]:
    if "=" not in text or Path(text).is_dir():
        return Path(text), ""
    head, _, tail = text.partition("=")
    folder, _, key = head.rpartition(":")
    return Path(folder or within), f"{key}={tail}"

"""Where a line of speedups crosses 1 or another line, as far as the intervals show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

Write = Callable[[float], str]


def describe_crossings(frame: pd.DataFrame, along: str, write: Write) -> list[str]:
    """Return where mechanisms start or cease to pay along ``along``, else where one overtakes another.

    ``length`` is what is written of a point: a task of one ``along`` may take longer on one interpreter than on another.
    Empty if the intervals show neither.
    """
    lines = [
        (_name(mechanism, setting), points.set_index(along).sort_index())
        for (setting, mechanism), points in frame.groupby(["setting", "mechanism"], sort=False)
    ]
    found = [text for name, points in lines for text in _describe_break_even(name, points, write)]
    return found or list(_describe_overtaking(frame, along, write))


def _describe_break_even(name: str, points: pd.DataFrame, write: Write) -> Iterator[str]:
    side = _side(points["speedup_low"].gt(1), points["speedup_high"].lt(1))
    lengths = points["length"].groupby(level=0).first()
    for before, after in _changes(side):
        verb = "starts" if side[after] > 0 else "ceases"
        yield f"{name} {verb} to pay between {write(lengths[before])} and {write(lengths[after])}"


def _describe_overtaking(frame: pd.DataFrame, along: str, write: Write) -> Iterator[str]:
    for setting, cells in frame.groupby("setting", sort=False):
        lines = {str(name): points.set_index(along) for name, points in cells.groupby("mechanism")}
        for one, other in combinations(lines, 2):
            both = lines[one].merge(lines[other], left_index=True, right_index=True, suffixes=("", "_other"))
            both = both.sort_index()
            above = both["speedup_low"].gt(both["speedup_high_other"])
            side = _side(above, both["speedup_high"].lt(both["speedup_low_other"]))
            lengths = (both["length"] * both["length_other"]).groupby(level=0).first() ** 0.5
            for before, after in _changes(side):
                first, second = (one, other) if side[after] > 0 else (other, one)
                passed = f"{_name(first, setting)} overtakes {second}"
                yield f"{passed} between {write(lengths[before])} and {write(lengths[after])}"


def _side(above: pd.Series[bool], below: pd.Series[bool]) -> pd.Series[int]:
    """Return 1 or -1 for points whose intervals lie apart; leave the others out."""
    side = pd.Series(np.where(above, 1, np.where(below, -1, 0)), index=above.index)
    side = side[~side.index.duplicated()]
    return side[side.ne(0)].astype(int)


def _changes(side: pd.Series[int]) -> list[tuple[float, float]]:
    return [(one, other) for one, other in pairwise(side.index) if side[one] != side[other]]


def _name(mechanism: object, setting: object) -> str:
    return f"{mechanism} ({setting})" if setting else str(mechanism)

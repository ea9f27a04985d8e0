"""Where a mechanism starts or ceases to pay, and where one overtakes another.

The former by the verdicts, the latter by the intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from breakeven.analysis.verdicts.lines import Line
from breakeven.analysis.verdicts.payoff import FROM, UP_TO
from breakeven.analysis.verdicts.pays import say_payoff

Write = Callable[[float], str]


def describe_break_even(frame: pd.DataFrame, along: str, lines: Iterable[Line]) -> Iterator[str]:
    """Yield from where on the mechanisms of ``frame`` pay along ``along``, by cell_id.

    ``lines`` are those of the verdicts.
    """
    for line in lines:
        cells = [cell for cell in line.cells if cell in frame.index]
        if cells and line.axis == along and line.payoff.pays in {FROM, UP_TO}:
            yield f"{_name(*frame.loc[cells[0], ['mechanism', 'setting']])} {say_payoff(line)}"


def describe_overtaking(frame: pd.DataFrame, along: str, write: Write) -> Iterator[str]:
    """Yield where one mechanism overtakes another along ``along``.

    ``length`` is what is written of a point: a task of one ``along`` may take longer on one interpreter than on
    another.
    """
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

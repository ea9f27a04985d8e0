"""What a sweep says of every claim, interpreter by interpreter, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from breakeven.analysis.claims import CLAIMS
from breakeven.analysis.claims.claim import Claim, combine
from breakeven.analysis.claims.expectation import INCONCLUSIVE, Part
from breakeven.analysis.claims.repeat import repeat
from breakeven.analysis.frames.factors import write
from breakeven.analysis.frames.load import Lab


class Verdict(NamedTuple):
    """What a sweep says of a claim on one interpreter.

    The decision, what was seen, and the command that measures it again.
    """

    claim: Claim
    interpreter: str
    decision: str
    parts: tuple[Part, ...]
    again: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the cells behind it."""
        return tuple(dict.fromkeys(cell for part in self.parts for seen in part.seen for cell in seen.cells))

    @property
    def lacks(self) -> tuple[tuple[str, str], ...]:
        """Return what it takes to decide what is open, and the overrides that measure it."""
        open_ = (part for part in self.parts if part.decision == INCONCLUSIVE)
        return tuple(dict.fromkeys((part.lacks, part.run) for part in open_))


def judge(lab: Lab, ids: Iterable[str] = CLAIMS) -> list[Verdict]:
    """Return what ``lab`` says of the claims ``ids``, for each interpreter of which it has more than serial work."""
    return [verdict for name, own in _interpreters(lab) for verdict in _judge(lab, own, name, ids)]


def _judge(lab: Lab, own: Lab, name: str, ids: Iterable[str]) -> Iterator[Verdict]:
    for claim in (CLAIMS[name_] for name_ in ids):
        parts = claim.judge(lab if claim.builds else own)
        found = Verdict(claim, name, combine(parts), parts, "")
        yield found._replace(again=repeat(lab, found.cells))


def _interpreters(lab: Lab) -> list[tuple[str, Lab]]:
    """Return the interpreters that are judged, by name, each with the part of the sweep that is its own.

    Of a sweep that has nothing but serial work, all are judged as one: it can only compare them.
    """
    cells = lab.cells[lab.cells["status"].eq("ok")]
    if cells.empty:
        return [("", lab)]
    named = write(cells, "interpreter").fillna("")
    parallel = named[cells["model"].ne("serial")]
    if parallel.empty:
        return [(", ".join(dict.fromkeys(named.astype("str"))), lab)]
    judged = list(dict.fromkeys(parallel))
    if set(named) == set(judged[:1]):
        return [(str(judged[0]), lab)]
    return [(str(name), _part(lab, cells.loc[named.eq(name), "interpreter"])) for name in judged]


def _part(lab: Lab, interpreters: pd.Series[str]) -> Lab:
    """Return the part of a sweep that is of ``interpreters``, with the cells of theirs that never ran."""
    return lab.narrow(lab.cells.index[lab.cells["interpreter"].isin(interpreters)])

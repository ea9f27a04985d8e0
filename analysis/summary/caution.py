"""What a reader should know before believing a sweep's numbers, as records.

Of which cells, how important, in what words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby

FLAGS = {
    "a": "page faults that a task takes alone, and not in a worker, make much of its speedup",
    "s": "its speedup is above what its workers allow: not the same work, or disturbed",
    "v": "not verified: nobody compared its results",
    "x": "some of its runs failed",
    "b": "another run was beside some of its runs on the same machine",
    "k": "its rounds fall into two kinds",
    "m": "measured under several conditions",
    "w": "its interval is wider than asked",
    "d": "more than 10 % of its pairs of trials were disturbed",
    "c": "a task takes more CPU time in a worker than alone",
    "o": "oversubscribed: its tasks want more CPUs than there are",
    "n": "a task alone keeps several CPUs busy",
    "f": "page faults take a quarter of its CPU time or more",
    "t": "the time (measure.max_time) was over too early",
}
"""The letters that mark a cell in the table, and what they stand for there."""

SAME_WORK, KINDS, CONDITIONS, SLOWED, SHARED = "same work", "kinds", "conditions", "slowed", "shared counts"
NATIVE, FAULTS, FAULTS_ALONE, DISTURBED, UNSTEADY, OVER = (
    "native threads",
    "page faults",
    "page faults alone",
    "disturbed",
    "unsteady",
    "time over",
)
BESIDE, UNLIKE, HOSTS, PART = "beside another", "unlike hosts", "few hosts", "part of the inputs"
MISSING, NO_INTERVAL, ONE_PROCESS, OBSERVED = "missing", "no interval", "one process", "observed"

IMPORTANCE = (
    *(
        MISSING,
        BESIDE,
        UNLIKE,
        FAULTS_ALONE,
        SAME_WORK,
        "shared input",
        KINDS,
        CONDITIONS,
        HOSTS,
        NO_INTERVAL,
        SHARED,
        NATIVE,
        SLOWED,
        FAULTS,
    ),
    *(
        "gil",
        "cached",
        "cache",
        PART,
        DISTURBED,
        ONE_PROCESS,
        "window",
        "task",
        "calibrations",
        "calibrated",
        UNSTEADY,
        "warm-up",
    ),
    *("affinity", OVER, "arguments", "input", OBSERVED, "trace"),
)
"""All kinds of cautions, those first that can turn a decision over, and last what only explains a number.

Those that are not constants above are kinds of notes on runs, `breakeven.base.notes`.
"""


@dataclass(frozen=True)
class Caution:
    """One thing to know: its ``kind``, the ``cells`` for which it holds, what to say, and the letter that marks them.

    Every count in ``text`` is of the cells or runs for which it holds, and a number that differs among them is a range.
    A caution without ``text`` is said by its letter alone. ``typed`` is what an option of the command adds: the screen
    says it, a page, which has no command line, does not.
    """

    kind: str
    text: str = ""
    cells: frozenset[str] = frozenset()
    flag: str = ""
    typed: str = ""


def in_order(cautions: Iterable[Caution]) -> tuple[Caution, ...]:
    """Return ``cautions`` with one of each kind, the most important first; unknown kinds are last."""
    found = sorted(cautions, key=_importance)
    return tuple(_merge(list(alike)) for _, alike in groupby(found, key=lambda caution: caution.kind))


def _importance(caution: Caution) -> tuple[int, str]:
    known = caution.kind in IMPORTANCE
    return IMPORTANCE.index(caution.kind) if known else len(IMPORTANCE), caution.kind


def _merge(alike: list[Caution]) -> Caution:
    text = "; ".join(dict.fromkeys(caution.text for caution in alike if caution.text))
    return replace(alike[0], text=text, cells=frozenset().union(*(caution.cells for caution in alike)))

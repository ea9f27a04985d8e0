"""What threads do to what they share: updates that are lost, deadlocks, and what a lock costs."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.claims.cells import THREADS, named, pair, ratios, with_gil
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import Occurs, Within, counted
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.findings import counter, deadlock
from breakeven.analysis.findings.cells import cells_of
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.observed import of_processes
from breakeven.analysis.frames.rare import count_events, count_tasks

_WORKERS = 2
"""Workers that can race with each other."""

_COUNTER = "pattern=counter model=thread,process workers=2 pattern.step=literal,call pattern.lock=none,lock affinity=scatter"
_LOCKS = "pattern=deadlock model=thread workers=2 pattern.order=opposite"
_GIL = "threads with a GIL: interpreter=3.13, or another build that has one"


def _counters(lab: Lab, lock: str) -> pd.DataFrame:
    """Return the cells of two or more workers that share a number, with or without a lock."""
    cells = cells_of(lab, counter.PATTERN)
    if cells.empty:
        return cells
    return cells[cells[counter.LOCK].eq(lock) & cells["workers"].ge(_WORKERS)]


def _events(lab: Lab, cells: pd.DataFrame, quantity: str) -> list[Seen]:
    """Return how often ``quantity`` was seen in each of ``cells``."""
    tasks, events = count_tasks(lab), count_events(lab, quantity)
    seen = lab.observed[
        lab.observed["quantity"].eq(quantity) & lab.observed["kind"].eq("parallel")
    ].set_index("cell_id")
    return [
        counted(name, events.get(cell, 0), tasks[cell], (str(cell),), (seen["low"][cell], seen["high"][cell]))
        for cell, name in named(cells)
        if cell in seen.index
    ]


def _lost_free(lab: Lab) -> list[Seen]:
    return _events(lab, _counters(lab, "none"), counter.LOST)


def _lost_held(lab: Lab) -> list[Seen]:
    return _events(lab, _counters(lab, "lock"), counter.LOST)


def _lost_under_gil(lab: Lab) -> list[Seen]:
    cells = _counters(lab, "none")
    return _events(lab, with_gil(cells[cells["model"].isin(THREADS)]), counter.LOST)


def _price(lab: Lab) -> list[Seen]:
    """Return how long an update under a lock takes, divided by the time of one without."""
    held, free = _counters(lab, "lock"), _counters(lab, "none")
    if held.empty or free.empty:
        return []
    times = of_processes(lab.runs, lab.trials, lab.observations)
    times = times[times["quantity"].eq(counter.UPDATE) & times["kind"].eq("parallel")].set_index("cell_id")
    alike = (
        "model",
        "start_method",
        "workers",
        "window_ns",
        "affinity",
        "interpreter",
        "interpreter_flags",
        counter.STEP,
    )
    return ratios(pd.concat([held, free]), times["median"], pair(held, free, alike))


def _deadlocks(lab: Lab) -> list[Seen]:
    cells = cells_of(lab, deadlock.PATTERN)
    if cells.empty:
        return []
    opposite = cells[
        cells[deadlock.ORDER].eq("opposite") & cells["model"].isin(THREADS) & cells["workers"].ge(_WORKERS)
    ]
    return _events(lab, with_gil(opposite), deadlock.DEADLOCKS)


C12 = Claim(
    id="C12",
    text="Sharing a number without synchronisation loses updates; a lock prevents that, and costs time.",
    expects=(
        Occurs("updates lost without a lock", _lost_free, _COUNTER, counter.ENOUGH, "updates"),
        Occurs("updates lost under a lock", _lost_held, _COUNTER, counter.ENOUGH, "updates", ever=False),
        Within("time per update under a lock, divided by that without a lock", _price, _COUNTER, low=1.0),
    ),
    changes="an update that nothing interrupts (number += 1 in threads with a GIL), workers that take turns on one CPU",
    figure=Figure("observed", "pattern=counter"),
)

C17 = Claim(
    id="C17",
    text="The GIL makes threads safe: they neither deadlock nor lose updates.",
    expects=(
        Occurs(
            "deadlocks of threads with a GIL that take two locks in opposite order",
            _deadlocks,
            _LOCKS,
            deadlock.ENOUGH,
            "pairs of locks taken",
            ever=False,
            needs=_GIL,
        ),
        Occurs(
            "updates lost by threads with a GIL, without a lock",
            _lost_under_gil,
            _COUNTER,
            counter.ENOUGH,
            "updates",
            ever=False,
            needs=_GIL,
        ),
    ),
    changes="taking all locks in the same order, and a lock around everything that is shared; the GIL does neither",
    figure=Figure("observed", "pattern=deadlock"),
)

"""What handing data over costs: by reference and by copy, and whether it eats the gain."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.claims.cells import (
    PROCESSES,
    estimated,
    intervals,
    named,
    of_runs,
    ratio,
    select,
)
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import SHARE, Within
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.claims.work import passing
from breakeven.analysis.frames.load import Lab

_FLAT = 1.5
"""A time does not grow with a size if it grows by less than this over `_SPAN` of it."""

_SPAN = 64.0
"""How many times as large the largest payload must be as the smallest."""

_SHORT_NS = 100_000
_SMALL_BYTES, _LARGE_BYTES = 4 * 2**10, 2**20
_SIGNIFICANT = 0.1
"""Share of the workers' time from which it is not negligible."""

_ASKED = "payload_asked_bytes"
_ECHOES = "pattern=pingpong workers=1 payload=1KiB,1MiB model=thread ipc=reference"
_COPIES = "pattern=pingpong workers=1 payload=1KiB,1MiB model=process ipc=pipe"
_MAP = "model=process ipc=pipe workers=2 task=30us,300us,3ms payload=1KiB,1MiB"
_MECHANISM = ("model", "start_method", "ipc", "interpreter", "interpreter_flags", "affinity", "workers")


def _ends(cells: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the cells with the largest and the smallest payload of each mechanism, if they are `_SPAN` apart."""
    for _, own in cells.groupby(list(_MECHANISM), dropna=False, sort=False):
        sized = own.sort_values(_ASKED)
        least, most = sized[_ASKED].iloc[0], sized[_ASKED].iloc[-1]
        if least > 0 and most >= _SPAN * least:
            yield str(sized.index[-1]), str(sized.index[0])


def _grows(lab: Lab, model: str, *, by_reference: bool) -> list[Seen]:
    """Return how many times as long the largest payload takes there and back as the smallest."""
    cells = select(lab.estimates, "pingpong", (model,))
    mine = cells[cells["ipc"].eq("reference") == by_reference]
    labels, times = dict(named(mine)), of_runs(lab, "latency_p50_ns")
    return [
        ratio(f"{labels[most]} divided by {labels[least]}", times, most, least) for most, least in _ends(mine)
    ]


def _shared(lab: Lab) -> list[Seen]:
    return _grows(lab, "thread", by_reference=True)


def _copied(lab: Lab) -> list[Seen]:
    return _grows(lab, "process", by_reference=False)


def _maps(lab: Lab) -> pd.DataFrame:
    return select(lab.estimates, "map", PROCESSES, workers=2)


def _short(lab: Lab) -> list[Seen]:
    cells = _maps(lab)
    return estimated(cells[cells["task_ns"].le(_SHORT_NS) & cells[_ASKED].le(_SMALL_BYTES)], "speedup")


def _large(lab: Lab) -> list[Seen]:
    cells = _maps(lab)
    return estimated(cells[cells[_ASKED].ge(_LARGE_BYTES)], "speedup")


def _overhead(lab: Lab) -> list[Seen]:
    return intervals(passing(lab), _maps(lab))


C11 = Claim(
    id="C11",
    text="Threads share memory; processes do not, and must copy what they hand over.",
    expects=(
        Within(
            "median round trip of the largest payload between threads, by reference, divided by that of a payload at least 64 times smaller",
            _shared,
            _ECHOES,
            high=_FLAT,
        ),
        Within(
            "median round trip of the largest payload between processes, divided by that of a payload at least 64 times smaller",
            _copied,
            _COPIES,
            low=_FLAT,
        ),
    ),
    changes="shared memory between processes (ipc.access=view or resident), threads that copy",
    figure=Figure("latency"),
)

C15 = Claim(
    id="C15",
    text="If tasks are short or payloads large, processes do not pay, and can be slower than serial.",
    expects=(
        Within(
            "speedup of processes over serial with tasks of at most 100 us and payloads of at most 4 KiB",
            _short,
            _MAP,
            high=1.0,
            some=True,
        ),
        Within(
            "speedup of processes over serial with payloads of at least 1 MiB",
            _large,
            _MAP,
            high=1.0,
            some=True,
        ),
    ),
    changes="tasks handed over in chunks (model.chunksize), shared memory, longer tasks, smaller payloads",
    figure=Figure("breakeven"),
)

C19 = Claim(
    id="C19",
    text="Packing, sending and receiving can take a significant part of the workers' time.",
    expects=(
        Within(
            "share of the processes' time that goes into serialising, sending, receiving and deserialising",
            _overhead,
            _MAP,
            low=_SIGNIFICANT,
            unit=SHARE,
            some=True,
        ),
    ),
    changes="longer tasks, smaller payloads, fewer messages (chunks), another channel",
    figure=Figure("overhead", "model=process,ipc=pipe"),
)

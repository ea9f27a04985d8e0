"""Results that arrive as they were computed.

The claim is of pools and queues, of which every trial compares each result with the serial one.
"""

from __future__ import annotations

from functools import partial
from math import nan

import pandas as pd

from breakeven.analysis.claims.cells import named, of_runs, pair, ratios
from breakeven.analysis.claims.claim import Claim, Figure
from breakeven.analysis.claims.expectation import Occurs, Within, counted
from breakeven.analysis.claims.pipes import torn_messages
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rare import count_tasks

ENOUGH = 10_000
"""Results, or messages, that arrived right before that is said to be more than a lack of them."""

_WRONG = "returned a different result from the serial call"
"""What the reason of a run says that ended since a result was wrong."""


def results(lab: Lab, model: str, ipc: str) -> list[Seen]:
    """Return how many results were wrong in cells of fixed work with ``model`` and ``ipc``.

    A run ends at the first one.
    """
    cells = lab.cells
    mine = cells[
        cells["pattern"].eq("map")
        & cells["model"].eq(model)
        & cells["ipc"].eq(ipc)
        & cells["verify"].ne("none")
    ]
    if mine.empty:
        return []
    right, wrong = count_tasks(lab), _wrong(lab)
    return [
        counted(name, wrong.get(cell, 0), right.get(cell, 0) + wrong.get(cell, 0), (cell,), (nan, nan))
        for cell, name in named(mine)
        if right.get(cell, 0) + wrong.get(cell, 0)
    ]


def _wrong(lab: Lab) -> pd.Series[int]:
    """Return how many runs of each cell ended at a wrong result."""
    ended = lab.runs[lab.runs["reason"].fillna("").str.contains(_WRONG, regex=False)]
    return ended.groupby("cell_id").size()


def _setup(lab: Lab) -> list[Seen]:
    """Return how long a queue takes until its first message is back between processes, divided by that of a pipe."""
    cells = lab.estimates[lab.estimates["model"].eq("process")]
    queues, pipes = (cells[cells["ipc"].eq(ipc)] for ipc in ("queue", "pipe"))
    took = of_runs(lab, "channel_construction_ns", "first_message_ns")
    alike = (
        "pattern",
        "workload",
        "function",
        "workers",
        "start_method",
        "affinity",
        "interpreter",
        "interpreter_flags",
    )
    return ratios(
        pd.concat([queues, pipes]), took, pair(queues, pipes, (*alike, "task_ns", "payload_asked_bytes"))
    )


_POOL = "model=mp_pool workers=2 task=30us payload=1KiB,64KiB"
_QUEUES = "model=process ipc=queue,pipe workers=2 task=50us payload=1KiB"
_PIPE = "pattern=shared_pipe model=thread,process workers=4 tasks=1000 payload=64B"

C05 = Claim(
    id="C05",
    text="A pool hands out the inputs and collects the results by itself.",
    expects=(
        Occurs(
            "results of multiprocessing.Pool.starmap that differ from those of the serial call",
            partial(results, model="mp_pool", ipc="native"),
            _POOL,
            ENOUGH,
            "results",
            ever=False,
        ),
    ),
    changes="results that are not compared (workload.verify=none), inputs that a task changes",
    figure=Figure("scaling", "model=mp_pool"),
)

C13 = Claim(
    id="C13",
    text="A queue.Queue is safe between threads; a pipe that several threads use at once can be corrupted.",
    expects=(
        Occurs(
            "wrong results through a queue.Queue between threads",
            partial(results, model="thread", ipc="queue"),
            "model=thread ipc=queue workers=2 task=30us payload=1KiB",
            ENOUGH,
            "results",
            ever=False,
        ),
        Occurs(
            "messages lost, torn or duplicated in a pipe that threads share without a lock",
            partial(torn_messages, model="thread"),
            _PIPE,
            ENOUGH,
            "messages",
        ),
    ),
    changes="a lock for each end of the pipe (pattern.lock=lock); messages written and read by one call each (pattern.form=raw)",
    figure=Figure("observed", "pattern=shared_pipe"),
)

C14 = Claim(
    id="C14",
    text="A multiprocessing.Queue is safe between processes and sturdier than a shared pipe, but takes longer to set up.",
    expects=(
        Occurs(
            "wrong results through a multiprocessing.Queue between processes",
            partial(results, model="process", ipc="queue"),
            _QUEUES,
            ENOUGH,
            "results",
            ever=False,
        ),
        Occurs(
            "messages lost, torn or duplicated in a pipe that processes share without a lock",
            partial(torn_messages, model="process"),
            _PIPE,
            ENOUGH,
            "messages",
        ),
        Within(
            "time to open a multiprocessing.Queue and get the first message back, divided by that of a pipe",
            _setup,
            _QUEUES,
            low=1.0,
        ),
    ),
    changes="a lock for each end of the pipe; another start method; a machine on which threads start faster (a queue starts a thread)",
    figure=Figure("channels"),
)

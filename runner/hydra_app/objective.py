"""The value of a cell for a sweeper that optimises, such as Optuna's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count, islice, takewhile
from statistics import median
from typing import Any

from breakeven.runner.config.cell import parse
from breakeven.runner.config.parsing import AUTO
from breakeven.runner.planning.cells import fingerprint
from breakeven.runner.planning.request import Request
from breakeven.runner.store import Sweep


def cell_value(sweep: Sweep, request: Request) -> float:
    """Return `worth` of the stored runs of a cell."""
    cell_id = fingerprint(parse(request.plain), request.plain["engine"]["name"])
    stored = (sweep.read_run(cell_id, round_) for round_ in count())
    rounds = request.plain["rounds"]
    if rounds == AUTO:  # its rounds are stored one after the other
        return worth(row for row in takewhile(lambda row: row is not None, stored) if row is not None)
    return worth(row for row in islice(stored, rounds) if row is not None)


def worth(rows: Iterable[Mapping[str, Any]]) -> float:
    """Return the median over rounds of ``speedup``, or of ``throughput_per_s`` if the pattern has no speedup.

    More is better. It is 0.0 if nothing was measured: the cell cannot exist, or all its runs failed.
    """
    found = [
        row["throughput_per_s"] if row["speedup"] is None else row["speedup"]
        for row in rows
        if row["status"] == "ok"
    ]
    return float(median(found)) if found else 0.0

"""Write a trace of runs to a file, which is whole or absent."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from breakeven.analysis.errors import TraceUnwritable
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.traces._abc import Format
from breakeven.analysis.traces.places import Place, Times
from breakeven.analysis.traces.recorded import Row, read_placed, read_rows, read_trials
from breakeven.analysis.traces.timeline import Counts, Recorded, Timeline
from breakeven.base.aside import written_aside
from breakeven.base.keys import Key


def export(lab: Lab, runs: pd.DataFrame, path: Path, *, format_: type[Format], place: Place) -> Counts:
    """Write the trace of ``runs`` to ``path``, and return what it has; raise BadInput.

    ``runs`` are rows of that table with a ``name``.

    One trial at a time is held. The file is written under another name and renamed, so that readers find the old one or
    the new.
    """
    rows = [{str(name): value for name, value in row.items()} for row in runs.to_dict("records")]
    times = [_times(lab, row) for row in rows]
    shifts = place(times)
    try:
        with written_aside(path) as aside, aside.open("wb") as file, format_(file) as trace:
            timeline = Timeline(trace)
            for run, time, shift in zip(rows, times, shifts, strict=True):
                timeline.write(_recorded(lab, run, time, shift))
    except OSError as error:
        raise TraceUnwritable(
            f"cannot write the trace to {path}: {error.strerror}; name another file with -o"
        ) from error
    return timeline.counts


def _times(lab: Lab, run: Row) -> Times:
    """Return when a run began and ended.

    If it does not say so: when its first trial began and its last one ended.
    """
    machine = str(run["hostname"] if pd.isna(run["machine"]) else run["machine"])
    if not (pd.isna(run["began_ns"]) or pd.isna(run["ended_ns"])):
        return Times(int(run["began_ns"]), int(run["ended_ns"]), machine)
    trials = read_placed(lab, _key(run))
    begins = [int(row["start_ns"]) for row in trials]
    ends = [int(row["start_ns"] + row["wall_ns"]) for row in trials]
    return Times(min(begins), max(ends), machine)


def _recorded(lab: Lab, run: Row, times: Times, shift_ns: int) -> Recorded:
    key = _key(run)
    return Recorded(
        name=str(run["name"]),
        run=run,
        trials=read_placed(lab, key),
        workers={int(row["worker"]): row for row in read_rows(lab, key, "workers")},
        spans=read_trials(lab, key),
        began_ns=times.began_ns,
        ended_ns=times.ended_ns,
        shift_ns=shift_ns,
    )


def _key(run: Row) -> Key:
    return str(run["cell_id"]), int(run["round"])

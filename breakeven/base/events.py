"""The events of a sweep: ``events.jsonl`` for programs, with ``sweep.log`` beside it for people.

Both files only ever grow: a resumed sweep appends to them. A line of events is one JSON object,
appended by a single write(2), so that a reader never sees half a line unless the writer was killed or the
disk was full; the next writer then begins a new line. Every event has ``event`` and ``at`` (ISO 8601, UTC);
readers must ignore events and keys that they do not know. The events are:

``sweep_began`` ``pid``, ``host``, ``sweep`` (its folder), ``total`` (runs planned, not counting incompatible cells),
``done`` (those already stored), ``waiting`` (those to make now), ``incompatible`` (runs that cannot exist),
``command``. ``run_incompatible`` ``cell_id``, ``round``, ``cell`` (in words), ``function`` (the user's,
``module:callable``, or null), ``payload_asked_bytes`` (null if the knob payload has no effect), ``reason``.
``calibration_began`` ``task`` (in words), ``number`` (from 1) ``of`` the tasks to calibrate before the first run.
``run_began`` ``cell_id``, ``round``, ``cell``, ``function``, ``payload_asked_bytes``, ``number`` (from 1) ``of`` the
runs to make now; null if precision decides. ``run_placed`` ``cell_id``, ``round``, ``node``: a run that began got to a
node; again if that was lost and it was moved. ``nodes_changed`` ``nodes``: the names of the engine's nodes from now on.
``run_ended`` the fields of ``run_began``, and ``status``, ``reason``, ``wall_ns``; ``ok``, ``failed`` and
``incompatible``, the counts so far; if precision decides, ``decided`` of ``cells``; and ``seconds_left``, an estimate
for the remaining runs, null if there is none. ``note`` ``text``. ``sweep_ended`` ``how``: done, over_budget (with
runs that are still to be made), interrupted, stopped (by on_failure, max_failures, changed code or lost nodes) or
not_stored; ``code``, the exit code.

A sweep whose last event is not ``sweep_ended`` is running or was killed; the file ``.writer`` shows which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from breakeven.base.layout import SweepPaths

DONE, OVER_BUDGET, INTERRUPTED, STOPPED, NOT_STORED = ENDS = (
    *("done", "over_budget"),
    *("interrupted", "stopped", "not_stored"),
)
"""The ways in which a sweep ends."""


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """Return the events in the file ``path``, oldest first; an empty list if there is no file. Raise OSError.

    Lines that are not events are skipped: the last one may be torn or still incomplete.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return []
    found = (_event(line) for line in data.split(b"\n"))
    return [event for event in found if event is not None]


def of_last_launch(events: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the events of the last launch among ``events``; none if none began."""
    begins = [place for place, event in enumerate(events) if event["event"] == "sweep_began"]
    return events[begins[-1] :] if begins else []


def was_too_short(folder: Path) -> bool:
    """Return whether the budget of the last launch was over before any run: another one like it makes none, either."""
    try:
        events = of_last_launch(read_events(SweepPaths(folder).events))
    except OSError:
        return False
    ended = bool(events) and events[-1]["event"] == "sweep_ended" and events[-1].get("how") == OVER_BUDGET
    return ended and not any(event["event"] == "run_ended" for event in events)


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None

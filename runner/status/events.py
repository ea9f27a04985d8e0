"""The events of a sweep: ``events.jsonl`` for programs, with ``sweep.log`` beside it for people.

Both only ever grow: a sweep that is carried on goes on in the same files. A line of events is one JSON object, written
by one write(2) to the file's end, so that a reader never sees half of one, unless the writer was killed or the disk was
full; the next writer then begins on a line of its own. Every event has ``event`` and ``at`` (ISO 8601, UTC); readers
are to ignore events and keys that they do not know. The events are:

``sweep_began``
    ``pid``, ``host``, ``sweep`` (its folder), ``total`` (runs planned, incompatible cells not counted), ``done`` (of
    them, stored before), ``waiting`` (of them, to be made now), ``incompatible`` (runs that cannot exist), ``command``.
``run_incompatible``
    ``cell_id``, ``round``, ``cell`` (in words), ``reason``.
``run_began``
    ``cell_id``, ``round``, ``cell``, ``number`` (from 1) ``of`` those to be made now.
``run_ended``
    the same, and ``status``, ``reason``, ``wall_ns``; ``ok``, ``failed`` and ``incompatible``, the counts so far; and
    ``seconds_left``, an estimate for the rest, null if there is none.
``note``
    ``text``.
``sweep_ended``
    ``how``: done, interrupted, stopped (by on_failure or max_failures) or not_stored; ``code``, the exit code.

A sweep whose last event is not ``sweep_ended`` is running or was killed; the file ``.writer`` tells which.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DONE, INTERRUPTED, STOPPED, NOT_STORED = ENDS = ("done", "interrupted", "stopped", "not_stored")
"""How a sweep ends."""


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """Return the events in the file ``path``, oldest first; none if there is no file. Raise OSError.

    Lines that are no events are left out: the last one may be torn, or be in the making.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return []
    found = (_event(line) for line in data.split(b"\n"))
    return [event for event in found if event is not None]


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("event"), str) else None

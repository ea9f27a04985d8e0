"""What happens in a sweep, told twice: ``events.jsonl`` for programs, ``sweep.log`` for people.

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
import os
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from breakeven.base.text import printable, shown
from breakeven.runner.engines import Run
from breakeven.runner.store import NotStored, Sweep
from breakeven.runner.sweep.progress import describe

DONE, INTERRUPTED, STOPPED, NOT_STORED = "done", "interrupted", "stopped", "not_stored"
"""How a sweep ended."""

_INDENT = "\n    "


class Journal:
    """Writes both files, as a context manager; every method raises NotStored where that fails.

    ``echo`` is given each line of events as well, without its end.
    """

    def __init__(self, sweep: Sweep, echo: Callable[[str], None] | None = None) -> None:
        self._sweep = sweep
        self._echo = echo
        self._events = _Appended(sweep.events)
        self._log = _Appended(sweep.log)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close both files; idempotent."""
        self._events.close()
        self._log.close()

    def sweep_began(self, *, total: int, done: int, incompatible: int, waiting: int, command: str) -> None:
        """Tell what is to be done; ``command`` is what was typed."""
        counts = {"total": total, "done": done, "incompatible": incompatible, "waiting": waiting}
        about = {"pid": os.getpid(), "host": socket.gethostname(), "sweep": shown(self._sweep.path)}
        self._event("sweep_began", **about, **counts, command=command)
        self._say(
            f"sweep {about['sweep']} began on host {about['host']}, pid {about['pid']}",
            f"typed: {command}",
            f"{total} runs, {done} already done, {waiting} to be made; {incompatible} incompatible",
        )

    def run_incompatible(self, run: Run, reason: str) -> None:
        """Tell that a run cannot exist."""
        self._event("run_incompatible", **_about(run), reason=reason)
        self._say(f"incompatible: {_named(run)}", reason)

    def run_began(self, run: Run, *, number: int, of: int) -> None:
        """Tell that a run is being made, the one of that number."""
        self._event("run_began", **_about(run), number=number, of=of)
        self._say(f"run {number}/{of} began: {_named(run)}")

    def run_ended(
        self,
        run: Run,
        row: Mapping[str, Any],
        *,
        number: int,
        of: int,
        ok: int,
        failed: int,
        incompatible: int,
        seconds_left: float | None,
    ) -> None:
        """Tell how a run ended by its stored row, what it said included, and how the sweep stands."""
        ended = {name: row.get(name) for name in ("status", "reason", "wall_ns")}
        counts = {"ok": ok, "failed": failed, "incompatible": incompatible, "seconds_left": seconds_left}
        self._event("run_ended", **_about(run), number=number, of=of, **ended, **counts)
        said = [str(row[name]) for name in ("reason", "notes", "stderr") if row.get(name)]
        self._say(f"run {number}/{of} ended {row['status']}{_length(row)}", *said)

    def note(self, text: str) -> None:
        """Tell something else that a user should know."""
        self._event("note", text=text)
        self._say(f"note: {text}")

    def sweep_ended(self, how: str, code: int) -> None:
        """Tell the end: one of the words above, and the exit code."""
        self._event("sweep_ended", how=how, code=code)
        self._say(f"sweep ended: {how.replace('_', ' ')}, exit code {code}")

    def _event(self, event: str, **about: Any) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"event": event, "at": at, **about})
        self._events.append(f"{line}\n")
        if self._echo is not None:
            self._echo(line)

    def _say(self, *texts: str) -> None:
        """Add an entry: local time with its offset from UTC, the first text, the others indented below it."""
        at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        lines = [line for text in texts for line in printable(text, lines=True).split("\n")]
        self._log.append(f"{at} {_INDENT.join(lines)}\n")


def _about(run: Run) -> dict[str, Any]:
    return {"cell_id": run.cell_id, "round": run.round, "cell": describe(run.cell)}


def _named(run: Run) -> str:
    return f"{describe(run.cell)} (cell {run.cell_id}, round {run.round})"


def _length(row: Mapping[str, Any]) -> str:
    return "" if row.get("wall_ns") is None else f" after {row['wall_ns'] / 1e9:.2f} s"


class _Appended:
    """A file that whole lines are added to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            torn = self._is_torn()
        except OSError as error:
            self.close()
            raise self._not_stored(error.strerror) from error
        if torn:
            self.append("\n")

    def append(self, text: str) -> None:
        """Add ``text`` in one piece; raises NotStored."""
        data = text.encode("utf-8", "backslashreplace")
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            raise self._not_stored(error.strerror) from error
        if written != len(data):
            raise self._not_stored("only a part of a line was written; the disk is full")

    def close(self) -> None:
        """Close it; idempotent."""
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_torn(self) -> bool:
        """Tell whether the last line lacks its end: its writer was killed, or the disk was full."""
        size = os.fstat(self._descriptor).st_size
        return size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def _not_stored(self, why: str | None) -> NotStored:
        return NotStored(f"cannot write {self._path}: {why}; what was measured is kept")


def read_events(path: Path) -> list[dict[str, Any]]:
    """Give the events in the file ``path``, oldest first; none where there is no file. Raises OSError.

    Lines that are no events are left out: the last one may be torn, or be in the making.
    """
    try:
        data = path.read_bytes()
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

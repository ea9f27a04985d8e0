"""Events for people: ``sweep.log``, with the local time of each event and the stderr of each run."""

from __future__ import annotations

import os
import socket
from datetime import datetime

from breakeven.base.text import plural, printable, shown
from breakeven.runner.config.naming import describe, describe_task, numbered
from breakeven.runner.planning.run import Run
from breakeven.runner.store import AppendedFile
from breakeven.runner.sweep.observer import (
    CalibrationBegan,
    NodesChanged,
    Noted,
    RunBegan,
    RunEnded,
    RunIncompatible,
    RunPlaced,
    SweepBegan,
    SweepEnded,
    SweepEvent,
)

_INDENT = "\n    "


class Log:
    """Appends an entry for each event to ``file``."""

    def __init__(self, file: AppendedFile) -> None:
        self._file = file

    def notify(self, event: SweepEvent) -> None:
        """Write one entry: local time with its UTC offset and the heading, then the other texts, indented."""
        at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        lines = [line for text in texts(event) for line in printable(text, lines=True).split("\n")]
        self._file.append(f"{at} {_INDENT.join(lines)}\n")

    def close(self) -> None:
        """Close the file; idempotent."""
        self._file.close()


def texts(event: SweepEvent) -> list[str]:  # noqa: PLR0911  # one for each kind of event
    """Return the texts of an event's entry, the heading first."""
    match event:
        case SweepBegan():
            return [
                f"sweep {shown(event.sweep)} began on host {socket.gethostname()}, pid {os.getpid()}",
                f"command: {event.command}",
                f"{_counts(event)}; {event.incompatible} incompatible",
            ]
        case RunIncompatible():
            return [f"incompatible: {_name(event.run)}", event.reason]
        case CalibrationBegan():
            return [f"calibrating {describe_task(event.cell)} ({numbered(event.number, event.of)})"]
        case RunBegan():
            return [f"run {numbered(event.number, event.of)} began: {_name(event.run)}"]
        case RunPlaced():
            return [f"on node {event.node}: {_name(event.run)}"]
        case NodesChanged():
            return [f"nodes: {', '.join(event.nodes) or 'none'}"]
        case RunEnded():
            return [
                _ended(event),
                *(str(event.row[name]) for name in ("reason", "notes", "stderr") if event.row.get(name)),
            ]
        case Noted():
            return [f"note: {event.text}"]
        case SweepEnded():
            return [f"sweep ended: {event.how.replace('_', ' ')}, exit code {event.code}"]


def _counts(event: SweepBegan) -> str:
    return f"{plural(event.total, 'run')}, {event.done} already done, {event.waiting} to make"


def _name(run: Run) -> str:
    return f"{describe(run.cell, run.distinct)} (cell {run.cell_id}, round {run.round})"


def _ended(event: RunEnded) -> str:
    wall_ns = event.row.get("wall_ns")
    after = "" if wall_ns is None else f" after {wall_ns / 1e9:.2f} s"
    return f"run {numbered(event.tally.ended, event.tally.of)} ended {event.status}{after}"

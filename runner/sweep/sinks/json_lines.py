"""Events for programs: one JSON object per line, as described in `breakeven.base.events`."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from breakeven.base.json_text import json_text
from breakeven.base.text import shown
from breakeven.runner.config.naming import describe, describe_task
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


class JsonLines:
    """Appends a line for each event to ``file`` and passes the same line to each of ``echoes``."""

    def __init__(self, file: AppendedFile, echoes: Sequence[Callable[[str], None]] = ()) -> None:
        self._file = file
        self._echoes = echoes

    def notify(self, event: SweepEvent) -> None:
        """Write one event; raise NotStored."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        name, about = as_data(event)
        line = json_text({"event": name, "at": at, **about}) + "\n"
        self._file.append(line)
        for echo in self._echoes:
            echo(line)

    def close(self) -> None:
        """Close the file; idempotent."""
        self._file.close()


def as_data(event: SweepEvent) -> tuple[str, Mapping[str, Any]]:  # noqa: PLR0911  # one for each kind of event
    """Return the name of an event and its fields, as plain data."""
    match event:
        case SweepBegan():
            counts = {name: getattr(event, name) for name in ("total", "done", "waiting", "incompatible")}
            about = {"pid": os.getpid(), "host": socket.gethostname(), "sweep": shown(event.sweep)}
            return "sweep_began", about | counts | {"command": event.command}
        case RunIncompatible():
            return "run_incompatible", _about(event.run) | {"reason": event.reason}
        case CalibrationBegan():
            return "calibration_began", {
                "task": describe_task(event.cell),
                "number": event.number,
                "of": event.of,
            }
        case RunBegan():
            return "run_began", _about(event.run) | {"number": event.number, "of": event.of}
        case RunPlaced():
            return "run_placed", {
                "cell_id": event.run.cell_id,
                "round": event.run.round,
                "node": event.node,
            }
        case NodesChanged():
            return "nodes_changed", {"nodes": list(event.nodes)}
        case RunEnded():
            return "run_ended", _about(event.run) | _ended(event)
        case Noted():
            return "note", {"text": event.text}
        case SweepEnded():
            return "sweep_ended", {"how": event.how, "code": event.code}


def _about(run: Run) -> dict[str, Any]:
    asked = None if "payload_bytes" in run.cell.effectless else run.cell.payload_bytes
    return {
        "cell_id": run.cell_id,
        "round": run.round,
        "cell": describe(run.cell, run.distinct),
        "function": run.cell.function,
        "payload_asked_bytes": asked,
    }


def _ended(event: RunEnded) -> dict[str, Any]:
    tally = event.tally
    return {
        "number": tally.ended,
        "of": tally.of,
        **{name: event.row.get(name) for name in ("status", "reason", "wall_ns")},
        "ok": tally.ok,
        "failed": tally.failed,
        "incompatible": tally.incompatible,
        **({"decided": tally.decided, "cells": tally.cells} if tally.cells else {}),
        "seconds_left": event.seconds_left,
    }

"""The state of a sweep, read from its folder; nothing is written or locked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import time
from typing import Any

from breakeven.base.errors import ResultsMissing
from breakeven.base.events import DONE, INTERRUPTED, of_last_launch, read_events
from breakeven.base.keys import Key
from breakeven.base.layout import SweepPaths
from breakeven.base.results import no_folder, other_folders, planned_runs
from breakeven.base.statuses import FAILED, STATUSES
from breakeven.base.text import printable
from breakeven.runner.errors import OutputsUnreadable
from breakeven.runner.locks import DEAD_SECONDS, Holder
from breakeven.runner.store import Stored, Sweep

RUNNING, STARTING = "running", "starting"
"""The states other than the ways to end: making runs; planning or waiting for the machine."""

_TAIL_BYTES = 1 << 16
_MOST = 1e15  # a larger number is neither a count nor a time


@dataclass(frozen=True)
class Sight:
    """The state of a sweep at ``now``: its stored runs, its events and its writer."""

    path: Path
    stored: Stored
    events: Sequence[Mapping[str, Any]]
    writer: Holder | None
    now: datetime

    @classmethod
    def of(cls, path: Path) -> Sight:
        """Read the results folder ``path``; raise ResultsMissing or OutputsUnreadable."""
        if not SweepPaths(path).exists():
            raise ResultsMissing(
                f"{no_folder(path, empty=True)}; name {other_folders(path.parent, empty=True)}"
            )
        sweep = Sweep(path.resolve())  # `latest` may be moved to another sweep meanwhile
        try:
            # The writer before the events: if it ends in between, the events read afterwards hold its end.
            writer = _writer(sweep.writer)
            events = of_last_launch(read_events(sweep.events))
        except OSError as error:
            raise OutputsUnreadable.from_os_error(error, "name another folder") from error
        return cls(sweep.path, sweep.stored(check_parts=False), events, writer, datetime.now(UTC))

    @cached_property
    def state(self) -> str:
        """Return running, starting, or how the sweep ended: done, over_budget, interrupted, stopped or not_stored."""
        if self.writer is not None:
            began = self._last("sweep_began")
            return RUNNING if began.get("pid") == self.writer.pid else STARTING
        if self.events:
            return _text(self._last("sweep_ended"), "how") or INTERRUPTED
        return INTERRUPTED if self.waiting or not self.stored.rows else DONE

    @property
    def is_complete(self) -> bool:
        """Return whether all planned runs are stored and ok."""
        return self.state == DONE and not (self.waiting or self.failed or self.stored.damaged)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Return how many runs there are by status, and how many still wait (``waiting``)."""
        found = Counter(row["status"] for row in self.stored.rows.values())
        return {status: found[status] for status in STATUSES} | {"waiting": self.waiting}

    @cached_property
    def waiting(self) -> int:
        """Return how many runs are still to be made, including the current one."""
        if self.events:
            ended: int = sum(event["event"] == "run_ended" for event in self.events)
            return max(int(_number(self._last("sweep_began"), "waiting") or 0) - ended, 0)
        there = {f"{cell_id}-{round_}" for cell_id, round_ in self.stored.rows}
        return len(planned_runs(self.path) - there)

    @cached_property
    def under_way(self) -> list[dict[str, Any]]:
        """Return the runs under way, in the order of their nodes.

        Each has its cell in words, cell_id, round, node (None at home) and seconds.
        """
        if self.state != RUNNING:
            return []
        found = [
            {
                "cell": _text(began, "cell"),
                "cell_id": key[0],
                "round": key[1],
                "node": node,
                "seconds": self._since(_moment(began)),
            }
            for key, (began, node) in self._begun.items()
        ]
        return sorted(found, key=lambda run: run["node"] or "")

    @cached_property
    def _begun(self) -> dict[Key, tuple[Mapping[str, Any], str | None]]:
        """Return the events that began runs which have not ended, each with the run's node, by key in their order."""
        begun: dict[Key, tuple[Mapping[str, Any], str | None]] = {}
        for event in self.events:
            key = _key(event)
            if key is None:
                continue
            if event["event"] == "run_began":
                begun[key] = event, None
            elif event["event"] == "run_placed" and key in begun:
                begun[key] = begun[key][0], _text(event, "node")
            elif event["event"] == "run_ended":
                begun.pop(key, None)
        return begun

    @cached_property
    def nodes(self) -> list[str]:
        """Return the nodes of the engine while the sweep runs; none at home."""
        known = self._last("nodes_changed").get("nodes") if self.state == RUNNING else None
        return [printable(name) for name in known if isinstance(name, str)] if isinstance(known, list) else []

    @property
    def free_nodes(self) -> list[str]:
        """Return the nodes that make no run."""
        busy = {run["node"] for run in self.under_way}
        return [node for node in self.nodes if node not in busy]

    @property
    def queued(self) -> int:
        """Return how many runs wait for their turn."""
        return max(self.waiting - len(self.under_way), 0)

    @cached_property
    def present(self) -> Mapping[str, Any] | None:
        """Return the event that began the current run, the latest of several.

        None between runs and after the sweep.
        """
        begun = list(self._begun.values()) if self.state == RUNNING else []
        return begun[-1][0] if begun else None

    @property
    def seconds(self) -> float | None:
        """Return how long the sweep has been running."""
        if self.writer is None:
            return None
        return self._since(_moment(self._last("sweep_began")) if self.state == RUNNING else self.writer.since)

    @property
    def present_seconds(self) -> float | None:
        """Return how long the current run has been running."""
        return self._since(_moment(self.present)) if self.present else None

    @property
    def seconds_left(self) -> float | None:
        """Return the time left, from the estimate at the end of the last run; None if unknown."""
        ended = self._last("run_ended")
        left, passed = _number(ended, "seconds_left"), self._since(_moment(ended))
        if self.state != RUNNING or left is None or passed is None:
            return None
        return max(left - passed, 0.0)

    @cached_property
    def failed(self) -> list[dict[str, Any]]:
        """Return the runs that failed: cell in words, cell_id, round, status, reason."""
        known = {_key(event): _text(event, "cell") for event in self.events}
        rows = [(key, row) for key, row in self.stored.rows.items() if row["status"] in FAILED]
        found = [
            {
                "cell": known.get(key) or _described(row),
                **{name: row[name] for name in ("function", "cell_id", "round", "status", "reason")},
            }
            for key, row in rows
        ]
        return sorted(found, key=lambda run: (run["cell"], run["cell_id"], run["round"]))

    def log(self, lines: int) -> list[str]:
        """Return the last lines of the sweep's log; an empty list if there is no log."""
        try:
            with SweepPaths(self.path).log.open("rb") as file:
                file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return text.splitlines()[-lines:] if lines else []

    def as_data(self, lines: int) -> dict[str, Any]:
        """Return the whole state as plain data."""
        writer = self.writer or Holder()
        return {
            "sweep": str(self.path),
            "state": self.state,
            "complete": self.is_complete,
            "pid": writer.pid,
            "host": writer.host,
            "seconds": self.seconds,
            "seconds_left": self.seconds_left,
            "counts": self.counts,
            "present": self.present,
            "under_way": self.under_way,
            "queued": self.queued,
            "nodes": self.nodes,
            "free_nodes": self.free_nodes,
            "failed": self.failed,
            "damaged": {str(path.relative_to(self.path)): why for path, why in self.stored.damaged.items()},
            "log": self.log(lines),
        }

    def _last(self, event: str) -> Mapping[str, Any]:
        return next((each for each in reversed(self.events) if each["event"] == event), {})

    def _since(self, moment: datetime | None) -> float | None:
        return None if moment is None else max((self.now - moment).total_seconds(), 0.0)


def _writer(path: Path) -> Holder | None:
    """Return the process that writes the sweep; None if there is none, as far as this process can see.

    Do not try the lock itself: that would disturb a writer that is just starting.
    """
    try:
        holder, touched = Holder.read(path.read_bytes()), path.stat().st_mtime
    except FileNotFoundError:
        return None
    is_alive = holder.is_alive
    if is_alive is None:  # on another machine: go by its sign of life
        is_alive = abs(time() - touched) < DEAD_SECONDS
    return holder if is_alive else None


def _described(row: Mapping[str, Any]) -> str:
    work = row["function"] or row["workload"]
    return f"{work} {row['model']} x{row['workers']} {row['ipc']} {row['pattern']}"


def _key(event: Mapping[str, Any]) -> Key | None:
    cell_id, round_ = event.get("cell_id"), event.get("round")
    return (cell_id, round_) if isinstance(cell_id, str) and isinstance(round_, int) else None


def _text(event: Mapping[str, Any], name: str) -> str | None:
    value = event.get(name)
    return printable(value) if isinstance(value, str) else None


def _number(event: Mapping[str, Any], name: str) -> float | None:
    value = event.get(name)
    return value if isinstance(value, int | float) and abs(value) < _MOST else None


def _moment(event: Mapping[str, Any]) -> datetime | None:
    try:
        return datetime.fromisoformat(event["at"]).astimezone()
    except (KeyError, TypeError, ValueError, OverflowError):
        return None

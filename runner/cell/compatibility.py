"""Which members of the families go together, and which knobs have no effect on a cell."""

from __future__ import annotations

from typing import Any, Optional

from . import channels, models, patterns, workloads

NATIVE = "native"
NONE = "none"


def channel_for(model: str, asked: str) -> str:
    """Resolve ``auto``: a pool's own transport, nothing for serial, else a queue."""
    if asked != "auto":
        return asked
    return models.load(model).TRANSPORT or "queue"


def why_not(
    *, model: str, start_method: Optional[str], ipc: str, pattern: str, workers: int
) -> Optional[str]:
    """Return the reason that a combination cannot exist, or None if it can.

    ``ipc`` is resolved (see `channel_for`); ``pattern`` is accepted by every model today and is part of the
    question so that a new one can refuse.
    """
    patterns.load(pattern)
    chosen = models.load(model)
    return (
        _wrong_start(model, chosen, start_method)
        or _wrong_channel(model, chosen, ipc)
        or chosen.refuses_workers(workers)
    )


def _wrong_start(name: str, model: type[models.Model], start_method: Optional[str]) -> Optional[str]:
    if model.START_METHODS and start_method not in model.START_METHODS:
        known = ", ".join(model.START_METHODS)
        return f"{name} starts its workers by one of {known}, not by {start_method}"
    if not model.START_METHODS and start_method is not None:
        return f"{name} starts no processes: start_method={start_method} has no meaning for it"
    return None


def _wrong_channel(name: str, model: type[models.Model], ipc: str) -> Optional[str]:
    if model.TRANSPORT == NATIVE:
        return (
            None
            if ipc == NATIVE
            else f"{name} is a pool with its own transport: only ipc=native fits, not {ipc}"
        )
    if model.TRANSPORT == NONE:
        return None if ipc == NONE else f"{name} calls tasks in place: only ipc=none fits, not {ipc}"
    if ipc in (NATIVE, NONE):
        return f"{name} workers are joined by a channel: ipc={ipc} is none"
    return channels.load(ipc).refuses(bool(model.START_METHODS))


def ignored(*, workload: str, workload_options: dict[str, Any], pattern: str) -> frozenset[str]:
    """Return the names of the cell's integer knobs that have no effect on it."""
    asked = patterns.load(pattern)
    if asked.ECHOES:
        return asked.IGNORES
    return asked.IGNORES | workloads.load(workload).ignores(workload_options)

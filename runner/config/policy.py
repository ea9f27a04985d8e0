"""How a sweep as a whole is carried out: the knobs that are not part of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from breakeven.runner.config.parsing import read_choice, read_count, read_flag

STOP = "stop"
CHANGES = (STOP, "remeasure", "keep")
FAILURES = ("continue", STOP)
BUSY = ("wait", STOP)
AUTO, LINES, JSON, QUIET = PROGRESS = ("auto", "lines", "json", "quiet")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What to do about stored runs, failures and a busy machine, and which progress to show."""

    dry_run: bool = False
    retry_failed: bool = False
    on_change: str = STOP
    on_failure: str = "continue"
    max_failures: int | None = None
    on_busy: str = "wait"
    progress: str = "auto"


def read_policy(plain: Mapping[str, Any]) -> Policy:
    """Return the policy of a resolved configuration; raise BadValue or UnknownChoice."""
    most = plain["max_failures"]
    return Policy(
        dry_run=read_flag(plain["dry_run"], "dry_run"),
        retry_failed=read_flag(plain["retry_failed"], "retry_failed"),
        on_change=read_choice(plain["on_change"], "on_change", CHANGES),
        on_failure=read_choice(plain["on_failure"], "on_failure", FAILURES),
        max_failures=None if most is None else read_count(most, "max_failures"),
        on_busy=read_choice(plain["on_busy"], "on_busy", BUSY),
        progress=read_choice(plain["progress"], "progress", PROGRESS),
    )

"""How a sweep as a whole is carried out: the knobs that are not part of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from breakeven.base.errors import UnknownChoice
from breakeven.base.suggestions import did_you_mean
from breakeven.runner.config.parsing import AUTO as BY_RULE
from breakeven.runner.config.parsing import read_choice, read_count, read_flag, read_length, read_name, typed

STOP = "stop"
CHANGES = (STOP, "remeasure", "keep")
FAILURES = ("continue", STOP)
BUSY = ("wait", STOP)
LABEL = "label"
COMPARABLE = (LABEL, "interpreter", "environment", "model", "ipc", "workers", "affinity", "payload")
AUTO, LINES, JSON, QUIET = PROGRESS = ("auto", "lines", "json", "quiet")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How long to measure, what to do about stored runs, failures and a busy machine, and which progress to show.

    ``budget_ns`` is None for the default and 0 for no limit. Cells that differ only in the knobs ``compare_by`` end
    together. ``calibration`` is the folder of the sweep whose calibration is used, ``calibrate_on`` the
    interpreter on which tasks are calibrated; None for this sweep's own, and for that of its first cell.
    """

    budget_ns: int | None = None
    compare_by: tuple[str, ...] = (LABEL,)
    calibration: str | None = None
    calibrate_on: str | None = None

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
        budget_ns=_read_budget(plain.get("budget", BY_RULE)),
        compare_by=_read_knobs(plain.get("compare_by", LABEL)),
        calibration=_read_name(plain.get("calibration"), "calibration"),
        calibrate_on=_read_name(plain.get("calibrate_on"), "calibrate_on"),
        dry_run=read_flag(plain["dry_run"], "dry_run"),
        retry_failed=read_flag(plain["retry_failed"], "retry_failed"),
        on_change=read_choice(plain["on_change"], "on_change", CHANGES),
        on_failure=read_choice(plain["on_failure"], "on_failure", FAILURES),
        max_failures=None if most is None else read_count(most, "max_failures"),
        on_busy=read_choice(plain["on_busy"], "on_busy", BUSY),
        progress=read_choice(plain["progress"], "progress", PROGRESS),
    )


def _read_budget(value: object) -> int | None:
    if value == BY_RULE:
        return None
    return 0 if value is None else read_length(value, "budget", "s")


def _read_knobs(value: object) -> tuple[str, ...]:
    """Return the knobs that are named, one or a list; raise BadValue or UnknownChoice."""
    names = value if isinstance(value, list) else [] if value is None else [value]
    for name in names:
        if name not in COMPARABLE:
            raise UnknownChoice(
                f"compare_by={typed(name)}: no such knob{did_you_mean(name, COMPARABLE)}; "
                f"choose of {', '.join(COMPARABLE)}, several as compare_by=[label,interpreter]"
            )
    return tuple(dict.fromkeys(names))


def _read_name(value: object, key: str) -> str | None:
    return None if value is None else read_name(value, key)

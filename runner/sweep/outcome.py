"""The outcome of a sweep; the command imports it without the rest of this package."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended.

    ``code`` is the exit code. ``stopped`` is true if failures, or a change of what is measured, ended it early;
    ``to_sum_up`` is true if there are runs to print a summary of.
    """

    code: int
    stopped: bool = False
    to_sum_up: bool = False

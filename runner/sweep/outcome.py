"""How a sweep ended, for the command: known without what carries it out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended.

    ``code`` is the exit code. ``stopped`` says that failures, or a change of what is measured, ended it early;
    ``to_sum_up`` that there are runs which the user has not seen a summary of.
    """

    code: int
    stopped: bool = False
    to_sum_up: bool = False

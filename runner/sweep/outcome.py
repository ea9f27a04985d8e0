"""How a sweep ended, in a module that the command can import without the code that carries out a sweep."""

from __future__ import annotations

from dataclasses import dataclass

INTERRUPTED = "interrupted; what was measured is kept"


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended.

    ``code`` is the exit code. ``stopped`` is true if failures, or a change of the measured code, ended it
    early; ``to_sum_up`` if there are runs to be summed up, ``silent`` if nothing of that is to be printed. ``why``
    is the reason for an early end, None if there was none, and ``again`` is the command that resumes it.
    """

    code: int
    stopped: bool = False
    to_sum_up: bool = False
    silent: bool = False
    why: str | None = None
    again: str = "breakeven"

    def ending(self) -> str | None:
        """Return the line that says why the sweep ended early and how to resume; None if it did not."""
        return None if self.why is None else f"{self.why}. Resume with: {self.again}"

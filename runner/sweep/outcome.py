"""How a sweep ended, for the command: known without what carries it out."""

from __future__ import annotations

from dataclasses import dataclass

INTERRUPTED = "interrupted; what was measured is kept"


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended.

    ``code`` is the exit code. ``stopped`` says that failures, or a change of what is measured, ended it early;
    ``to_sum_up`` that there are runs whose summary is still to be shown. ``why`` says why it ended early, None if it did
    not, and ``again`` is the command that carries on.
    """

    code: int
    stopped: bool = False
    to_sum_up: bool = False
    why: str | None = None
    again: str = "breakeven"

    def ending(self) -> str | None:
        """Return the line that says why the sweep ended early and how to carry on; None if all runs were made."""
        return None if self.why is None else f"{self.why}. Carry on with: {self.again}"

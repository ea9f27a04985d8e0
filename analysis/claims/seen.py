"""One quantity as a sweep has it, which expectations judge."""

from __future__ import annotations

from typing import NamedTuple


class Seen(NamedTuple):
    """One quantity as a sweep has it: whose it is, its value with the 95 % interval, and the cells that it is of.

    The interval is NaN if one fresh process alone measured it. Of what is counted, values are so many of a million, and
    ``events`` of ``trials`` were seen. ``disturbed`` is the share of disturbed pairs of trials where these are so many
    that they decide nothing, else 0; ``undisturbed`` says that the others alone were taken instead.
    """

    name: str
    value: float
    low: float
    high: float
    cells: tuple[str, ...]
    events: int = 0
    trials: int = 0
    disturbed: float = 0.0
    undisturbed: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Return whether disturbance may be what was measured."""
        return self.disturbed > 0 and not self.undisturbed

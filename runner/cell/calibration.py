"""How much work a task does, as one fresh process finds it: the whole result of a run that calibrates.

All other runs of a sweep get the amount that was found, so that cells that are compared do the same work, whatever
interpreter they are measured with.
"""

from __future__ import annotations

from typing import Optional

from .named import NamedTuple


class CalibrationResult(NamedTuple):
    """The amount of work in a task, None if it sets its own, and the median length of a task in ns."""

    amount: Optional[int]
    task_ns: int

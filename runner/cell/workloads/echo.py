"""No work at all: the payload comes back. What pingpong sends, whatever workload is configured."""

from __future__ import annotations

from ._abc import Task, Workload


class Echo(Workload):
    """Checks the payload in and sends it back."""

    LENGTH = False

    def open(self) -> Task:
        """Give the task."""
        return self.answer()

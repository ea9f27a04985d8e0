"""The runs that wait or are under way, and those that ended before an earlier round of their cell did."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from breakeven.base.keys import Key
from breakeven.runner.planning.run import Run

Ended = tuple[Run, Mapping[str, Any]]


class Began:
    """Runs by cell in the order of their rounds: a cell's results count in that order, whichever begins or ends first.

    It is true as long as any run that began has not ended.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Key]] = {}
        self._ended: dict[Key, Ended] = {}
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def __len__(self) -> int:
        """Return how many have not ended."""
        return self._count

    def expect(self, run: Run) -> None:
        """Add a run that is queued; those of a cell in the order of their rounds."""
        self._waiting.setdefault(run.cell_id, deque()).append(run.key)

    def add(self) -> None:
        """Add one of them that begins."""
        self._count += 1

    def drop(self, run: Run) -> Iterator[Ended]:
        """Yield the runs that can be counted now that ``run``, which was queued, is not made."""
        self._waiting[run.cell_id].remove(run.key)
        yield from self._countable(run.cell_id)

    def ended(self, run: Run, row: Mapping[str, Any]) -> Iterator[Ended]:
        """Yield the runs that can be counted now that ``run`` ended with ``row``.

        None if an earlier one of its cell has not ended.
        """
        self._ended[run.key] = run, row
        self._count -= 1
        yield from self._countable(run.cell_id)

    def _countable(self, cell_id: str) -> Iterator[Ended]:
        waiting = self._waiting[cell_id]
        while waiting and waiting[0] in self._ended:
            yield self._ended.pop(waiting.popleft())

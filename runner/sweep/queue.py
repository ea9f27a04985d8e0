"""The runs that wait for their turn, block by block: those of a block whose node is busy hold up no other node."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from breakeven.runner.planning.run import Run


class Queue:
    """Runs in order within each block, and blocks in the order in which they came.

    Without blocks, all runs in order.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._blocks: dict[str, deque[Run]] = {}
        self.extend(runs)

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs, block after block."""
        return (run for runs in self._blocks.values() for run in runs)

    def extend(self, runs: Iterable[Run]) -> None:
        """Add runs at the end of their blocks."""
        for run in runs:
            self._blocks.setdefault(run.block, deque()).append(run)

    def take(self, may_begin: Callable[[Run], bool]) -> Run | None:
        """Remove and return the first run of the first block that may begin; None if none may."""
        block = next((block for block, runs in self._blocks.items() if may_begin(runs[0])), None)
        if block is None:
            return None
        run = self._blocks[block].popleft()
        if not self._blocks[block]:
            del self._blocks[block]
        return run

    def holds(self, block: str) -> bool:
        """Return whether further runs of ``block`` wait."""
        return block in self._blocks

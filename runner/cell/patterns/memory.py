"""What a worker costs in memory, once it has loaded what its task needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Optional

from ..member import Lack
from ..memory import ROLLUP, family_bytes, held
from ..reference import Reference
from ._abc import Crew, Knobs, Observation, Outcome, Quantity, now
from .window import Share, Window

_LEAST_BYTES = 1024
"""The kernel tells sizes in KiB; a worker that added less is taken for that."""


class Memory(Window):
    """Every worker repeats its task for the window, then the kernel is asked what each process holds.

    It is asked after the timed part, while the workers wait and still hold what they have loaded. What workers add is
    the memory of the parent and of all its descendants, without what the parent held before there were workers and
    without what its own calls loaded since: so servers that start workers, and whatever else a package starts, count.
    Nothing is observed before every worker has done its task.
    """

    OPTIONS: ClassVar[dict[str, str]] = {}
    QUANTITIES = (
        Quantity("private_bytes", "pages that a worker's process alone has"),
        Quantity(
            "proportional_bytes",
            "the same, and its part of each page that it shares: the page divided by the number of sharers",
        ),
        Quantity("resident_bytes", "all pages of a worker's process, shared ones in full"),
        Quantity(
            "added_bytes",
            "proportional bytes of parent and descendants with workers, less those of the parent before, by workers",
        ),
    )

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self._before = self._parents = 0
        self._worked: set[int] = set()

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return that other systems do not say what a process holds."""
        if os.path.exists(ROLLUP):
            return super().lacks(options)
        names = ", ".join(quantity.name for quantity in cls.QUANTITIES)
        return Lack(f"{ROLLUP}, without which nothing tells {names}", "measure on Linux 4.14 or later")

    @property
    def _bin_ns(self) -> int:
        """Return the length of the window: calls are counted in one bin, which is not used."""
        return self.knobs.window_ns

    def begin(self) -> None:
        """Note what the parent holds."""
        self._before = family_bytes()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Note what the parent's own calls load: no worker needs it."""
        before = family_bytes()
        yield
        self._parents = family_bytes() - before

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let every worker repeat its task, then look at all processes.

        Not in a traced trial, which is not counted.
        """
        payload, start = self._payload(reference), now()
        answers = crew.map([(start, payload)] * self.knobs.workers)
        shares = [Share(*answer) for _, answer in answers]
        outcome = self._outcome(reference, start, shares, "a parallel trial")._replace(activity=())
        self._worked.update(share.worker for share in shares)
        if crew.recorder.on or len(self._worked) < self.knobs.workers:
            return outcome
        return outcome._replace(observations=tuple(self._look(crew)))

    def serial(self, reference: Reference) -> Outcome:
        """Repeat the task in place."""
        return super().serial(reference)._replace(activity=())

    def _look(self, crew: Crew) -> Iterator[Observation]:
        for worker, pid in enumerate(crew.pids()):
            found = held(pid)
            if found is not None:
                yield Observation("private_bytes", found.private, worker)
                yield Observation("proportional_bytes", found.proportional, worker)
                yield Observation("resident_bytes", found.resident, worker)
        added = (family_bytes() - self._before - self._parents) / self.knobs.workers
        yield Observation("added_bytes", max(added, _LEAST_BYTES))

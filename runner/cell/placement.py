"""Where workers and parent run: the CPU of each at some moments, and what these looks come to.

The parent reads it from the kernel, which keeps for every thread the CPU that it runs on, or ran on before it went
to sleep. So workers do nothing for it, and a look right after an answer shows where both sides of that message were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Optional

from .board import PID, THREAD
from .named import NamedTuple
from .procfs import KernelFile

Look = tuple[int, ...]
"""The CPU of each worker that is not the parent, then the parent's, at one moment; empty if the kernel does not report
it."""

_STAT = "/proc/{}/task/{}/stat"
_PROCESSOR = 36  # words after the name, which is in parentheses and may contain spaces


class Placement:
    """Reads where the threads registered in ``headers`` run, the parent's last."""

    def __init__(self, headers: Sequence[memoryview]) -> None:
        self._files = [KernelFile(_STAT.format(header[PID], header[THREAD])) for header in headers]

    def look(self) -> Look:
        """Return where each is now; about 4 us for each of them."""
        texts = [file.read() for file in self._files]
        return tuple(_cpu(text) for text in texts if text is not None) if None not in texts else ()

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()


def _cpu(text: bytes) -> int:
    return int(text.rpartition(b")")[2].split(None, _PROCESSOR + 1)[_PROCESSOR])


def share_with_parent(looks: Sequence[Look]) -> Optional[float]:
    """Return the share of looks at which a worker was on the parent's CPU.

    It is the mean over the workers; None without looks.
    """
    pairs = [cpu == look[-1] for look in looks for cpu in look[:-1]]
    return sum(pairs) / len(pairs) if pairs else None


def share_of_crowded(looks: Sequence[Look]) -> Optional[float]:
    """Return at which share of the looks two workers were on one CPU; None without looks, or for one worker."""
    crowded = [len(set(look[:-1])) < len(look) - 1 for look in looks if len(look) > len(("worker", "parent"))]
    return sum(crowded) / len(crowded) if crowded else None


class Seat(NamedTuple):
    """The CPU on which a thread was seen most often, and the share of the looks; None if it is not known."""

    cpu: Optional[int] = None
    share: Optional[float] = None


def seats(looks: Sequence[Look]) -> list[Seat]:
    """Return the seat of each worker that is not the parent, and then the parent's; empty without looks."""
    counted = [Counter(cpus).most_common(1)[0] for cpus in zip(*filter(None, looks))]
    return [Seat(cpu, times / sum(map(bool, looks))) for cpu, times in counted]

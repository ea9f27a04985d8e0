"""What a trace consists of, whatever its format.

Groups of processes, their threads and counters, and what happened on them.

Times are whole ns from the beginning of the trace. A number identifies a group, process, thread or counter within one
trace; no two have the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

Value = str | int | float | bool
Facts = Mapping[str, Value]

NO_FACTS: Facts = MappingProxyType({})


class Group(NamedTuple):
    """What belongs together, such as a run; groups lie in the order of their ``rank``."""

    number: int
    name: str
    rank: int


class Process(NamedTuple):
    """A process; no other process of the trace has its ``pid``.

    ``name`` is what it is within its group, if it is not all of it.
    """

    number: int
    group: Group
    pid: int
    name: str = ""
    labels: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return its name if there are no groups, the distinctive part first: viewers shorten it."""
        return f"{self.name} of {self.group.name}" if self.name else self.group.name


class Thread(NamedTuple):
    """What slices lie on: a thread, or with ``native`` false a line of its own within a process.

    ``tid`` is unlike that of any other line of the trace, ``rank`` its place within the group.
    """

    number: int
    process: Process
    tid: int
    name: str
    rank: int
    native: bool = True


class Counter(NamedTuple):
    """A quantity over time, within a process; ``rank`` is its place within the group."""

    number: int
    process: Process
    name: str
    unit: str
    rank: int


class Slice(NamedTuple):
    """Something that lasted; ``departs`` and ``arrives`` are the messages that left and reached its thread with it."""

    start_ns: int
    end_ns: int
    name: str
    category: str = ""
    facts: Facts = NO_FACTS
    departs: tuple[int, ...] = ()
    arrives: tuple[int, ...] = ()


class Instant(NamedTuple):
    """Something that happened at one moment."""

    at_ns: int
    name: str
    category: str = ""
    facts: Facts = NO_FACTS


class Sample(NamedTuple):
    """The value of a counter from one moment on."""

    at_ns: int
    value: float

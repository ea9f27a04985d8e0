"""What every format of a trace can do, so that one reader of results serves all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import BinaryIO, ClassVar, Self

from breakeven.analysis.traces.events import Counter, Group, Instant, Process, Sample, Slice, Thread

FLOWS, INSTANTS, COUNTERS = "arrows of messages", "marks", "counters"


class Format(ABC):
    """Writes one trace to an open file, event by event; it holds none of them.

    A group or process is added before what lies in it, a thread or counter before what happened on it. The slices of
    one call are in the order in which they begin, the outer ones first, and any two of them are apart or one within the
    other; those of later calls for the same thread begin when the earlier ones have ended. As a context it ends the
    trace, unless something raises.
    """

    SUFFIX: ClassVar[str]
    LACKS: ClassVar[tuple[str, ...]] = ()
    """What the format has no place for: the events of that kind that it is given are left out."""
    OPEN: ClassVar[str]
    """How to open a file of this format, ``{file}`` quoted for a shell, as a line for people."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def __enter__(self) -> Self:
        """Begin the trace."""
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """End it if all went well."""
        if error is None:
            self.end()

    @abstractmethod
    def add_group(self, group: Group) -> None:
        """Add a group."""

    @abstractmethod
    def add_process(self, process: Process) -> None:
        """Add a process."""

    @abstractmethod
    def add_thread(self, thread: Thread) -> None:
        """Add a thread."""

    @abstractmethod
    def add_counter(self, counter: Counter) -> None:
        """Add a counter."""

    @abstractmethod
    def write_slices(self, thread: Thread, slices: Iterable[Slice]) -> None:
        """Write what lasted on a thread."""

    @abstractmethod
    def write_instants(self, thread: Thread, instants: Iterable[Instant]) -> None:
        """Write marks on a thread, in order."""

    @abstractmethod
    def write_samples(self, counter: Counter, samples: Iterable[Sample]) -> None:
        """Write values of a counter, in order."""

    def finish(self, thread: Thread) -> None:  # noqa: B027  # most write at once what happens
        """Record that nothing more happens on a thread."""

    @abstractmethod
    def end(self) -> None:
        """Write what ends the trace; the file stays open."""

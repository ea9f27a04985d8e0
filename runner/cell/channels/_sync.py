"""How a reader of shared memory learns that a message is there: ``ipc.sync``.

`Bells` belong to one reader; each of its writers rings one of its own, and the reader learns whose it was. Counters
that are polled lie in the shared memory, a cache line each, and have one writer each, so nothing needs an atomic
operation; but a message must be seen before its counter, which only processors guarantee that keep the order of stores.
"""

from __future__ import annotations

import os
import platform
import select
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from struct import Struct
from time import perf_counter_ns, sleep
from typing import Any, Optional

from ..member import Lack

LINE = 64  # bytes: two counters in one cache line would slow each other down
_WORDS = LINE // 4
_MASK = 0xFFFFFFFF
_ORDERED = ("x86_64", "AMD64", "i386", "i686")
_TURNS = 200  # of looking at the counters before the CPU is offered to others: 10 us
_HOT_NS = 2_000_000  # of waiting in this way, after which the reader sleeps in between
_PART, _LONGEST_S = 64, 0.001  # of the time waited so far is slept, but no longer than that
_FUTEX, _WAIT, _WAKE = 202, 0, 1  # the number of the system call on x86-64, and its operations


class Bells(ABC):
    """The bells of one reader, numbered as their writers are; picklable for workers that are processes."""

    def __init__(self, context: Any, writers: int) -> None:
        self.context: Any = context  # only until `attach`, which workers call in their own process
        self.writers = writers

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "context": None}

    def attach(self, memory: memoryview) -> None:  # noqa: B027  # counters are the only ones that lie there
        """Take the memory of the counters, all zero at first: `size` bytes."""

    @abstractmethod
    def ring(self, writer: int) -> None:
        """Wake the reader, after the message is written."""

    @abstractmethod
    def wait(self) -> int:
        """Wait until a bell rings that was not waited for, and return whose it is."""

    def detach(self) -> None:  # noqa: B027  # as above
        """Release the memory, and the descriptors that arrived with this object."""

    def close(self) -> None:  # noqa: B027  # descriptors alone must be closed
        """Release what was made, once, in the parent."""


def size_of(writers: int) -> int:
    """Return the bytes of memory that the bells of so many writers take: a line for each, and one for all."""
    return LINE * (writers + 1)


def attach_bells(memory: memoryview, workers: Sequence[int], tasks: Sequence[Bells], answers: Bells) -> None:
    """Attach to the bells of the parent and to those of some workers, whose counters lie behind."""
    first, each = size_of(answers.writers), size_of(1)
    answers.attach(memory[:first])
    for worker, bells in zip(workers, tasks):
        bells.attach(memory[first + worker * each : first + (worker + 1) * each])


class Semaphores(Bells):
    """A semaphore a writer; a reader with several waits for one that counts them all."""

    def __init__(self, context: Any, writers: int) -> None:
        super().__init__(context, writers)
        self.each = [context.Semaphore(0) for _ in range(writers)]
        self.all = context.Semaphore(0) if writers > 1 else None

    def ring(self, writer: int) -> None:
        """Release it."""
        self.each[writer].release()
        if self.all is not None:
            self.all.release()

    def wait(self) -> int:
        """Acquire one."""
        if self.all is None:
            self.each[0].acquire()
            return 0
        self.all.acquire()
        return next(writer for writer, left in enumerate(self.each) if left.acquire(False))


class _Descriptors:
    """File descriptors that can be passed to a new process or interpreter; ``received`` where they arrived."""

    def __init__(self, numbers: list[int], *, received: bool = False) -> None:
        self.numbers = numbers
        self.received = received

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing.reduction import DupFd  # noqa: PLC0415  # only workers that are processes need it, and load it

        return _received, ([DupFd(number) for number in self.numbers],)

    def drop(self) -> None:
        """Close what arrived here: an interpreter's are open until its process ends. Threads have the parent's own."""
        if self.received:
            self.close()

    def close(self) -> None:
        """Close them."""
        while self.numbers:
            os.close(self.numbers.pop())


def _received(duplicates: list[Any]) -> _Descriptors:
    return _Descriptors([duplicate.detach() for duplicate in duplicates], received=True)


class Pipes(Bells):
    """One pipe for all writers, whose number is what they write into it."""

    _NUMBER = Struct("=H")

    def __init__(self, context: Any, writers: int) -> None:
        super().__init__(context, writers)
        self.ends = _Descriptors(list(os.pipe()))

    def ring(self, writer: int) -> None:
        """Write its number, which the system does in one piece."""
        os.write(self.ends.numbers[1], self._NUMBER.pack(writer))

    def wait(self) -> int:
        """Read a number."""
        found: tuple[int] = self._NUMBER.unpack(os.read(self.ends.numbers[0], self._NUMBER.size))
        return found[0]

    def detach(self) -> None:
        """Close what arrived here."""
        self.ends.drop()

    def close(self) -> None:
        """Close both ends."""
        self.ends.close()


class EventCounters(Bells):
    """An `os.eventfd` a writer, which counts; a reader with several polls them first."""

    def __init__(self, context: Any, writers: int) -> None:
        super().__init__(context, writers)
        self.counters = _Descriptors([_eventfd() for _ in range(writers)])
        self.poll: Any = None

    def ring(self, writer: int) -> None:
        """Add one."""
        os.eventfd_write(self.counters.numbers[writer], 1)

    def wait(self) -> int:
        """Subtract one."""
        writer = 0 if self.writers == 1 else self._next()
        os.eventfd_read(self.counters.numbers[writer])
        return writer

    def _next(self) -> int:
        if self.poll is None:  # in the reader, where the descriptors have their numbers
            self.poll = select.poll()
            for descriptor in self.counters.numbers:
                self.poll.register(descriptor, select.POLLIN)
        return self.counters.numbers.index(self.poll.poll()[0][0])

    def detach(self) -> None:
        """Close what arrived here."""
        self.counters.drop()

    def close(self) -> None:
        """Close them."""
        self.counters.close()


def _eventfd() -> int:
    made: int = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_SEMAPHORE)
    return made


class Counters(Bells):
    """A counter a writer in shared memory, and a last one that changes with each of them."""

    words: memoryview

    def __init__(self, context: Any, writers: int) -> None:
        super().__init__(context, writers)
        self.rung = [0] * writers  # each counted by its writer
        self.seen = [0] * writers  # counted by the reader
        self.places = tuple((writer, writer * _WORDS) for writer in range(writers))
        self.last = writers * _WORDS

    def attach(self, memory: memoryview) -> None:
        """Take the memory and keep an own count: threads get copies of the same object."""
        self.words = memory.cast("I")
        self.rung, self.seen = list(self.rung), list(self.seen)

    def ring(self, writer: int) -> None:
        """Count on, which the reader sees."""
        count = self.rung[writer] = (self.rung[writer] + 1) & _MASK
        self.words[writer * _WORDS] = count

    def _rung(self) -> Optional[int]:
        """Return a writer whose counter has moved on."""
        words, seen = self.words, self.seen
        for writer, place in self.places:
            if words[place] != seen[writer]:
                seen[writer] = (seen[writer] + 1) & _MASK
                return writer
        return None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "words": None, "call": None}

    def detach(self) -> None:
        """Release the memory."""
        self.words.release()


class Spin(Counters):
    """The reader looks again and again: for 10 us, then with an offer of its CPU to others after each such time.

    So spinners that are more than the CPUs, or that share a GIL, do not keep a writer from its turn. From 2 ms on the
    reader sleeps between two looks, for a 64th of the time waited so far and for 1 ms at most: workers that have
    nothing to do must not take CPU time from the serial trials beside them.
    """

    def wait(self) -> int:
        """Poll until there is one."""
        rung, begun = self._rung, 0
        while True:
            for _ in range(_TURNS):
                writer = rung()
                if writer is not None:
                    return writer
            now = perf_counter_ns()
            begun = begun or now
            if now - begun < _HOT_NS:
                yield_cpu()
            else:
                sleep(min((now - begun) / 1e9 / _PART, _LONGEST_S))


def yield_cpu() -> None:
    """Offer the CPU to other processes and the GIL to other threads: `os.sched_yield` does both from Python 3.12 on."""
    os.sched_yield()
    if sys.version_info < (3, 12):
        sleep(0)  # which takes 70 us in later ones


class Futexes(Counters):
    """The reader sleeps in the kernel until a word of the memory has changed."""

    address = 0
    call: Any = None

    def attach(self, memory: memoryview) -> None:
        """Take the memory, and find the address of its last word."""
        import ctypes  # noqa: PLC0415  # 5 ms, which the others need not

        super().attach(memory)
        self.call = ctypes.CDLL(None).syscall
        self.call.argtypes = (ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)
        self.address = ctypes.addressof(ctypes.c_uint32.from_buffer(memory, self.last * 4))

    def ring(self, writer: int) -> None:
        """Count on, change the last word to a value that it never had lately, and wake the reader."""
        super().ring(writer)
        self.words[self.last] = (self.rung[writer] * self.writers + writer) & _MASK
        self.call(_FUTEX, self.address, _WAKE, 1, None)

    def wait(self) -> int:
        """Sleep unless the last word has changed since before the counters were looked at."""
        while True:
            value = self.words[self.last]
            writer = self._rung()
            if writer is not None:
                return writer
            self.call(_FUTEX, self.address, _WAIT, value, None)


KINDS: dict[str, type[Bells]] = {
    "semaphore": Semaphores,
    "pipe": Pipes,
    "spin": Spin,
    "eventfd": EventCounters,
    "futex": Futexes,
}
CHOICES = "|".join(KINDS)


def lack_of(sync: str) -> Optional[Lack]:
    """Return what this interpreter or machine lacks for one of `KINDS`; None if it has it."""
    elsewhere = "choose another ipc.sync, such as semaphore or pipe"
    if sync == "eventfd" and not hasattr(os, "eventfd"):
        return Lack("os.eventfd for ipc.sync=eventfd (Python 3.10 on Linux)", elsewhere)
    if sync in ("spin", "futex") and platform.machine() not in _ORDERED:
        return Lack(f"a processor that keeps the order of stores for ipc.sync={sync} (x86)", elsewhere)
    if sync == "futex" and (sys.platform != "linux" or platform.machine() != "x86_64"):
        return Lack("Linux on x86-64 for ipc.sync=futex", elsewhere)
    return None

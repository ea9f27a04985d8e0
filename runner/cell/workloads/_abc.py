"""The interface of a workload: what a task computes.

A workload is created in the parent, gets its amount of work, and is sent to every worker, which opens its own copy. A
task takes a payload and returns ``(value, payload back)``; both are checked against the serial result.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, ClassVar

from ..hooks import Hooks
from ..member import Member
from ..named import NamedTuple
from ..off_heap import private_bytes
from ..owning import own
from ..verification import Verification

Task = Callable[[Any], "tuple[int, Any]"]
LoopTask = Callable[[Any], "Coroutine[Any, Any, tuple[int, Any]]"]
_EDGE = 64
_VARIANTS = 8
_PIECE, _MOST_PIECES = 256, 4096  # bytes; so small an object is not on the heap


class Sizes(NamedTuple):
    """Bytes of a payload to a worker and of the payload back."""

    payload: int
    back: int


class Workload(Member, ABC):
    """One kind of task.

    ``LENGTH`` says whether it follows ``task_ns`` by an ``amount`` of work, ``FOREIGN`` whether it calls code that is
    not ours: it may change its input, or leave threads and locks behind. ``BOUND`` names the resources that limit it,
    see `_resources`, and ``RELEASES_GIL`` says whether other threads can run Python code during most of a task; both of
    ours, unknown of others.
    """

    BOUND: ClassVar[tuple[str, ...]] = ()
    RELEASES_GIL: ClassVar[bool] = False

    LENGTH = True
    FOREIGN = False
    amount = 1
    task_ns = 0  # the length asked for, by which a part of the work may go
    folder = ""  # that of the user's files
    take, drawn_by = 0, ""  # how many of the inputs that a user gives, drawn by what; 0 for all

    def __init__(self, options: dict[str, Any], sizes: Sizes, seed: int) -> None:
        self.options = options
        self.plain = False  # whether it is known that a call needs no event loop
        self.sizes = sizes
        self.seed = seed

    @classmethod
    def imports(cls, options: dict[str, Any]) -> bool:
        """Return whether a module of the user's is imported: an option names something in one."""
        return any(kind.startswith("target") and options.get(name) for name, kind in cls.OPTIONS.items())

    @classmethod
    def ignores(cls, options: dict[str, Any]) -> frozenset[str]:
        """Return the cell's integer knobs that have no effect with these options."""
        del options
        return frozenset()

    @property
    def lists(self) -> bool:
        """Return whether a user gives the inputs as a list, of which every trial does all, or a part."""
        return False

    def modules(self) -> tuple[str, ...]:
        """Return the user's modules that every worker imports: none."""
        return ()

    def verification(self) -> Verification:
        """Return how results are compared with the serial ones: they must be equal."""
        return Verification()

    def hooks(self) -> Hooks:
        """Return what to call before and after each trial: nothing."""
        return Hooks()

    @abstractmethod
    def open(self) -> Task:
        """Return a task with the private state it needs; called once in every worker.

        Objects that its code touches are made here, not shared with other workers: see `runner.cell.owning`.
        """

    def open_on_loop(self) -> LoopTask:
        """Return the task for a worker on an event loop.

        If it has no awaiting form, it is called there and blocks the loop.
        """
        task = self.open()

        async def block(payload: Any) -> tuple[int, Any]:
            return task(payload)

        return block

    def calibrate(self, task_ns: int) -> int:
        """Return the amount of work with which one task takes ``task_ns`` on this machine now."""
        del task_ns
        return self.amount

    def inputs(self) -> list[Any]:
        """Return a few distinct payloads, which the tasks of a trial take in turn.

        No other object of their size is made, so that no freed one leaves room in the heap (see `off_heap`).
        """
        random, size = Random(self.seed), self.sizes.payload
        base, piece = private_bytes(size), max(_PIECE, size // _MOST_PIECES)
        for start in range(0, size, piece):
            base[start : start + piece] = random.randbytes(min(piece, size - start))
        if size < len(b"task"):
            return [bytes(base)]
        return [b"".join((number.to_bytes(4, "little"), base[4:])) for number in range(_VARIANTS)]

    def shared_counted(self, inputs: list[Any]) -> tuple[str, ...]:
        """Return what a task shares with those of other threads and counts references to, in words: nothing.

        ``inputs`` are those that all tasks take, empty if each takes its own.
        """
        del inputs
        return ()

    def answers_from_cache(self) -> bool:
        """Return whether calls of this process were answered from a cache of the function's: ours have none."""
        return False

    def carry_arguments(self, inputs: list[Any]) -> list[Any]:
        """Return payloads that hold the configured arguments, too, and take such from now on."""
        return inputs

    def answer(self) -> Callable[[bytes], tuple[int, bytes]]:
        """Return a function that takes a payload and returns its checksum and the payload back.

        A payload back of the same size is the one that came, so that comparing it checks every byte both
        ways. A smaller one is cut, and the checksum covers all that came. A larger one is filled with a
        constant.
        """
        size, back = map(own, self.sizes)
        filler = bytes(back) if back > size else b""
        crc32 = zlib.crc32

        def whole(payload: bytes) -> tuple[int, bytes]:
            return crc32(payload[-_EDGE:], crc32(payload[:_EDGE])) + len(payload), payload

        def cut(payload: bytes) -> tuple[int, bytes]:
            return crc32(payload) + len(payload), payload[:back]

        def grown(payload: bytes) -> tuple[int, bytes]:
            return crc32(payload) + len(payload), filler

        return whole if back == size else cut if back < size else grown

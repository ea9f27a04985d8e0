"""The board: one memory-mapped file that parent and workers share, with a lane for every recording thread.

Workers of any model, pools included, leave marks and facts on it without sending a message; the parent reads
them after the trial. The file lies in the run's private folder, so it is removed together with the run.

Layout, in words of 8 bytes except for the codes: control words; then for each lane its header, its tasks (number
and on-CPU time) and its stamps, in seconds; then the lanes' codes, one byte each.
"""

from __future__ import annotations

import mmap
import os
import sys

from .named import NamedTuple
from .space import allocate, require

CONTROL_WORDS = 8
HEADER_WORDS = 19
TRACED = 0  # control word: the current trial is traced
ASSIGNED = 1  # control word: how many of a pool's workers have their index
HOOK = 2  # control word: which hook of the user's the workers call, 0 for none (see `runner.cell.hooks`)
# Header words: the worker's identity, when it was ready, when it last prepared for a trial, how often it passed
# the barrier; what its recorder counts; what the kernel counts for its process; the CPU time of its own threads,
# how many threads Python started in its process, and how long it took to open its end of the channel; whether its JIT
# compiler is on, its switch interval in ns, and whether its garbage collector is on.
PID, THREAD, GIL, READY, ANSWERED, PASSED, DROPPED, COMPUTED = range(8)
CPU, VOLUNTARY, INVOLUNTARY, MINOR, MAJOR = range(8, 13)
OWN, PYTHON_THREADS, OPENING = 13, 14, 15
JIT, SWITCHING, COLLECTS = 16, 17, 18
UNKNOWN = -1  # in place of the state of a JIT compiler of which an interpreter says nothing
_POPULATE = 0x8000 if sys.platform == "linux" else 0  # MAP_POPULATE: no page fault while recording


class Geometry(NamedTuple):
    """Path and size of a board: all that a worker needs to open it.

    Lanes 0 to ``workers - 1`` belong to the workers, the next one to the parent; as many follow for the
    threads that send on behalf of each (the feeder of ``multiprocessing.Queue``), and the last one belongs to the
    thread that reads for the parent (of a pool). ``marks`` and ``tasks`` are
    per lane.
    """

    path: str
    workers: int
    marks: int
    tasks: int

    @property
    def lanes(self) -> int:
        """Return the number of lanes, feeders and reader included."""
        return 2 * (self.workers + 1) + 1

    @property
    def lane_words(self) -> int:
        """Return the int64 words of one lane, not counting its codes."""
        return HEADER_WORDS + 2 * self.tasks + self.marks

    @property
    def code_bytes(self) -> int:
        """Return the bytes of one lane's codes, rounded up to whole words."""
        return (self.marks + 7) // 8 * 8

    @property
    def size(self) -> int:
        """Return the bytes of the whole board."""
        return 8 * (CONTROL_WORDS + self.lanes * self.lane_words) + self.lanes * self.code_bytes

    def create(self) -> Board:
        """Create the file, private to the user, and open it."""
        folder = os.path.dirname(os.path.dirname(self.path))
        require(
            folder,
            self.size,
            f"the marks of {self.tasks - 1} tasks in {self.lanes} lanes",
            "fewer tasks or workers",
        )
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            allocate(descriptor, self.size)
        finally:
            os.close(descriptor)
        return Board(self)


class Lane(NamedTuple):
    """The views of one lane: ``header`` and ``tasks`` of int64, ``stamps`` of float64, ``codes`` of bytes."""

    header: memoryview
    tasks: memoryview
    stamps: memoryview[float]
    codes: memoryview


class Board:
    """An open board."""

    def __init__(self, geometry: Geometry) -> None:
        self.geometry = geometry
        with open(geometry.path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), geometry.size, flags=mmap.MAP_SHARED | _POPULATE)
        self._bytes = memoryview(self._map)
        self._words = self._bytes[: geometry.size // 8 * 8].cast("q")
        self._seconds = self._bytes[: geometry.size // 8 * 8].cast("d")
        self.control = self._words[:CONTROL_WORDS]

    @property
    def traced(self) -> bool:
        """Return whether the current trial is traced."""
        return bool(self.control[TRACED])

    def lane(self, index: int) -> Lane:
        """Return the views of lane ``index``."""
        geometry = self.geometry
        start = CONTROL_WORDS + index * geometry.lane_words
        tasks = start + HEADER_WORDS
        stamps = tasks + 2 * geometry.tasks
        codes = 8 * (CONTROL_WORDS + geometry.lanes * geometry.lane_words) + index * geometry.code_bytes
        return Lane(
            header=self._words[start:tasks],
            tasks=self._words[tasks:stamps],
            stamps=self._seconds[stamps : stamps + geometry.marks],
            codes=self._bytes[codes : codes + geometry.marks],
        )

    def feeder(self, index: int) -> Lane:
        """Return the lane of the thread that sends on behalf of lane ``index``."""
        return self.lane(self.geometry.workers + 1 + index)

    def reader(self) -> Lane:
        """Return the lane of the thread that reads on behalf of the parent."""
        return self.lane(self.geometry.lanes - 1)

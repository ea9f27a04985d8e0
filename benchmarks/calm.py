"""Remove the differences between processes that pass messages, for everything started from here.

Two things change a round trip by more than half, and neither depends on the tool that measures. The scheduler
puts the two processes on one CPU, or on two, where each message wakes an idle one. And depending on where a
process's heap happens to end, the allocator returns the memory of each message to the kernel and faults it in
again for the next.
"""

from __future__ import annotations

import os

KEEPING = {
    "MALLOC_TRIM_THRESHOLD_": str(256 * 1024 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
}


def calm() -> None:
    """Confine this process to the last of its CPUs, and let its children keep freed memory.

    See mallopt(3) of glibc.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ.update(KEEPING)

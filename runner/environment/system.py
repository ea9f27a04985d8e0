"""The kernel and its memory: sizes, load, and the settings that move timings."""

from __future__ import annotations

import os
import platform
import re
import socket

from breakeven.runner.environment.files import count_listed, read_int, read_text

_NOT_RANDOMISED = (
    0x0040000  # ADDR_NO_RANDOMIZE of personality(2); what `setarch -R` sets, and children inherit
)


def kernel() -> str:
    """Return operating system and kernel release."""
    return f"{platform.system()} {platform.release()}"


def boot() -> str:
    """Return an id of this boot of this kernel, which all its containers share.

    It is the host's name if the system has no such id.
    """
    return read_text("proc/sys/kernel/random/boot_id") or socket.gethostname()


def memory_bytes() -> int | None:
    """Return the memory of the machine, in bytes, regardless of cgroup limits."""
    if not {"SC_PHYS_PAGES", "SC_PAGE_SIZE"} <= set(os.sysconf_names):
        return None
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return pages * size if pages > 0 and size > 0 else None


def load_1m() -> float | None:
    """Return the load average over the last minute."""
    try:
        return os.getloadavg()[0]
    except OSError:  # the system keeps none
        return None


def aslr() -> int | None:
    """Return the address space randomisation of what this process starts: 0 off, 1 without the heap, 2 full."""
    flags = read_text("proc/self/personality") or ""
    if re.fullmatch("[0-9a-f]{1,16}", flags) and int(flags, 16) & _NOT_RANDOMISED:
        return 0
    return read_int("proc/sys/kernel/randomize_va_space")


def clock_source() -> str | None:
    """Return the kernel's clock source."""
    return read_text("sys/devices/system/clocksource/clocksource0/current_clocksource") or None


def numa_nodes() -> int | None:
    """Return how many NUMA nodes have memory."""
    return count_listed("sys/devices/system/node/has_memory")

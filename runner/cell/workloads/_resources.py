"""What a task can be limited by: `Workload.BOUND` names one or more of these, and a test measures each."""

from __future__ import annotations

CPU = "cpu"
"""It computes: on a CPU for all of its time, in caches, without a system call worth mentioning."""

MEMORY = "memory"
"""It moves bytes at about the rate of memory, which all CPUs share."""

DISK = "disk"
"""It reads and writes a device and waits for it."""

NETWORK = "network"
"""It exchanges messages with another process over a network interface and waits for the answers."""

WAITING = "waiting"
"""It sleeps."""

SHARING = "sharing"
"""It uses objects of the interpreter, whose locks and counts of references may be shared with other threads."""

RESOURCES = (CPU, MEMORY, DISK, NETWORK, WAITING, SHARING)

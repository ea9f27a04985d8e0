"""What Linux says of a CPU: its socket, NUMA node and core, and whether it is a fast one.

Hybrid processors have fast and slow cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

ROOT = "/sys/devices"
_NODE = "node"
_NEARLY = 0.9  # cores of one kind differ by less: some of them may run at higher clock rates


def package_of(cpu: int) -> int:
    """Return the number of the socket of a CPU, 0 if the system hides it."""
    return int(_text(f"system/cpu/cpu{cpu}/topology/physical_package_id") or 0)


def core_of(cpu: int) -> int:
    """Return the lowest number of the hardware threads of a CPU's core, its own number if the system hides them.

    A core's own number does not tell: that of a mainframe's is given again and again, and AMD's modules have one for
    each of the two threads that share them.
    """
    return min(_ranges(_text(f"system/cpu/cpu{cpu}/topology/thread_siblings_list")), default=cpu)


def node_of(cpu: int) -> int:
    """Return the number of the NUMA node of a CPU, 0 if there is none."""
    try:
        names = os.listdir(f"{ROOT}/system/cpu/cpu{cpu}")
    except FileNotFoundError:
        return 0
    found = [name[len(_NODE) :] for name in names if name.startswith(_NODE)]
    return next((int(name) for name in found if name.isdigit()), 0)


def fast_cpus(cpus: Iterable[int]) -> set[int]:
    """Return those CPUs that belong to the fast cores, all of them if they are alike.

    Intel's hybrid processors have a counter of their own for each kind of core, which lists its CPUs; others, such as
    ARM's, state the capacity of each CPU.
    """
    wanted = set(cpus)
    listed = wanted & _ranges(_text("cpu_core/cpus"))
    if listed:
        return listed
    capacity = {cpu: int(_text(f"system/cpu/cpu{cpu}/cpu_capacity") or 0) for cpu in wanted}
    return {cpu for cpu in wanted if capacity[cpu] >= _NEARLY * max(capacity.values())}


def _ranges(text: str) -> set[int]:
    """Return the numbers of a list such as ``0-3,8``."""
    parts = [part.partition("-") for part in text.strip().split(",") if part]
    return {number for low, _, high in parts for number in range(int(low), int(high or low) + 1)}


def _text(path: str) -> str:
    try:
        with open(f"{ROOT}/{path}", encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return ""

"""Which CPUs the workers run on, and the parent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CAN_PIN = hasattr(os, "sched_setaffinity")
"""Whether this system can pin threads to CPUs: Linux can, macOS cannot."""

_THREADS = "/proc/self/task"
_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/{}"


def cpus_for(affinity: str) -> tuple[int, ...]:
    """Return the CPUs to pin workers to, in order; empty for ``none``, and if the system cannot pin (see `CAN_PIN`).

    ``compact`` fills a core's hardware threads, then the next core, then the next socket; ``scatter`` uses
    one hardware thread of every socket and core first, then the others.
    """
    if affinity == "none" or not CAN_PIN:
        return ()
    cpus = sorted(os.sched_getaffinity(0), key=lambda cpu: (*_core(cpu), cpu))
    if affinity == "compact":
        return tuple(cpus)
    return tuple(sorted(cpus, key=lambda cpu: _round(cpu, cpus)))


def _core(cpu: int) -> tuple[int, int]:
    return _read(cpu, "physical_package_id"), _read(cpu, "core_id")


def _round(cpu: int, cpus: list[int]) -> tuple[int, int, int]:
    package, core = _core(cpu)
    siblings = [other for other in cpus if _core(other) == (package, core)]
    cores = sorted({_core(other)[1] for other in cpus if _core(other)[0] == package})
    return siblings.index(cpu), cores.index(core), package


def _read(cpu: int, fact: str) -> int:
    try:
        with open(_TOPOLOGY.format(cpu, fact), encoding="ascii") as file:
            return int(file.read())
    except FileNotFoundError:
        return 0


def pin(cpu: int) -> None:
    """Restrict the current thread to ``cpu``."""
    os.sched_setaffinity(0, {cpu})


def pin_all(cpu: int) -> None:
    """Restrict all threads that this process has to ``cpu``, such as those that send and receive for a pool's worker."""
    for thread in map(int, os.listdir(_THREADS)):
        with suppress(ProcessLookupError):  # it ended just now
            os.sched_setaffinity(thread, {cpu})


def cpu_of_parent(affinity: str, cpus: tuple[int, ...], workers: int) -> tuple[int, ...]:
    """Return the CPU to pin the parent to; empty if nothing is pinned. ``cpus`` are those of `cpus_for`.

    Whether parent and worker share a CPU decides how long a round trip takes, more than the channel does, so
    each choice fixes it: ``compact`` puts the parent on the CPU of its first worker, ``scatter`` on the one that a
    further worker would have. That is one of its own unless the workers need all; then it is again a worker's.
    """
    if not cpus:
        return ()
    return cpus[:1] if affinity == "compact" else (cpus[workers % len(cpus)],)


@contextmanager
def pinned(cpus: tuple[int, ...], *, helpers: bool = False) -> Iterator[None]:
    """Run the body on the first of ``cpus``: a baseline on the first worker's, for it to have the workers' conditions.

    With ``helpers``, the process's other threads stay there, too: those of a pool, which send and read for the parent.
    """
    if not cpus:
        yield
        return
    before = os.sched_getaffinity(0)
    if helpers:
        pin_all(cpus[0])
    pin(cpus[0])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

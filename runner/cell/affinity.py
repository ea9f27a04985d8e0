"""Which CPUs the workers run on, and the parent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .named import NamedTuple
from .topology import core_of, fast_cpus, node_of, package_of

CAN_PIN = hasattr(os, "sched_setaffinity")
"""Whether this system can pin threads to CPUs: Linux can, macOS cannot."""

_THREADS = "/proc/self/task"
NONE, COMPACT, SCATTER, CORES_ONLY, SIBLINGS, FAST_CORES = (
    "none",
    "compact",
    "scatter",
    "cores_only",
    "siblings",
    "fast_cores",
)
AFFINITIES = (NONE, COMPACT, SCATTER, CORES_ONLY, SIBLINGS, FAST_CORES)


def cpus_for(affinity: str) -> tuple[int, ...]:
    """Return the CPUs to pin workers to, in order; empty for ``none``, and if the system cannot pin (see `CAN_PIN`).

    ``compact`` fills a core's hardware threads, then the next core, then the next NUMA node and the next socket;
    ``scatter`` uses one hardware thread of every socket, node and core first, then the others. The others leave CPUs
    out: ``cores_only`` is compact with one hardware thread of each core, ``siblings`` compact with those cores that
    have several, and ``fast_cores`` the fast cores of a hybrid processor, scattered. Where no core has several threads,
    or all are as fast, nothing is left out.
    """
    if affinity == NONE or not CAN_PIN:
        return ()
    seats = sorted(Seat(package_of(cpu), node_of(cpu), core_of(cpu), cpu) for cpu in os.sched_getaffinity(0))
    rounds = {seat: _round(seat, seats) for seat in seats}
    if affinity == CORES_ONLY:
        seats = [seat for seat in seats if rounds[seat][0] == 0]
    if affinity == SIBLINGS:
        seats = [seat for seat in seats if len(_same_core(seat, seats)) > 1] or seats
    if affinity == FAST_CORES:
        fast = fast_cpus([seat.cpu for seat in seats])
        seats = [seat for seat in seats if seat.cpu in fast]
    if affinity in (SCATTER, FAST_CORES):
        seats.sort(key=rounds.__getitem__)
    return tuple(seat.cpu for seat in seats)


class Seat(NamedTuple):
    """Where a CPU is: its socket, NUMA node and core, which has the number of its first CPU, and its own number."""

    package: int
    node: int
    core: int
    cpu: int


def _same_core(seat: Seat, seats: list[Seat]) -> list[Seat]:
    return [other for other in seats if other[:3] == seat[:3]]


def _round(seat: Seat, seats: list[Seat]) -> tuple[int, int, int, int, int]:
    """Return the place of a seat if cores, nodes and sockets take turns.

    Every core has its turn before a core has a second one.

    A socket may have several nodes, or a node several sockets.
    """
    nodes = sorted({other.node for other in seats if other.package == seat.package})
    packages = sorted({other.package for other in seats if other.node == seat.node})
    cores = sorted({other.core for other in seats if other[:2] == seat[:2]})
    siblings = _same_core(seat, seats)
    turns = nodes.index(seat.node), packages.index(seat.package)
    return siblings.index(seat), cores.index(seat.core), *turns, seat.package


def pin(cpu: int) -> None:
    """Restrict the current thread to ``cpu``."""
    os.sched_setaffinity(0, {cpu})


def pin_all(cpu: int) -> None:
    """Restrict all threads of this process to ``cpu``.

    Such as those that send and receive for a pool's worker.
    """
    for thread in map(int, os.listdir(_THREADS)):
        with suppress(ProcessLookupError):  # it ended just now
            os.sched_setaffinity(thread, {cpu})


def cpu_of_parent(affinity: str, cpus: tuple[int, ...], workers: int) -> tuple[int, ...]:
    """Return the CPU to pin the parent to; empty if nothing is pinned. ``cpus`` are those of `cpus_for`.

    Whether parent and worker share a CPU decides how long a round trip takes, more than the channel does, so
    each choice fixes it: ``compact`` puts the parent on the CPU of its first worker, any other one on that which a
    further worker would have. That is one of its own unless the workers need all; then it is again a worker's.
    """
    if not cpus:
        return ()
    return cpus[:1] if affinity == COMPACT else (cpus[workers % len(cpus)],)


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

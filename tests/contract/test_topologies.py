"""Where workers are pinned on other machines: topologies as Linux shows them below /sys."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from breakeven.runner.cell import affinity, topology
from tests.kernel_files import KernelFiles

CPU = "system/cpu/cpu{}"


class Thread(NamedTuple):
    """A hardware thread: its socket, NUMA node and core."""

    package: int
    node: int
    core: int


# two sockets of four cores with two threads each: a core's second thread is numbered after all first ones
XEON = [Thread(cpu // 4 % 2, cpu // 4 % 2, cpu % 4) for cpu in range(16)]
# one socket in four NUMA nodes (NPS4) of two cores with two threads each
EPYC = [Thread(0, cpu // 2 % 4, cpu % 8) for cpu in range(16)]
# two fast cores with two threads each, whose numbers are neighbours, and four slow ones with one
LAPTOP = [Thread(0, 0, core) for core in (0, 0, 4, 4, 8, 9, 10, 11)]
ARM = [Thread(0, 0, cpu) for cpu in range(8)]
PLAIN = [Thread(0, 0, 0), Thread(0, 0, 1)]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KernelFiles:
    """Return a place for the files of a machine's topology."""
    monkeypatch.setattr(topology, "ROOT", str(tmp_path))
    monkeypatch.setattr(affinity, "CAN_PIN", True)
    return KernelFiles(tmp_path)


def _put(machine: KernelFiles, monkeypatch: pytest.MonkeyPatch, threads: list[Thread]) -> None:
    for cpu, thread in enumerate(threads):
        place = CPU.format(cpu)
        machine.put(
            {
                f"{place}/topology/physical_package_id": f"{thread.package}\n",
                f"{place}/topology/core_id": f"{thread.core}\n",
                f"{place}/node{thread.node}/cpulist": "",
            }
        )
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(len(threads))), raising=False)


@pytest.mark.parametrize(
    ("threads", "asked", "first"),
    [
        (XEON, "compact", [0, 8, 1, 9, 2, 10, 3, 11, 4, 12]),
        (XEON, "scatter", [0, 4, 1, 5, 2, 6, 3, 7, 8, 12]),
        (XEON, "cores_only", [0, 1, 2, 3, 4, 5, 6, 7]),
        (XEON, "siblings", [0, 8, 1, 9]),
        (XEON, "fast_cores", [0, 4, 1, 5]),
        (EPYC, "compact", [0, 8, 1, 9, 2, 10]),
        (EPYC, "scatter", [0, 2, 4, 6, 1, 3, 5, 7, 8, 10]),
        (EPYC, "cores_only", [0, 1, 2, 3, 4, 5, 6, 7]),
        (LAPTOP, "compact", [0, 1, 2, 3, 4, 5, 6, 7]),
        (LAPTOP, "scatter", [0, 2, 4, 5, 6, 7, 1, 3]),
        (LAPTOP, "cores_only", [0, 2, 4, 5, 6, 7]),
        (LAPTOP, "siblings", [0, 1, 2, 3]),
        (LAPTOP, "fast_cores", [0, 2, 1, 3]),
        (ARM, "fast_cores", [4, 5, 6, 7]),
        (PLAIN, "siblings", [0, 1]),
        (PLAIN, "cores_only", [0, 1]),
    ],
)
def test_workers_are_placed_by_the_topology(
    machine: KernelFiles, monkeypatch: pytest.MonkeyPatch, threads: list[Thread], asked: str, first: list[int]
) -> None:
    """The first CPUs are those expected, and a choice that leaves some out has no others."""
    _put(machine, monkeypatch, threads)
    if threads is LAPTOP:
        machine.put({"cpu_core/cpus": "0-3\n", "cpu_atom/cpus": "4-7\n"})
    if threads is ARM:
        machine.put({f"{CPU.format(cpu)}/cpu_capacity": "1024\n" if cpu > 3 else "446\n" for cpu in range(8)})
    found = list(affinity.cpus_for(asked))
    assert found[: len(first)] == first
    assert len(found) == len(set(found))
    assert asked in ("compact", "scatter") or len(found) == len(first) or threads is XEON


def test_a_machine_that_shows_no_topology_has_one_thread_a_core(
    machine: KernelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container that hides /sys all CPUs are kept, in order, whatever is asked."""
    assert not list(machine.root.iterdir())
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 1, 2}, raising=False)
    for asked in affinity.AFFINITIES[1:]:
        assert affinity.cpus_for(asked) == (1, 2, 3)

"""Where workers are pinned on other machines: topologies as Linux shows them below /sys, made up and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.runner.cell import affinity, topology
from tests.examples import at_most
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
        siblings = [str(other) for other, seat in enumerate(threads) if seat == thread]
        machine.put(
            {
                f"{place}/topology/thread_siblings_list": f"{','.join(siblings)}\n",
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


# --- recorded from machines, see tests/topologies/README.md --------------------------------------------------------

RECORDED_AT = Path(__file__).parent.parent / "topologies"
RECORDED = sorted(RECORDED_AT.glob("*.json"))


class Recorded:
    """A machine that somebody recorded; ``cpus`` has the socket, node and sibling threads of each CPU, as its kernel told them."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text())
        self.allowed = topology._ranges(told["allowed"])
        self.fast = topology._ranges(told.get("fast", ""))
        self.files: dict[str, str] = {"cpu_core/cpus": f"{told['fast']}\n"} if "fast" in told else {}
        self.cpus: dict[int, tuple[int, int, frozenset[int]]] = {}
        for name, (package, node, core, siblings) in told["cpus"].items():
            self.cpus[int(name)] = package, node, frozenset(topology._ranges(siblings))
            place = CPU.format(name)
            self.files |= {
                f"{place}/topology/physical_package_id": f"{package}\n",
                f"{place}/topology/core_id": f"{core}\n",
                f"{place}/topology/thread_siblings_list": f"{siblings}\n",
                f"{place}/node{node}/cpulist": "",
            }

    def cores(self, cpus: Iterable[int]) -> set[tuple[int, int, frozenset[int]]]:
        """Return the cores that CPUs belong to."""
        return {self.cpus[cpu] for cpu in cpus}


@pytest.fixture(scope="module")
def put_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], tuple[Recorded, Path]]:
    """Return what reads a recorded machine, and writes its files, of which there may be thousands, once."""

    @cache
    def put(path: Path) -> tuple[Recorded, Path]:
        found, root = Recorded(path), tmp_path_factory.mktemp(path.stem)
        KernelFiles(root).put(found.files)
        return found, root

    return put


@pytest.fixture
def recorded(
    request: pytest.FixtureRequest,
    put_once: Callable[[Path], tuple[Recorded, Path]],
    monkeypatch: pytest.MonkeyPatch,
) -> Recorded:
    """Return the recorded machine that the parameter names, whose files are in place."""
    found, root = put_once(request.param)
    monkeypatch.setattr(topology, "ROOT", str(root))
    monkeypatch.setattr(affinity, "CAN_PIN", True)
    return found


EVERY_MACHINE = pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.stem, indirect=True)


def _placed(monkeypatch: pytest.MonkeyPatch, asked: str, allowed: set[int]) -> list[int]:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: allowed, raising=False)
    return list(affinity.cpus_for(asked))


def _in_a_row(values: Iterable[Any]) -> bool:
    """Return whether equal values follow each other."""
    found = list(values)
    changes = sum(1 for one, other in pairwise(found) if one != other)
    return changes == max(len(set(found)) - 1, 0)


def _spread(values: list[Any]) -> bool:
    """Return whether the first ones are all different, up to as many as there are kinds."""
    kinds = len(set(values))
    return len(set(values[:kinds])) == kinds


def _check(recorded: Recorded, allowed: set[int], placed: Callable[[str], list[int]]) -> None:
    """Hold every choice to what it promises on any part of a machine."""
    places = recorded.cpus
    for asked in affinity.AFFINITIES[1:]:
        found = placed(asked)
        assert len(set(found)) == len(found) > 0
        assert set(found) <= allowed
    compact, scatter = placed("compact"), placed("scatter")
    assert set(compact) == set(scatter) == allowed
    for level in range(1, 4):  # socket, node of a socket, core
        assert _in_a_row(places[cpu][:level] for cpu in compact)
    for kind in (
        [places[cpu][0] for cpu in scatter],
        [places[cpu][1] for cpu in scatter],
        [places[cpu] for cpu in scatter],
    ):
        assert _spread(kind)
    alone = placed("cores_only")
    assert len(alone) == len(recorded.cores(alone)) == len(recorded.cores(allowed))
    threaded = {cpu for cpu in allowed if len(places[cpu][2] & allowed) > 1}
    assert set(placed("siblings")) == (threaded or allowed)
    assert set(placed("fast_cores")) == (recorded.fast & allowed or allowed)
    assert _spread([places[cpu] for cpu in placed("fast_cores")])


@EVERY_MACHINE
def test_a_recorded_machine_is_used_as_it_was_allowed(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the CPUs that were online, and allowed where a container or a batch job left some."""
    assert recorded.allowed <= set(recorded.cpus)
    _check(recorded, recorded.allowed, lambda asked: _placed(monkeypatch, asked, recorded.allowed))


@EVERY_MACHINE
@settings(at_most(12), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_part_of_a_recorded_machine_may_be_allowed(recorded: Recorded, data: st.DataObject) -> None:
    """Whatever CPUs a container leaves; the fixture's files stay as they are."""
    allowed = data.draw(st.sets(st.sampled_from(sorted(recorded.cpus)), min_size=1, max_size=24))
    with pytest.MonkeyPatch.context() as patch:
        _check(recorded, allowed, lambda asked: _placed(patch, asked, allowed))


@pytest.mark.parametrize(
    ("recorded", "asked", "first"),
    [
        (RECORDED_AT / "xeon_two_sockets.json", "compact", [0, 16, 1, 17]),
        (RECORDED_AT / "xeon_two_sockets.json", "scatter", [0, 8, 1, 9]),
        (RECORDED_AT / "opteron_modules.json", "scatter", [0, 16, 32, 48, 8, 24]),
        (RECORDED_AT / "opteron_modules.json", "cores_only", [0, 2, 4, 6]),
        (RECORDED_AT / "mainframe.json", "cores_only", list(range(20))),
        (RECORDED_AT / "mainframe.json", "siblings", list(range(20))),
        (RECORDED_AT / "power7.json", "compact", [0, 1, 2, 3]),
        (RECORDED_AT / "power7.json", "scatter", [0, 32, 64, 96]),
        (RECORDED_AT / "xeon_sixteen_sockets.json", "scatter", [1, 24, 48, 72, 0, 25]),
        (RECORDED_AT / "xeon_first_offline.json", "scatter", [4, 5, 6, 7]),
        (RECORDED_AT / "opteron_slurm_job.json", "scatter", [0, 4, 1, 5, 2, 3]),
        (RECORDED_AT / "laptop_hybrid.json", "fast_cores", [0, 2, 4, 6, 8, 10, 1, 3]),
        (RECORDED_AT / "laptop_hybrid.json", "siblings", list(range(12))),
        (RECORDED_AT / "lakefield.json", "fast_cores", [0, 1, 2, 3, 4]),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else None,
    indirect=["recorded"],
)
def test_the_first_workers_of_a_recorded_machine(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, asked: str, first: list[int]
) -> None:
    """As somebody who knows the machine would place them."""
    assert _placed(monkeypatch, asked, recorded.allowed)[: len(first)] == first

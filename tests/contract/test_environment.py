"""The machine as a run describes it: here, on made-up trees of /proc and /sys, and where there are none."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breakeven.base.schema import TABLES
from breakeven.runner import environment
from breakeven.runner.environment import cgroup, cpu, files, machine, system, virtualisation
from breakeven.runner.environment.machine import repository_at
from tests.kernel_files import CPU, V2, KernelFiles

FOLDER = Path(machine.__file__).parent
WITHOUT_FILES = {
    "hostname",
    "machine",
    "cpu_model",
    "cpu_count",
    "memory_bytes",
    "load_1m",
    "kernel",
    "breakeven_version",
}


def test_the_machine_is_described_here() -> None:
    """Every fact has a column and its type, and those that any machine has are there."""
    facts = environment.machine_facts()
    types = {name: TABLES["runs"].field(name).type for name in facts}
    kinds = {"string": str, "int32": int, "int64": int, "double": float, "bool": bool}
    for name, value in facts.items():
        assert value is None or type(value) is kinds[str(types[name])], name
    assert all(facts[name] is not None for name in WITHOUT_FILES)
    assert 1 <= facts["cpu_count"] <= (os.cpu_count() or 1)
    assert facts["memory_bytes"] > 2**26


@pytest.mark.usefixtures("kernel")
def test_without_any_file_facts_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """No /proc, no /sys, no git: what the system calls tell remains, and nothing raises."""
    monkeypatch.setenv("PATH", "")
    repository_at.cache_clear()
    facts = environment.machine_facts()
    repository_at.cache_clear()
    assert {name for name, value in facts.items() if value is not None} == WITHOUT_FILES
    assert facts["cpu_count"] == 64


def test_what_may_change_is_read_for_every_run(kernel: KernelFiles) -> None:
    """Clock source, limits and rates are those of the moment; the CPU's name is read once."""
    clock = "sys/devices/system/clocksource/clocksource0/current_clocksource"
    kernel.put({clock: "tsc\n", "proc/cpuinfo": "model name : First\n"})
    first = environment.machine_facts()
    kernel.put({clock: "hpet\n", "proc/cpuinfo": "model name : Second\n"})
    second = environment.machine_facts()
    assert [(facts["clock_source"], facts["cpu_model"]) for facts in (first, second)] == [
        ("tsc", "First"),
        ("hpet", "First"),
    ]


_NAMES = (
    "proc/cpuinfo", "proc/self/cgroup", "proc/self/mountinfo", "proc/self/personality", "proc/1/environ",
    "proc/sys/kernel/randomize_va_space", "proc/sys/kernel/osrelease", "sys/hypervisor/type",
    "sys/fs/cgroup/a/cpu.max", "sys/fs/cgroup/a/memory.max", "sys/fs/cgroup/a/cpu.cfs_quota_us",
    "sys/fs/cgroup/a/cpu.cfs_period_us", "sys/fs/cgroup/a/memory.limit_in_bytes",
    "sys/devices/system/node/has_memory", f"{CPU.format(0)}/topology/thread_siblings_list",
    f"{CPU.format(0)}/cpufreq/scaling_cur_freq", f"{CPU.format(0)}/cpufreq/scaling_governor",
    "sys/class/dmi/id/sys_vendor", "run/systemd/container",
)  # fmt: skip
_FRAGMENTS = st.sampled_from(
    ["0", "-1", "9" * 30, "0-3", "3-0", "0-", ",", " ", "\n", ":", "/", "a", "..", "\0", " - ", "max", "cpu MHz",
     "processor", ": ", "1.5.", "cgroup2", "cgroup", "cpu", "memory", "0::/a\n", V2, "\ufeff", "²", "flags", "="]
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(_NAMES), st.lists(_FRAGMENTS, max_size=12).map("".join), min_size=8))
def test_malformed_files_are_no_failure(
    kernel: KernelFiles, monkeypatch: pytest.MonkeyPatch, tree: dict[str, str]
) -> None:
    """Whatever stands in them, each fact is of its type or null."""
    monkeypatch.setattr(
        "os.sched_getaffinity", lambda _: {0, 1}, raising=False
    )  # one has files, one has none
    kernel.put({"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": V2} | tree)
    facts: tuple[tuple[Any, type], ...] = (
        (cgroup.cpu_quota(), float),
        (cgroup.memory_limit_bytes(), int),
        (cpu.cpu_model(), str),
        (cpu.cpu_count(), int),
        (cpu.threads_per_core(), int),
        (cpu.cpu_mhz(), float),
        (cpu.governor(), str),
        (system.aslr(), int),
        (system.numa_nodes(), int),
        (virtualisation.virtualisation(), str),
    )
    kernel.clear()
    assert all(value is None or isinstance(value, kind) for value, kind in facts)


def test_the_package_needs_nothing_of_the_project() -> None:
    """It imports the standard library and itself."""
    modules = sorted(FOLDER.glob("*.py"))
    assert len(modules) > 5
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert (
                    name.startswith(("breakeven.runner.environment", "breakeven.base"))
                    or name.partition(".")[0] in sys.stdlib_module_names
                )


def test_a_file_that_may_not_be_read_is_as_if_absent(
    kernel: KernelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permission, a folder in its place, a file in the place of a folder, bytes that are no text: no exception."""
    kernel.put({"locked": "1", "folder/file": "2", "text": "3\n"})
    (kernel.root / "bytes").write_bytes(b"\xff 4")
    original = Path.read_text

    def refuse(path: Path, **about: Any) -> str:
        if path.name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, **about)

    monkeypatch.setattr(Path, "read_text", refuse)
    names = ("locked", "folder", "text/below", "absent", "nul\0", "text", "bytes")
    assert [files.read_text(name) for name in names] == [None, None, None, None, None, "3", "\ufffd 4"]


def test_a_place_that_may_not_be_seen_is_as_if_empty(
    kernel: KernelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is told, and a folder that is closed to us is no failure."""
    kernel.put({"there": ""})
    assert (files.exists("there"), files.exists("absent")) == (True, False)

    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    assert not files.exists("there")


@given(st.sets(st.integers(0, 500), min_size=1))
def test_lists_of_numbers_are_counted(numbers: set[int]) -> None:
    """In the kernel's form, ranges and single numbers, as many are counted as there are."""
    starts = sorted(number for number in numbers if number - 1 not in numbers)
    ends = sorted(number for number in numbers if number + 1 not in numbers)
    text = ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "read_text", lambda _: text)
        assert files.count_listed("list") == len(numbers)


@pytest.mark.parametrize(
    ("setting", "flags", "expected"),
    [
        ("2", "00000000", 2),
        ("1", None, 1),
        ("2", "00040000", 0),
        ("0", "00000000", 0),
        (None, "00000000", None),
    ],
)
def test_randomisation_is_the_kernels_unless_switched_off_for_us(
    kernel: KernelFiles, setting: str | None, flags: str | None, expected: int | None
) -> None:
    """`setarch -R` switches it off for this process and those it starts, whatever the kernel's setting."""
    found = {"proc/sys/kernel/randomize_va_space": setting, "proc/self/personality": flags}
    kernel.put({name: text + "\n" for name, text in found.items() if text is not None})
    assert system.aslr() == expected


@pytest.mark.skipif(not shutil.which("setarch"), reason="setarch is not installed")
def test_randomisation_that_was_switched_off_is_seen_here() -> None:
    """The real command, on the real kernel."""
    script = "from runner.environment import system; print(system.aslr())"
    command = ["setarch", os.uname().machine, "-R", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=FOLDER.parents[1])
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize(("text", "expected"), [("0\n", 1), ("0-1,4\n", 3), ("\n", None), ("0,,1\n", None)])
def test_numa_nodes_with_memory_are_counted(kernel: KernelFiles, text: str, expected: int | None) -> None:
    """Nodes that have CPUs only do not count."""
    kernel.put({"sys/devices/system/node/has_memory": text, "sys/devices/system/node/online": "0-7\n"})
    assert system.numa_nodes() == expected


def test_memory_is_that_of_the_kernel() -> None:
    """The same as in /proc/meminfo, within its rounding to KiB."""
    lines = (files.read_text("proc/meminfo") or "").splitlines()
    total = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:")]
    if not total:
        pytest.skip("the system has no /proc/meminfo")
    assert system.memory_bytes() == pytest.approx(total[0], abs=2**20)


def test_a_system_that_does_not_tell_has_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither memory nor load is made up."""

    def refuse() -> tuple[float, float, float]:
        raise OSError("Load averages are unobtainable")

    monkeypatch.setattr("os.getloadavg", refuse)
    monkeypatch.setattr("os.sysconf_names", {"SC_PAGE_SIZE": 30})
    assert (system.load_1m(), system.memory_bytes()) == (None, None)

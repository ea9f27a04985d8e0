"""CPUs and what control groups allow of them, on made-up trees of /proc and /sys."""

from __future__ import annotations

import pytest

from breakeven.runner import environment
from breakeven.runner.environment import cgroup, cpu
from tests.kernel_files import CPU, V2, KernelFiles

V1 = (
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 {top} /sys/fs/cgroup/memory rw shared:3 master:2 - cgroup cgroup rw,memory\n"
)
V1_OWN = "11:memory:{0}\n4:cpu,cpuacct:{0}\n1:name=systemd:/other\n"


# --- control groups --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "quota", "count"),
    [
        ("max 100000", None, 64),
        ("200000 100000", 2.0, 2),
        ("250000 100000", 2.5, 2),
        ("50000 100000", 0.5, 1),
        ("12800000 100000", 128.0, 64),
        ("", None, 64),
        ("200000", None, 64),
        ("200000 0", None, 64),
        ("many 100000", None, 64),
    ],
)
def test_a_quota_limits_the_cpus(kernel: KernelFiles, limit: str, quota: float | None, count: int) -> None:
    """A container with a quota of 2 of its 64 CPUs has 2, and never fewer than one."""
    kernel.put({"proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": V2, "sys/fs/cgroup/a/cpu.max": limit})
    assert (environment.cpu_count(), cgroup.cpu_quota()) == (count, quota)


def test_the_tightest_limit_of_the_path_counts(kernel: KernelFiles) -> None:
    """Limits of our cgroup and of those around it, not of others."""
    kernel.put(
        {
            "proc/self/cgroup": "0::/a/b/c\n",
            "proc/self/mountinfo": V2,
            "sys/fs/cgroup/a/cpu.max": "300000 100000\n",
            "sys/fs/cgroup/a/b/cpu.max": "80000 50000\n",
            "sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/other/cpu.max": "10000 100000\n",
            "sys/fs/cgroup/a/memory.max": "1073741824\n",
            "sys/fs/cgroup/a/b/memory.max": "max\n",
            "sys/fs/cgroup/a/b/c/memory.max": "2147483648\n",
            "sys/fs/cgroup/a/other/memory.max": "4096\n",
        }
    )
    assert (cgroup.cpu_quota(), cgroup.memory_limit_bytes()) == (1.6, 2**30)


@pytest.mark.parametrize(
    ("top", "own", "folder"),
    [
        ("/", "/docker/abc", "docker/abc/"),  # on the host
        ("/docker/abc", "/docker/abc", ""),  # in a container that sees the host's path
        ("/docker/abc", "/docker/abc/inner", "inner/"),
        ("/", "/", ""),  # in a namespace of its own
        ("/docker/abc", "/elsewhere", ""),  # the path names a place that is not mounted here
    ],
)
def test_version_1_is_read_where_it_is_mounted(kernel: KernelFiles, top: str, own: str, folder: str) -> None:
    """Each controller has its own hierarchy; a container may be told a path that exists on the host only."""
    kernel.put(
        {
            "proc/self/cgroup": V1_OWN.format(own),
            "proc/self/mountinfo": V1.format(top=top),
            f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.cfs_quota_us": "200000\n",
            f"sys/fs/cgroup/cpu,cpuacct/{folder}cpu.cfs_period_us": "100000\n",
            f"sys/fs/cgroup/memory/{folder}memory.limit_in_bytes": "536870912\n",
        }
    )
    assert (cgroup.cpu_quota(), cgroup.memory_limit_bytes(), cpu.cpu_count()) == (2.0, 2**29, 2)


def test_version_1_without_limits_has_none(kernel: KernelFiles) -> None:
    """-1 is no quota, and the largest number of pages is no limit of memory."""
    kernel.put(
        {
            "proc/self/cgroup": V1_OWN.format("/"),
            "proc/self/mountinfo": V1.format(top="/"),
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        }
    )
    assert (cgroup.cpu_quota(), cgroup.memory_limit_bytes(), cpu.cpu_count()) == (None, None, 64)


def test_both_versions_side_by_side_count(kernel: KernelFiles) -> None:
    """A hybrid system has its controllers on version 1 and a bare version 2 beside them, or the other way round."""
    v2 = V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
    kernel.put(
        {
            "proc/self/cgroup": V1_OWN.format("/a") + "0::/a\n",
            "proc/self/mountinfo": V1.format(top="/") + v2,
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "400000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/unified/a/memory.max": "1048576\n",
        }
    )
    assert (cgroup.cpu_quota(), cgroup.memory_limit_bytes()) == (4.0, 2**20)


# --- CPUs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("siblings", "allowed", "expected"),
    [
        ({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, {0, 1}, 2),
        ({0: "0-7", 1: "0-7"}, {0, 1}, 8),
        ({0: "0", 1: "1"}, {0, 1}, 1),
        ({0: "0-1", 1: "0-1", 2: "2"}, {0, 1, 2}, 2),  # cores of two kinds
        ({0: "0-1", 1: "0-1", 2: "2"}, {2}, 1),
        ({}, {0, 1}, None),
        ({0: "none"}, {0}, None),
    ],
)
def test_siblings_of_the_allowed_cpus_are_counted(
    kernel: KernelFiles,
    monkeypatch: pytest.MonkeyPatch,
    siblings: dict[int, str],
    allowed: set[int],
    expected: int | None,
) -> None:
    """As many hardware threads as are on in the cores that this process may use."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: allowed)
    kernel.put(
        {f"{CPU.format(number)}/topology/thread_siblings_list": f"{s}\n" for number, s in siblings.items()}
    )
    assert cpu.threads_per_core() == expected


def test_the_clock_rate_is_that_of_the_allowed_cpus(
    kernel: KernelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver's rates come first; without a driver those of /proc/cpuinfo, by the processor's number."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    described = "\n\n".join(f"processor\t: {n}\ncpu MHz\t\t: {1000 * (n + 1)}.500" for n in range(3))
    kernel.put({"proc/cpuinfo": described + "\n"})
    assert cpu.cpu_mhz() == 1500.5
    kernel.put({f"{CPU.format(n)}/cpufreq/scaling_cur_freq": f"{800000 * (n + 1)}\n" for n in range(3)})
    assert cpu.cpu_mhz() == 1200


def test_governors_of_the_allowed_cpus_are_named(
    kernel: KernelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One name where all have the same, all names where they differ."""
    names = ("performance", "performance", "schedutil", "powersave")
    kernel.put({f"{CPU.format(n)}/cpufreq/scaling_governor": f"{name}\n" for n, name in enumerate(names)})
    told = []
    for allowed in ({0, 1}, {0, 2}, {7}):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, allowed=allowed: allowed)
        told.append(cpu.governor())
    assert told == ["performance", "performance, schedutil", None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor : 0\nmodel name\t: AMD EPYC 7B13\n\nprocessor : 1\nmodel name : AMD EPYC 7B13", "AMD EPYC 7B13"),
        ("processor : 0\ncpu\t\t: POWER9, altivec supported\n", "POWER9, altivec supported"),
        ("processor : 0\nBogoMIPS : 50\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n", "Raspberry Pi 5 Model B Rev 1.0"),
        ("CPU implementer : 0x41\nCPU part\t: 0xd0c\n\nCPU part : 0xd0c", "aarch64, CPU implementer 0x41, CPU part 0xd0c"),
        ("processor : 0\n", "aarch64"),
        ("model name :\n", "aarch64"),
        ("", "aarch64"),
    ],
)  # fmt: skip
def test_the_cpu_has_a_name(
    kernel: KernelFiles, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """That which the kernel gives; codes tell two ARM servers apart; the architecture where there is nothing."""
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    kernel.put({"proc/cpuinfo": text})
    assert environment.cpu_model() == expected


@pytest.mark.usefixtures("kernel")
def test_without_affinity_all_cpus_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: what the system counts is taken, and one where it cannot count."""
    monkeypatch.delattr("os.sched_getaffinity")
    counts = []
    for count in (12, None):
        monkeypatch.setattr("os.cpu_count", lambda count=count: count)
        counts.append(cpu.cpu_count())
    assert counts == [12, 1]

"""The CPUs: their model, how many this process may use, how fast they run now."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator
from statistics import fmean

from breakeven.runner.environment.cgroup import cpu_quota
from breakeven.runner.environment.files import count_listed, read_int, read_text

_NAMES = ("model name", "Model", "cpu model", "cpu", "uarch")  # x86; then ARM boards, MIPS, POWER, RISC-V
_ARM_CODES = ("CPU implementer", "CPU part")
_FOLDER = "sys/devices/system/cpu/cpu{}"


def cpu_model() -> str:
    """Return the CPU's name as the kernel reports it, else its codes, else the architecture."""
    described = [field for cpu in described_cpus() for field in cpu.items()]
    for name in _NAMES:
        if found := next((value for key, value in described if key == name and value), None):
            return found
    codes = sorted({f"{key} {value}" for key, value in described if key in _ARM_CODES})
    return ", ".join((platform.processor() or platform.machine(), *codes))


def cpu_count() -> int:
    """Return how many CPUs this process may use: its affinity, and at most the quota of its cgroup."""
    quota = cpu_quota()
    available = len(_allowed())
    return available if quota is None else max(1, min(available, math.floor(quota)))


def threads_per_core() -> int | None:
    """Return the most hardware threads that are online in one core, of the cores this process may use."""
    siblings = (count_listed(f"{_FOLDER.format(cpu)}/topology/thread_siblings_list") for cpu in _allowed())
    return max((count for count in siblings if count is not None), default=None)


def cpu_mhz() -> float | None:
    """Return the mean clock rate of the CPUs this process may use, now, in MHz."""
    rates = [
        khz / 1000
        for cpu in _allowed()
        if (khz := read_int(f"{_FOLDER.format(cpu)}/cpufreq/scaling_cur_freq")) is not None
    ]
    rates = rates or list(_described_mhz())
    return fmean(rates) if rates else None


def governor() -> str | None:
    """Return the frequency governor of the CPUs this process may use, several with commas."""
    found = {read_text(f"{_FOLDER.format(cpu)}/cpufreq/scaling_governor") for cpu in _allowed()}
    return ", ".join(sorted(filter(None, found))) or None


def described_cpus() -> list[dict[str, str]]:
    """Return the blocks of /proc/cpuinfo, by name of the field."""
    blocks = (read_text("proc/cpuinfo") or "").split("\n\n")
    return [dict(_field(line) for line in block.splitlines()) for block in blocks]


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _described_mhz() -> Iterator[float]:
    allowed = {str(cpu) for cpu in _allowed()}
    for cpu in described_cpus():
        whole, _, part = cpu.get("cpu MHz", "").partition(".")
        if cpu.get("processor") in allowed and whole.isdecimal() and (part or "0").isdecimal():
            yield float(f"{whole}.{part}")


def _allowed() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))

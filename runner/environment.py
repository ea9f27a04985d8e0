"""Facts about the machine and what this process may use of it."""

from __future__ import annotations

import math
import os
import platform
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_CGROUP = Path("/sys/fs/cgroup")


def machine_facts() -> dict[str, Any]:
    """Give the columns of ``runs`` that say where it ran."""
    return {
        "hostname": socket.gethostname(),
        "cpu_model": cpu_model(),
        "kernel": f"{platform.system()} {platform.release()}",
        "cpu_count": cpu_count(),
        "breakeven_version": project_version(),
    }


def cpu_model() -> str:
    """Give the CPU's name as the kernel has it, the architecture where it has none."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def cpu_count() -> int:
    """Give how many CPUs this process may use: its affinity, and at most the quota of its cgroup."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota()
    return available if quota is None else max(1, min(available, math.floor(quota)))


def _quota() -> float | None:
    """Give the CPUs that the cgroup's quota allows (cgroup v2 ``cpu.max``, the tightest of the path), if any."""
    own = Path("/proc/self/cgroup")
    if not own.exists():
        return None
    lines = (line.partition("::") for line in own.read_text(encoding="utf-8").splitlines())
    folder = next((_CGROUP / path.lstrip("/") for prefix, _, path in lines if prefix == "0"), _CGROUP)
    quotas = [
        quota for level in (folder, *folder.parents) if (quota := _read_quota(level / "cpu.max")) is not None
    ]
    return min(quotas, default=None)


def _read_quota(path: Path) -> float | None:
    if not path.is_file():
        return None
    limit, period = path.read_text(encoding="utf-8").split()
    return None if limit == "max" else int(limit) / int(period)


def project_version() -> str:
    """Give the version of this project, ``unknown`` where it runs without being installed."""
    try:
        return version("breakeven")
    except PackageNotFoundError:
        return "unknown"

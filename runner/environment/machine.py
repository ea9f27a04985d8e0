"""All facts of a run about its machine, by column."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from breakeven.base.version import project_version
from breakeven.runner.environment import cgroup, cpu, repository, system, virtualisation
from breakeven.runner.environment.code import own_code


def machine_facts() -> dict[str, Any]:
    """Return the columns of ``runs`` that describe the machine, as of now; None for what is unknown.

    Called before a run, so that load and clock rate are those that the run finds. Limits and the clock source
    may change during a sweep and cost microseconds to read; git takes milliseconds and is asked once for each
    state of the code.
    """
    commit, dirty = repository_at(own_code())
    return {
        **lasting_facts(),
        "hostname": socket.gethostname(),
        "cpu_count": cpu.cpu_count(),
        "cpu_quota": cgroup.cpu_quota(),
        "threads_per_core": cpu.threads_per_core(),
        "cpu_mhz": cpu.cpu_mhz(),
        "governor": cpu.governor(),
        "memory_limit_bytes": cgroup.memory_limit_bytes(),
        "load_1m": system.load_1m(),
        "aslr": system.aslr(),
        "clock_source": system.clock_source(),
        "commit": commit,
        "dirty": dirty,
    }


@cache
def repository_at(code: str) -> repository.State:
    """Return the state of our own repository when the code that measures first had the hash ``code``."""
    del code  # only the cache key
    return repository.own_repository()


@cache
def lasting_facts() -> Mapping[str, Any]:
    """Return the facts that do not change while this process lives."""
    return MappingProxyType(
        {
            "machine": system.boot(),
            "cpu_model": cpu.cpu_model(),
            "numa_nodes": system.numa_nodes(),
            "memory_bytes": system.memory_bytes(),
            "kernel": system.kernel(),
            "virtualisation": virtualisation.virtualisation(),
            "breakeven_version": project_version(),
        }
    )

"""Workloads: what a task computes."""

from __future__ import annotations

from ..registry import member
from ._abc import Workload

REGISTRY = {
    "spin": "spin:Spin",
    "histogram": "histogram:Histogram",
    "sleep": "sleep:Sleep",
    "busy_wait": "busy_wait:BusyWait",
    "hash": "hash:Hash",
    "compress": "compress:Compress",
    "sort": "sort:Sort",
    "json": "json:Json",
    "regex": "regex:Regex",
    "allocate": "allocate:Allocate",
    "copy": "copy:Copy",
    "mixed": "mixed:Mixed",
    "file": "file:File",
    "socket": "socket:Socket",
    "matmul": "matmul:Matmul",
    "pandas_groupby": "pandas_groupby:PandasGroupby",
    "contention": "contention:Contention",
    "function": "function:Function",
}


def load(name: str) -> type[Workload]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    found: type[Workload] = member(__name__, REGISTRY, name)
    return found


__all__ = ["REGISTRY", "Workload", "load"]

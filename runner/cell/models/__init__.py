"""Execution models: how workers exist."""

from __future__ import annotations

from ..registry import member
from ._abc import Model

REGISTRY = {
    "serial": "serial:Serial",
    "thread": "thread:Thread",
    "process": "process:Process",
    "asyncio": "asyncio:Asyncio",
    "interpreter": "interpreter:Interpreter",
    "thread_pool": "thread_pool:ThreadPool",
    "process_pool": "process_pool:ProcessPool",
    "mp_pool": "mp_pool:MpPool",
    "asyncio_to_thread": "asyncio_to_thread:AsyncioToThread",
    "interpreter_pool": "interpreter_pool:InterpreterPool",
    "loky": "loky:Loky",
    "joblib": "joblib:Joblib",
    "mpire": "mpire:Mpire",
    "dask": "dask:Dask",
    "ray": "ray:Ray",
    "mpi": "mpi:Mpi",
}


def load(name: str) -> type[Model]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    found: type[Model] = member(__name__, REGISTRY, name)
    return found


__all__ = ["REGISTRY", "Model", "load"]

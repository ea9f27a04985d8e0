"""Threads that native libraries start beside Python's: how many there are, and of which libraries."""

from __future__ import annotations

import os
import re
from typing import Optional

_LIBRARIES = re.compile(  # the names of files that are mapped, such as libscipy_openblas64_-5f9e.so
    r"(openblas|mkl(?=_rt|_core|_intel|_gnu)|blis|gomp|iomp5|libomp|tbb|torch(?=_cpu)|arrow|polars|onednn|tensorflow)"
)
_PLAIN = {"libomp": "omp", "iomp5": "iomp"}


def native_threads(pid: int, python_threads: int) -> Optional[int]:
    """Return the number of a process's threads that Python did not start; None if the kernel does not list them."""
    try:
        return max(0, len(os.listdir(f"/proc/{pid}/task")) - python_threads)
    except OSError:  # not Linux, or the process is gone
        return None


def native_libraries() -> tuple[str, ...]:
    """Return the names of libraries with threads of their own that this process has loaded."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            files = {os.path.basename(line.rstrip("\n")) for line in maps if ".so" in line}
    except OSError:  # not Linux
        return ()
    found = {name for file in files for name in _LIBRARIES.findall(file)}
    return tuple(sorted(_PLAIN.get(name, name) for name in found))

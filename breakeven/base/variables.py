"""Environment variables that can change how fast a program runs: which they are, and their stored form.

Only these are recorded, besides those that a cell sets itself: any other variable may hold a secret. Hence names
are listed one by one, and a prefix stands for a family only if a library reads nothing else by it.

Left out on purpose: where modules are found (PYTHONPATH, PYTHONHOME, PYTHONUSERBASE ...), since what was imported
from there is recorded as packages and as sources of the function, and a path differs between two checkouts of
the same code; interactive use (PYTHONSTARTUP, PYTHON_COLORS ...); and PYTHONHASHSEED, which the runner sets in each
round and records as ``hash_seed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from breakeven.base.text import escape, unescape

_PREFIXES = (
    *("OMP_", "KMP_", "GOMP_", "OPENBLAS_", "GOTO_", "MKL_", "BLIS_", "VECLIB_", "NUMEXPR_", "NUMBA_"),
    *("TBB_", "RAYON_", "POLARS_", "JOBLIB_", "LOKY_", "ONEDNN_", "DNNL_", "BLOSC_", "NPY_", "OPENCV_FOR_"),
    *("MALLOC_", "JEMALLOC_", "_RJEM_MALLOC_", "TCMALLOC_", "MIMALLOC_", "PYPY_GC_"),
)
_LIBRARIES = (
    *("ARROW_IO_THREADS", "ATEN_CPU_CAPABILITY", "DUCKDB_THREADS", "GOMAXPROCS", "MODIN_CPUS"),
    *("SKLEARN_WORKING_MEMORY", "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS"),
    *("TOKENIZERS_PARALLELISM", "TORCH_NUM_THREADS", "UV_THREADPOOL_SIZE", "VIPS_CONCURRENCY", "XLA_FLAGS"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_LAUNCH_BLOCKING", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
    *("GOTOBLAS_MAIN_FREE", "NUMPY_MADVISE_HUGEPAGE"),
)
_LOADER = (
    *("GLIBC_TUNABLES", "LD_AUDIT", "LD_BIND_NOW", "LD_LIBRARY_PATH", "LD_PRELOAD"),
    *("DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH"),
)
_PYTHON = (
    *("PYTHONASYNCIODEBUG", "PYTHONCASEOK", "PYTHONCOERCECLOCALE", "PYTHONDEBUG", "PYTHONDEVMODE"),
    *("PYTHONDONTWRITEBYTECODE", "PYTHONDUMPREFS", "PYTHONFAULTHANDLER", "PYTHONINTMAXSTRDIGITS"),
    *("PYTHONIOENCODING", "PYTHONMALLOC", "PYTHONMALLOCSTATS", "PYTHONNODEBUGRANGES", "PYTHONOPTIMIZE"),
    *("PYTHONPERFSUPPORT", "PYTHONPROFILEIMPORTTIME", "PYTHONTHREADDEBUG", "PYTHONTRACEMALLOC"),
    *("PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONVERBOSE", "PYTHONWARNDEFAULTENCODING", "PYTHONWARNINGS"),
    *("PYTHON_CONTEXT_AWARE_WARNINGS", "PYTHON_CPU_COUNT", "PYTHON_DISABLE_REMOTE_DEBUG"),
    *("PYTHON_FROZEN_MODULES", "PYTHON_GIL", "PYTHON_JIT", "PYTHON_LLTRACE", "PYTHON_PERF_JIT_SUPPORT"),
    *("PYTHON_PRESITE", "PYTHON_THREAD_INHERIT_CONTEXT", "PYTHON_TLBC", "PYTHON_UOPS"),
    *("PYTHON_UOPS_OPTIMIZE",),
)
_NAMES = frozenset((*_LIBRARIES, *_LOADER, *_PYTHON))


def matters(name: str) -> bool:
    """Return whether the variable ``name`` can change the speed of a program."""
    return name in _NAMES or name.startswith(_PREFIXES)


def write(variables: Mapping[str, str | None]) -> str:
    """Return variables as text, sorted, one per line: ``NAME=value``, or ``NAME`` alone for a removed one.

    Characters that a line cannot hold are escaped as in Python, and so is the backslash: different variables
    give different texts.
    """
    return "\n".join(
        escape(name) if value is None else f"{escape(name)}={escape(value)}"
        for name, value in sorted(variables.items())
    )


def read(text: str) -> dict[str, str | None]:
    """Return the variables of a text that `write` returned."""
    parts = (line.partition("=") for line in text.split("\n") if line)
    return {unescape(name): unescape(value) if equals else None for name, equals, value in parts}


def differing(before: str, now: str) -> tuple[str, str]:
    """Return those lines of two texts that differ, each as a text."""
    common = {*before.split("\n")} & {*now.split("\n")}
    kept = ([line for line in text.split("\n") if line not in common] for text in (before, now))
    first, second = ("\n".join(lines) for lines in kept)
    return first, second


def mixed(texts: Iterable[str]) -> set[str]:
    """Return the names of variables that do not have the same value in all ``texts``, or are set in some only."""
    known = [read(text) for text in texts]
    names = {name for variables in known for name in variables}
    return {
        name for name in names if len({(name in variables, variables.get(name)) for variables in known}) > 1
    }


def describe_change(before: str, now: str) -> str:
    """Return how variables changed, in one line: ``A=1, now 2, B unset, now x``."""
    return ", ".join(_changed(before, now)) or "none"


def _changed(before: str, now: str) -> Iterator[str]:
    one, other = read(before), read(now)
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            old = f"{escape(name)} unset" if one.get(name) is None else write({name: one[name]})
            new = "unset" if other.get(name) is None else escape(str(other[name])) or "empty"
            yield f"{old}, now {new}"

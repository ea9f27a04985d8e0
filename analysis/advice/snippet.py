"""The code to write for a choice: the call of one's own function with that executor, that many workers and that chunk size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_AS_BY_DEFAULT_UNTIL = (3, 14)
"""Pools of the standard library fork by default before this version, on Linux."""


@dataclass(frozen=True)
class Call:
    """What is to be called how: a ``function`` as ``module:name``, None for a workload of ours.

    ``chunk`` is None for the default of the call; ``start_method`` None if no processes are started, and ``python`` the version
    that was measured.
    """

    function: str | None
    model: str
    workers: int
    chunk: int | None = None
    start_method: str | None = None
    python: tuple[int, int] = (0, 0)
    backend: str = ""

    @property
    def name(self) -> str:
        """Return how the function is called in the code."""
        return (self.function or "work").rpartition(":")[2]

    @property
    def chunksize(self) -> str:
        """Return the argument for the chunk size; empty for the default."""
        return f", chunksize={self.chunk}" if self.chunk and self.chunk > 1 else ""

    @property
    def context(self) -> str:
        """Return the start method that has to be written down; empty if the default is the one that was measured."""
        default = "fork" if self.python < _AS_BY_DEFAULT_UNTIL else "forkserver"
        return "" if self.start_method in (None, default) else str(self.start_method)


def snippet(call: Call) -> list[str]:
    """Return the lines of code; none for a model whose workers a program makes itself."""
    write = _WRITERS.get(call.model)
    if write is None:
        return []
    module = (call.function or "").partition(":")[0]
    lines = write(call)
    blank = lines.index("")
    own = [f"from {module} import {call.name.partition('.')[0]}"] if module else []
    return [*lines[:blank], *own, *lines[blank:]]


def _executor(name: str, module: str = "concurrent.futures") -> Callable[[Call], list[str]]:
    def write(call: Call) -> list[str]:
        method = f', mp_context=get_context("{call.context}")' if call.context else ""
        return [
            *(["from multiprocessing import get_context"] if method else []),
            f"from {module} import {name}",
            "",
            f"with {name}({call.workers}{method}) as pool:",
            f"    results = list(pool.map({call.name}, inputs{call.chunksize}))",
        ]

    return write


def _mp_pool(call: Call) -> list[str]:
    make = f'get_context("{call.context}").Pool' if call.context else "Pool"
    what = "get_context" if call.context else "Pool"
    chunk = f", chunksize={call.chunk}" if call.chunk else ""
    return [
        f"from multiprocessing import {what}",
        "",
        f"with {make}({call.workers}) as pool:",
        f"    results = pool.map({call.name}, inputs{chunk})",
    ]


def _loky(call: Call) -> list[str]:
    return [
        "from loky import get_reusable_executor",
        "",
        f"pool = get_reusable_executor(max_workers={call.workers})",
        f"results = list(pool.map({call.name}, inputs{call.chunksize}))",
    ]


def _joblib(call: Call) -> list[str]:
    backend = f', backend="{call.backend}"' if call.backend and call.backend != "loky" else ""
    size = f", batch_size={call.chunk}" if call.chunk else ""
    return [
        "from joblib import Parallel, delayed",
        "",
        f"with Parallel(n_jobs={call.workers}{backend}{size}) as parallel:",
        f"    results = parallel(delayed({call.name})(one) for one in inputs)",
    ]


def _mpire(call: Call) -> list[str]:
    return [
        "from mpire import WorkerPool",
        "",
        f"with WorkerPool(n_jobs={call.workers}) as pool:",
        f"    results = pool.map({call.name}, inputs)",
    ]


def _to_thread(call: Call) -> list[str]:
    return [
        "import asyncio",
        "from concurrent.futures import ThreadPoolExecutor",
        "",
        "async def main():",
        f"    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor({call.workers}))",
        f"    return await asyncio.gather(*(asyncio.to_thread({call.name}, one) for one in inputs))",
        "results = asyncio.run(main())",
    ]


def _serial(call: Call) -> list[str]:
    return ["", f"results = [{call.name}(one) for one in inputs]"]


_WRITERS: dict[str, Callable[[Call], list[str]]] = {
    "serial": _serial,
    "thread_pool": _executor("ThreadPoolExecutor"),
    "process_pool": _executor("ProcessPoolExecutor"),
    "interpreter_pool": _executor("InterpreterPoolExecutor"),
    "mp_pool": _mp_pool,
    "loky": _loky,
    "joblib": _joblib,
    "mpire": _mpire,
    "asyncio_to_thread": _to_thread,
}

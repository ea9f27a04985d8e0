"""The code to write for a choice: the call of one's own function with that executor, that many workers and that chunk size."""

from __future__ import annotations

import re
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
    code = _CODE.get(call.model)
    if code is None:
        return []
    imports, body = code
    asks = call.model in _WITH_CONTEXT and bool(call.context)
    module = (call.function or "").partition(":")[0]
    lines = [
        *(["from multiprocessing import get_context"] if asks else []),
        *([] if asks and call.model == _MP_POOL else imports),
        *([f"from {module} import {call.name.partition('.')[0]}"] if module else []),
        "",
        *body,
    ]
    return [_filled(line, call, asks=asks) for line in lines]


def _filled(line: str, call: Call, *, asks: bool) -> str:
    values = {
        "FUNCTION": call.name,
        "WORKERS": str(call.workers),
        "CONTEXT": f', mp_context=get_context("{call.context}")' if asks else "",
        "POOL": f'get_context("{call.context}").Pool' if asks else "Pool",
        "OF_MORE": call.chunksize,
        "CHUNKSIZE": f", chunksize={call.chunk}" if call.chunk else "",
        "BATCHES": f", batch_size={call.chunk}" if call.chunk else "",
        "BACKEND": f', backend="{call.backend}"' if call.backend not in ("", "loky") else "",
    }
    return re.sub("<(\\w+)>", lambda name: values[name[1]], line)


_MP_POOL = "mp_pool"
_WITH_CONTEXT = ("process_pool", _MP_POOL)
_MAPPED = "    results = list(pool.map(<FUNCTION>, inputs<OF_MORE>))"


def _executor(name: str) -> tuple[list[str], list[str]]:
    return [f"from concurrent.futures import {name}"], [f"with {name}(<WORKERS><CONTEXT>) as pool:", _MAPPED]


_CODE: dict[str, tuple[list[str], list[str]]] = {
    "serial": ([], ["results = [<FUNCTION>(one) for one in inputs]"]),
    "thread_pool": _executor("ThreadPoolExecutor"),
    "process_pool": _executor("ProcessPoolExecutor"),
    "interpreter_pool": _executor("InterpreterPoolExecutor"),
    _MP_POOL: (
        ["from multiprocessing import Pool"],
        ["with <POOL>(<WORKERS>) as pool:", "    results = pool.map(<FUNCTION>, inputs<CHUNKSIZE>)"],
    ),
    "loky": (
        ["from loky import get_reusable_executor"],
        ["pool = get_reusable_executor(max_workers=<WORKERS>)", _MAPPED.strip()],
    ),
    "joblib": (
        ["from joblib import Parallel, delayed"],
        [
            "with Parallel(n_jobs=<WORKERS><BACKEND><BATCHES>) as parallel:",
            "    results = parallel(delayed(<FUNCTION>)(one) for one in inputs)",
        ],
    ),
    "mpire": (
        ["from mpire import WorkerPool"],
        ["with WorkerPool(n_jobs=<WORKERS>) as pool:", "    results = pool.map(<FUNCTION>, inputs)"],
    ),
    "asyncio_to_thread": (
        ["import asyncio", "from concurrent.futures import ThreadPoolExecutor"],
        [
            "async def main():",
            "    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(<WORKERS>))",
            "    return await asyncio.gather(*(asyncio.to_thread(<FUNCTION>, one) for one in inputs))",
            "results = asyncio.run(main())",
        ],
    ),
}
"""By model its imports and its body, with what a `Call` fills in."""

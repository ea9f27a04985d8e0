"""The code to write for a choice.

A program that calls one's own function with that executor, that many workers and that chunk size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

_AS_BY_DEFAULT_UNTIL = (3, 14)
"""Pools of the standard library fork by default before this version, on Linux."""
_SOME = 16
"""So many inputs has a program that makes them all alike."""


@dataclass(frozen=True)
class Given:
    """How the function is called: its further arguments as written, and what gives its inputs.

    ``awaits``: it is async. ``by_name``: a process can be sent it. ``inputs`` is what the user named: ``module:name``,
    which ``makes`` them when it is called, a pattern of files, or a list; ``make_input`` makes one of a size.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inputs: str | list[Any] | None = None
    make_input: str | None = None
    payload_bytes: int = 0
    awaits: bool = False
    by_name: bool = True
    makes: bool = False

    @property
    def is_bare(self) -> bool:
        """Return whether the function takes an input and nothing else, and can be handed over as it is."""
        return self.takes_input and self.by_name and not (self.awaits or self.args or self.kwargs)

    @property
    def takes_input(self) -> bool:
        """Return whether there is an input for each call."""
        return self.inputs is not None or self.make_input is not None


@dataclass(frozen=True)
class Call:
    """What to call and how: a ``function`` as ``module:name``, None for one of our workloads.

    ``chunk`` is None for the default of the call; ``start_method`` None if no processes are started, and ``python`` the
    version that was measured. ``given`` is None if it is not known how it was called: then it takes an input, and the
    program has them.
    """

    function: str | None
    model: str
    workers: int
    chunk: int | None = None
    start_method: str | None = None
    python: tuple[int, int] = (0, 0)
    backend: str = ""
    ipc: str = ""
    given: Given | None = None

    @property
    def name(self) -> str:
        """Return how the function is called in the code."""
        return (self.function or "work").rpartition(":")[2]

    @property
    def handed(self) -> str:
        """Return the name of what is handed to the workers: the function, or one around it."""
        return self.name if self.given is None or self.given.is_bare else "call"

    @property
    def chunksize(self) -> str:
        """Return the argument for the chunk size; empty for the default."""
        return f", chunksize={self.chunk}" if self.chunk and self.chunk > 1 else ""

    @property
    def context(self) -> str:
        """Return the start method that has to be written down; empty if the default is the one that was measured."""
        default = "fork" if self.python < _AS_BY_DEFAULT_UNTIL else "forkserver"
        return "" if self.start_method in (None, default) else str(self.start_method)

    @property
    def imports_program(self) -> bool:
        """Return whether a worker imports the program, which must not start workers then."""
        return self.start_method not in (None, "fork")


def snippet(call: Call) -> list[str]:
    """Return the lines of a program, ``results`` at its end; none for workers that no short program makes."""
    awaited = _AWAITED.get(call.model) if _awaits(call) else None
    code = awaited or _CODE.get(call.model) or _CODE.get(f"{call.model}/{call.ipc}")
    if code is None:
        return []
    imports, defined, body = code
    asks = call.model in _WITH_CONTEXT and bool(call.context)
    main = [*_inputs(call), *body]
    if call.imports_program:
        main = ['if __name__ == "__main__":', *(f"    {line}" for line in main)]
    looped = _awaits(call) and awaited is None
    lines = [
        *(["import asyncio"] if looped and "import asyncio" not in imports else []),
        *(["import atexit"] if looped else []),
        *(["import threading"] if looped else []),
        *(["from multiprocessing import get_context"] if asks else []),
        *([] if asks and call.model == _MP_POOL else imports),
        *_own_imports(call),
        "",
        *([] if awaited else _around(call)),
        *defined,
        *main,
    ]
    return [_filled(line, call, asks=asks) for line in lines]


def _awaits(call: Call) -> bool:
    return call.given is not None and call.given.awaits


def _own_imports(call: Call) -> Iterator[str]:
    """Yield the imports of the user's modules, a line for each."""
    names: dict[str, list[str]] = {}
    given = call.given or Given()
    for target in (call.function, given.inputs, given.make_input):
        if isinstance(target, str) and _TARGET.fullmatch(target):
            module, _, name = target.partition(":")
            names.setdefault(module, []).append(name.partition(".")[0])
    if isinstance(given.inputs, str) and not _TARGET.fullmatch(given.inputs):
        yield "from glob import glob"
    for module, found in names.items():
        yield f"from {module} import {', '.join(sorted(set(found)))}"


_TARGET = re.compile(r"[\w.]+:[\w.]+")


def _inputs(call: Call) -> Iterator[str]:
    """Yield the line that makes the inputs that were measured, if it is known what they were."""
    given = call.given
    if given is None:
        return
    named = given.inputs.partition(":")[2] if isinstance(given.inputs, str) else ""
    if named:
        yield f"inputs = list({named}{'()' if given.makes else ''})"
    elif isinstance(given.inputs, str):
        yield f"inputs = sorted(glob({given.inputs!r}, recursive=True))"
    elif given.inputs is not None:
        yield f"inputs = {_literal(given.inputs)}"
    elif given.make_input:
        yield f"inputs = [{given.make_input.partition(':')[2]}({given.payload_bytes})] * {_SOME}  # put your own inputs here"
    else:
        yield f"inputs = range({_SOME})  # as many as there are calls"


def _around(call: Call) -> Iterator[str]:
    """Yield the function that calls the user's as it was called, if that cannot be handed over as it is.

    Each thread that calls an async one keeps its event loop for all calls, as workers did when it was measured. It is
    closed at the exit: the collector may find its sockets first, and prints what it then raises.
    """
    given = call.given
    if given is None or given.is_bare:
        return
    if given.awaits:
        yield "mine = threading.local()"
        yield ""
    yield f"def call({_argument(call)}):"
    if given.awaits:
        yield '    if not hasattr(mine, "loop"):'
        yield "        mine.loop = asyncio.new_event_loop()"
        yield "        atexit.register(mine.loop.close)"
    yield f"    return {f'mine.loop.run_until_complete({_called(call)})' if given.awaits else _called(call)}"
    yield ""


def _argument(call: Call) -> str:
    """Return the name of an input, in code; one that means nothing if the function takes none."""
    return "one" if call.given is None or call.given.takes_input else "_"


def _called(call: Call) -> str:
    """Return the call of the user's function as it was called, for an input."""
    given = call.given
    if given is None:
        return f"{call.name}(one)"
    words = [
        *(["one"] if given.takes_input else []),
        *map(_literal, given.args),
        *(f"{key}={_literal(value)}" for key, value in given.kwargs.items()),
    ]
    return f"{call.name}({', '.join(words)})"


def _literal(value: Any) -> str:
    """Return a value of a YAML file as code; Python has no literal for a number that is not finite."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_literal(each)}' for key, each in value.items())}}}"
    return f"float('{value}')" if isinstance(value, float) and not isfinite(value) else repr(value)


def _filled(line: str, call: Call, *, asks: bool) -> str:
    values = {
        "FUNCTION": call.handed,
        "CALL": _called(call),
        "ONE": _argument(call),
        "WORKERS": str(call.workers),
        "CONTEXT": f', mp_context=get_context("{call.context}")' if asks else "",
        "POOL": f'get_context("{call.context}").Pool' if asks else "Pool",
        "MP": f'get_context("{call.context}").' if asks else "",
        "OF_MORE": call.chunksize,
        "CHUNKSIZE": f", chunksize={call.chunk}" if call.chunk else "",
        "BATCHES": f", batch_size={call.chunk}" if call.chunk else "",
        "BACKEND": f', backend="{call.backend}"' if call.backend not in ("", "loky") else "",
    }
    return re.sub("<([A-Z_]+)>", lambda name: values[name[1]], line)


_MP_POOL = "mp_pool"
_WITH_CONTEXT = ("process_pool", _MP_POOL, "process")
_MAPPED = "    results = list(pool.map(<FUNCTION>, inputs<OF_MORE>))"
Code = tuple[list[str], list[str], list[str]]


def _executor(name: str) -> Code:
    return (
        [f"from concurrent.futures import {name}"],
        [],
        [f"with {name}(<WORKERS><CONTEXT>) as pool:", _MAPPED],
    )


_CODE: dict[str, Code] = {
    "serial": ([], [], ["results = [<FUNCTION>(one) for one in inputs]"]),
    "thread_pool": _executor("ThreadPoolExecutor"),
    "process_pool": _executor("ProcessPoolExecutor"),
    "interpreter_pool": _executor("InterpreterPoolExecutor"),
    _MP_POOL: (
        ["from multiprocessing import Pool"],
        [],
        ["with <POOL>(<WORKERS>) as pool:", "    results = pool.map(<FUNCTION>, inputs<CHUNKSIZE>)"],
    ),
    "loky": (
        ["from loky import get_reusable_executor"],
        [],
        ["pool = get_reusable_executor(max_workers=<WORKERS>)", _MAPPED.strip()],
    ),
    "joblib": (
        ["from joblib import Parallel, delayed"],
        [],
        [
            "with Parallel(n_jobs=<WORKERS><BACKEND><BATCHES>) as parallel:",
            "    results = parallel(delayed(<FUNCTION>)(one) for one in inputs)",
        ],
    ),
    "mpire": (
        ["from mpire import WorkerPool"],
        [],
        ["with WorkerPool(n_jobs=<WORKERS>) as pool:", "    results = pool.map(<FUNCTION>, inputs)"],
    ),
    "asyncio_to_thread": (
        ["import asyncio", "from concurrent.futures import ThreadPoolExecutor"],
        [],
        [
            "async def main():",
            "    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(<WORKERS>))",
            "    return await asyncio.gather(*(asyncio.to_thread(<FUNCTION>, one) for one in inputs))",
            "results = asyncio.run(main())",
        ],
    ),
    "process/pipe": (
        ["from multiprocessing import Pipe, Process", "from multiprocessing.connection import wait"],
        [
            "def serve(pipe):",
            "    while (task := pipe.recv()) is not None:",
            "        number, one = task",
            "        pipe.send((number, <FUNCTION>(one)))",
            "",
        ],
        [
            "tasks, results, busy = enumerate(inputs), [None] * len(inputs), []",
            "for _ in range(min(<WORKERS>, len(inputs))):",
            "    ours, theirs = Pipe()",
            "    <MP>Process(target=serve, args=(theirs,), daemon=True).start()",
            "    theirs.close()",
            "    ours.send(next(tasks))",
            "    busy.append(ours)",
            "while busy:",
            "    for pipe in wait(busy):",
            "        number, results[number] = pipe.recv()",
            "        task = next(tasks, None)",
            "        pipe.send(task)",
            "        if task is None:",
            "            busy.remove(pipe)",
        ],
    ),
    "process/queue": (
        ["from multiprocessing import Process, Queue"],
        [
            "def serve(tasks, found):",
            "    for number, one in iter(tasks.get, None):",
            "        found.put((number, <FUNCTION>(one)))",
            "",
        ],
        [
            "tasks, found, results = <MP>Queue(), <MP>Queue(), [None] * len(inputs)",
            "for _ in range(<WORKERS>):",
            "    <MP>Process(target=serve, args=(tasks, found), daemon=True).start()",
            "for task in enumerate(inputs):",
            "    tasks.put(task)",
            "for _ in inputs:",
            "    number, results[number] = found.get()",
            "for _ in range(<WORKERS>):",
            "    tasks.put(None)",
        ],
    ),
}
"""By model, with its channel if that is a program's choice: imports, what is defined, and what is done, with what a
`Call` fills in."""

_AWAITED: dict[str, Code] = {
    "serial": (
        ["import asyncio"],
        [],
        [
            "async def main():",
            "    return [await <CALL> for <ONE> in inputs]",
            "results = asyncio.run(main())",
        ],
    ),
    "asyncio": (
        ["import asyncio"],
        [],
        [
            "async def main():",
            "    at_once = asyncio.Semaphore(<WORKERS>)",
            "    async def call(<ONE>):",
            "        async with at_once:",
            "            return await <CALL>",
            "    return await asyncio.gather(*map(call, inputs))",
            "results = asyncio.run(main())",
        ],
    ),
}
"""The same for functions that are async, by models that call them on one event loop."""

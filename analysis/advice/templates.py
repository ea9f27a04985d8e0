"""The programs that advice writes, with places for what is the user's own.

``<BEFORE>`` and ``<AFTER>`` are the user's hooks, on lines that are left out without them.
"""

from __future__ import annotations

MP_POOL = "mp_pool"
_MAPPED = "    results = list(pool.map(<FUNCTION>, inputs<OF_MORE>))"
Code = tuple[list[str], list[str], list[str]]
"""Imports, what is defined, and what is done."""
NOTHING: Code = ([], [], [])


def _executor(name: str) -> Code:
    return (
        [f"from concurrent.futures import {name}"],
        [],
        [f"with {name}(<WORKERS><CONTEXT>) as pool:", _MAPPED],
    )


CODE: dict[str, Code] = {
    "serial": ([], [], ["<BEFORE>", "results = [<FUNCTION>(one) for one in inputs]", "<AFTER>"]),
    "thread_pool": _executor("ThreadPoolExecutor"),
    "process_pool": _executor("ProcessPoolExecutor"),
    "interpreter_pool": _executor("InterpreterPoolExecutor"),
    MP_POOL: (
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
            "    <BEFORE>",
            "    while (task := pipe.recv()) is not None:",
            "        number, one = task",
            "        pipe.send((number, <FUNCTION>(one)))",
            "    <AFTER>",
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
            "    <BEFORE>",
            "    for number, one in iter(tasks.get, None):",
            "        found.put((number, <FUNCTION>(one)))",
            "    <AFTER>",
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

AWAITED: dict[str, Code] = {
    "serial": (
        ["import asyncio"],
        [],
        [
            "async def main():",
            "    <BEFORE>",
            "    <RETURN> [<CALL> for <ONE> in inputs]",
            "    <AFTER>",
            "    <RETURN_IT>",
            "results = asyncio.run(main())",
        ],
    ),
    "asyncio": (
        ["import asyncio"],
        [],
        [
            "async def main():",
            "    <BEFORE>",
            "    at_once = asyncio.Semaphore(<WORKERS>)",
            "    async def call(<ONE>):",
            "        async with at_once:",
            "            return <CALL>",
            "    <RETURN> await asyncio.gather(*map(call, inputs))",
            "    <AFTER>",
            "    <RETURN_IT>",
            "results = asyncio.run(main())",
        ],
    ),
}
"""The same for functions that are async, by models that call them on one event loop."""

JOINED: Code = (
    ["from multiprocessing import active_children"],
    [],
    ["for process in active_children():", "    process.join()"],
)
"""What follows if workers have something left to do after their last task: nobody waits for a daemon otherwise."""

ON_LOOP: Code = (
    ["import asyncio", "import atexit", "import threading"],
    [
        "def on_loop(waiting):",
        "    worker = threading.current_thread()",
        '    if not hasattr(worker, "loop"):',
        "        worker.loop = asyncio.new_event_loop()",
        "        atexit.register(worker.loop.close)",
        "    return worker.loop.run_until_complete(waiting)",
        "",
    ],
    [],
)
"""Each thread keeps its event loop for all calls, as workers did when it was measured.

It is closed at the exit: the collector may find its sockets first, and prints what it then raises. The thread's object
keeps it, since loky and joblib copy the program's own variables for each call, and a `threading.local` has no copy.
"""

SET_UP: Code = (
    ["import threading"],
    [
        "    worker = threading.current_thread()",
        '    if not hasattr(worker, "is_set_up"):',
        "        <BEFORE>",
        "        worker.is_set_up = True",
    ],
    [],
)
"""What begins a call of a pool's worker, of which the first one sets the worker up."""

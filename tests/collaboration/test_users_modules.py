"""Modules of users' functions that do anything when they are imported: each is measured, or refused in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from breakeven.runner import host
from breakeven.runner.errors import FunctionUnusable, InterpreterUnusable
from breakeven.runner.planning import asking, interpreters
from breakeven.runner.planning.interpreters import check_function, find_interpreter
from tests import commands
from tests.collaboration.host_runs import execute, function
from tests.machines import EVERY_INTERPRETER, described, skip_pypys_executor
from tests.patience import PATIENCE_S, wait_for
from tests.samples import run

WORK = "\ndef work():\n    return 1\n"
SCRIPT = 'move what only a script does under if __name__ == "__main__":'
MEND = f"mend the module, or {SCRIPT}"

MEASURED = {
    "prints": "print('hello')",
    "prints megabytes": "print('x' * 5_000_000)",
    "prints an answer": 'print("started")\nprint("{}")',
    "no streams": "import sys\nsys.stdout = sys.stderr = sys.stdin = None",
    "closed streams": "import sys\nsys.stdout.close(); sys.stderr.close(); sys.stdin.close()",
    "closed descriptors": "import os\nos.close(0); os.close(1); os.close(2)",
    "other stdin": "import io, sys\nsys.stdin = io.StringIO('x')",
    "reads stdin": "import sys\nassert sys.stdin.read() == ''",
    "changes folder": "import os\nos.chdir('/')",
    "ignores signals": "import signal\nfor n in (2, 10, 15, 17):\n    signal.signal(n, signal.SIG_IGN)",
    "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()",
    "child process": "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])",
    "forks": "import os, time\nif os.fork() == 0:\n    time.sleep(1000)",
    "forks twice over": "import os\nos.fork()",
    "atexit prints": "import atexit\natexit.register(print, 'bye')",
    "atexit fails": "import atexit\natexit.register(lambda: 1 / 0)",
    "pool": "from concurrent.futures import ThreadPoolExecutor\nE = ThreadPoolExecutor(2)\nE.submit(int).result()",
    "warns": "import warnings\nwarnings.warn('old')",
}
REFUSED = {
    "exit": ("import sys\nsys.exit()", f"it calls sys.exit() when it is imported (mine.py:2); {SCRIPT}"),
    "exit 0": ("import sys\nsys.exit(0)", f"it calls sys.exit(0) when it is imported (mine.py:2); {SCRIPT}"),
    "exit text": (
        "import sys\nsys.exit('usage:\\nmine')",
        f"it calls sys.exit('usage:\\nmine') when it is imported (mine.py:2); {SCRIPT}",
    ),
    "os._exit": (
        "import os\nprint('bye', flush=True)\nos._exit(0)",
        f"importing mine ends the interpreter, as os._exit does: it exited with code 0; it said: bye; {SCRIPT}",
    ),
    "interrupt": ("raise KeyboardInterrupt", f"KeyboardInterrupt (mine.py:1); {MEND}"),
    "base exception": (
        "class Mine(BaseException): pass\nraise Mine('two\\nlines')",
        f"Mine: two (mine.py:2); {MEND}",
    ),
    "exception without a text": (
        "class Bad(Exception):\n    def __str__(self): raise ValueError\nraise Bad",
        f"Bad (mine.py:3); {MEND}",
    ),
    "input": (
        "name = input('name? ')",
        (
            "EOFError: EOF when reading a line (mine.py:1); nothing can be read from standard input when a module is "
            f"imported; {SCRIPT}"
        ),
    ),
    "dependency": (
        "import nowhere_at_all",
        (
            f"ModuleNotFoundError: No module named 'nowhere_at_all' (mine.py:1); install it for {sys.executable}, or "
            "choose another interpreter with interpreter.path=/path/to/python"
        ),
    ),
    "a module of its own": (
        "from queue import mine",
        "HERE/queue.py is hidden by the module queue of Python's standard library; rename it",
    ),
    "crash": (
        "import ctypes\nctypes.string_at(0)",
        (
            "importing mine ends the interpreter: it was ended by signal SIGSEGV; it said: Fatal Python error: Segmentation "
            "fault at mine.py:2 in <module>; python -c 'import mine' should end in the same way: mend the module"
        ),
    ),
    "kill": (
        "import os\nos.kill(os.getpid(), 9)",
        (
            "importing mine ends the interpreter: it was ended by signal SIGKILL; python -c 'import mine' should end in the "
            "same way: mend the module"
        ),
    ),
    "closes all": (
        "import os\nos.closerange(3, 4096)",
        (
            "when mine is imported, it closed files that it did not open, the one for the answer among them; close only "
            "its own"
        ),
    ),
}
STARTS = [
    ("thread", None),
    ("thread_pool", None),
    *((model, start) for model in ("process", "process_pool", "mp_pool") for start in ("fork", "spawn")),
    ("process", "forkserver"),
]


def write(folder: Path, text: str) -> Path:
    """Write the user's module, beside a ``queue.py`` of his, and return its folder."""
    (folder / "mine.py").write_text(text + WORK)
    (folder / "queue.py").write_text("mine = 1\n")
    return folder


@pytest.mark.parametrize("text", MEASURED.values(), ids=MEASURED)
@pytest.mark.parametrize(("model", "start_method"), [("thread", None), ("process", "spawn")])
def test_a_module_that_can_be_imported_is_measured(
    tmp_path: Path, text: str, model: str, start_method: str | None
) -> None:
    """Whatever it prints, closes, starts and leaves; nothing of it stays behind."""
    folder = write(tmp_path, text)
    assert check_function(sys.executable, {"target": "mine:work"}, folder).files == (str(folder / "mine.py"),)
    ipc = "queue"
    knobs = function("work") | {"model": model, "start_method": start_method, "ipc": ipc}
    result = execute(folder, **knobs)
    assert (result.status, result.row["reason"]) == ("ok", None)


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_module_that_cannot_be_imported_is_refused_in_one_line(
    tmp_path: Path, text: str, problem: str
) -> None:
    """The line says what the module did and what to do about it."""
    folder = write(tmp_path, text)
    with pytest.raises(FunctionUnusable) as refused:
        check_function(sys.executable, {"target": "mine:work"}, folder)
    problem = problem.replace("HERE", str(folder))
    assert str(refused.value) == f"mine:work cannot be imported by {sys.executable} in {folder}: {problem}"


def test_a_module_whose_import_hangs_is_refused_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its time is over, which here is as soon as it hangs."""
    folder = write(tmp_path, "import time\nopen(__file__ + '.reached', 'w').close(); time.sleep(1000)")
    hangs = (folder / "mine.py.reached").exists
    monkeypatch.setattr(asking, "perf_counter", lambda: perf_counter() if hangs() else 0.0)
    monkeypatch.setattr(asking, "_STACKS_S", 3.0)
    monkeypatch.setattr(interpreters, "CHECK_SECONDS", 2.0)
    with pytest.raises(
        FunctionUnusable, match=r"importing mine did not end within 2 s; it was at mine\.py:2 in <module>; "
    ):
        check_function(sys.executable, {"target": "mine:work"}, folder)


def test_a_module_that_exits_is_bad_input_to_the_command(tmp_path: Path) -> None:
    """One line, and exit code 2."""
    write(tmp_path, "import sys\nsys.exit()")
    done = commands.run(
        commands.module("breakeven", "workload=function", "workload.target=mine:work"), tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "it calls sys.exit() when it is imported (mine.py:2)" in done.stderr


def test_an_interruption_ends_a_check_and_what_it_started(tmp_path: Path) -> None:
    """Ctrl-C works while a module hangs."""
    write(
        tmp_path,
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(1000)",
    )
    typed = commands.module("breakeven", "workload=function", "workload.target=mine:work")
    process = commands.start(typed, tmp_path)
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    process.send_signal(2)
    said = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, *said) == (130, "", "interrupted before anything was measured\n")
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


POOL = """
import multiprocessing, concurrent.futures
def square(x):
    return x * x
def work():
    with {make} as pool:
        return sum(pool.map(square, range(4)))
"""
MAKERS = ["multiprocessing.Pool(2)", "concurrent.futures.ProcessPoolExecutor(2)"]
KEPT = """
from concurrent.futures import ProcessPoolExecutor
pool = None
def work():
    global pool
    pool = pool or ProcessPoolExecutor(2)
    return sum(pool.map(abs, range(4)))
"""


def measure_with_pool(executable: str, folder: Path, model: str, start_method: str | None) -> Any:
    """Measure a function that opens a pool, and return the row."""
    (folder / "mine.py").write_text(POOL.format(make=MAKERS[model == "process"]))
    ipc = "native" if "pool" in model else "queue"
    knobs: dict[str, Any] = function("work") | {"tasks": 2, "ipc": ipc}
    planned = run(executable, folder, model=model, start_method=start_method, **knobs)
    version = described(executable).version
    return host.execute(replace(planned, conditions={"python_version": version})).row


@EVERY_INTERPRETER
def test_every_interpreter_opens_a_pool_in_a_spawned_worker(tmp_path: Path, executable: str) -> None:
    """Also one that was started before Python 3.11 had the option -P."""
    skip_pypys_executor(executable, "spawn")
    row = measure_with_pool(executable, tmp_path, "process", "spawn")
    assert (row["status"], row["reason"]) == ("ok", None)


@pytest.mark.parametrize(("model", "start_method"), STARTS)
def test_a_pool_inside_the_function_works_or_the_reason_names_the_models(
    tmp_path: Path, model: str, start_method: str | None
) -> None:
    """`multiprocessing.Pool` makes its workers daemonic, so they may not start any."""
    row = measure_with_pool(sys.executable, tmp_path, model, start_method)
    if model != "mp_pool":
        assert (row["status"], row["reason"]) == ("ok", None)
        return
    assert row["status"] == "failed"
    assert str(row["reason"]).startswith(
        "the function starts processes, which workers of model=mp_pool cannot: multiprocessing makes them daemonic; "
        "choose one of model=thread,process,"
    )


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.parametrize("model", ["process", "process_pool"])
def test_a_pool_that_the_function_keeps_does_not_hold_up_the_end(
    tmp_path: Path, model: str, start_method: str
) -> None:
    """Its processes are ended with their worker, and nothing is left."""
    (tmp_path / "mine.py").write_text(KEPT)
    ipc = "native" if "pool" in model else "queue"
    knobs: dict[str, Any] = function("work") | {"tasks": 2}
    result = execute(tmp_path, model=model, start_method=start_method, ipc=ipc, **knobs)
    assert (result.status, result.row["reason"]) == ("ok", None)


def test_a_stand_in_for_an_interpreter_is_seen_through(tmp_path: Path) -> None:
    """Its first line is the reason, and the interpreters behind it are named."""
    root = tmp_path / "pyenv"
    real = root / "versions" / "3.12.1" / "bin" / "python3.12"
    shim = root / "shims" / "python3.12"
    text = "pyenv: python3.12: command not found\n\nThe `python3.12' command exists in these Python versions:\n  3.12.1\n"
    for file, script in (
        (real, ""),
        (shim, f"cat >&2 <<'END'\n{text}\nNote: a tip\n      over two lines.\nEND\nexit 127"),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    with pytest.raises(InterpreterUnusable) as refused:
        find_interpreter(str(shim))
    assert str(refused.value) == (
        f"interpreter {shim} cannot run the measured side, which needs CPython >= 3.9: pyenv: python3.12: command not "
        f"found (pyenv has {real}); choose another with interpreter.path=/path/to/python"
    )


def test_a_wrapper_script_may_print_before_it_starts_python(tmp_path: Path) -> None:
    """The answer does not go over its output."""
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\necho loading; echo modules >&2\nexec {sys.executable} "$@"\n')
    wrapper.chmod(0o755)
    told = subprocess.run([wrapper, "-V"], capture_output=True, text=True, check=True).stdout.split()
    assert find_interpreter(str(wrapper)).version == told[-1]


WATCHING = """
import multiprocessing, os
from pathlib import Path

if multiprocessing.parent_process() is not None:
    Path(f"{__file__}.{os.getpid()}.cpus").write_text(str(len(os.sched_getaffinity(0))))

def work():
    return 1
"""


@pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2,
    reason="threads can be pinned on Linux, to several CPUs",
)
@pytest.mark.parametrize("model", ["process", "process_pool", "mp_pool"])
def test_workers_do_not_all_start_on_the_parents_cpu(tmp_path: Path, model: str) -> None:
    """With affinity the parent is pinned once they are ready; until then they import wherever there is a CPU."""
    (tmp_path / "mine.py").write_text(WATCHING, encoding="utf-8")
    ipc = "pipe" if model == "process" else "native"
    cell = {"model": model, "start_method": "spawn", "ipc": ipc, "workers": 2, "affinity": "scatter"}
    assert execute(tmp_path, **cell | function("work")).row["reason"] is None
    found = [path.read_text(encoding="utf-8") for path in tmp_path.glob("*.cpus")]
    assert found == [str(len(os.sched_getaffinity(0)))] * 2

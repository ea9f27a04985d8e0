"""The code that advice writes: it is what was measured, and it runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from breakeven.analysis.advice.snippet import Call, snippet

MINE = "def double(number):\n    return 2 * number\n"
RUNS = ("serial", "thread_pool", "process_pool", "mp_pool", "asyncio_to_thread")


@pytest.mark.parametrize("model", RUNS)
def test_the_code_runs_as_it_stands(tmp_path: Path, model: str) -> None:
    """With the function's module beside it and a list called inputs."""
    (tmp_path / "mine.py").write_text(MINE)
    lines = snippet(Call("mine:double", model, 2, 4, "fork" if "p" in model else None, sys.version_info[:2]))
    program = ["inputs = list(range(20))", *lines, "print(results)"]
    (tmp_path / "program.py").write_text("\n".join(program))
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{[2 * number for number in range(20)]}\n"


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (Call("m:f", "thread_pool", 8), "with ThreadPoolExecutor(8) as pool:"),
        (Call("m:f", "process_pool", 2, 8), "    results = list(pool.map(f, inputs, chunksize=8))"),
        (Call("m:f", "process_pool", 2, 1), "    results = list(pool.map(f, inputs))"),
        (Call("m:f", "mp_pool", 2, 1), "    results = pool.map(f, inputs, chunksize=1)"),
        (Call("m:f", "mp_pool", 2), "    results = pool.map(f, inputs)"),
        (Call("m:f", "loky", 4), "pool = get_reusable_executor(max_workers=4)"),
        (
            Call("m:f", "joblib", 4, backend="threading"),
            'with Parallel(n_jobs=4, backend="threading") as parallel:',
        ),
        (Call("m:f", "mpire", 3), "with WorkerPool(n_jobs=3) as pool:"),
        (Call("m:f", "interpreter_pool", 3), "with InterpreterPoolExecutor(3) as pool:"),
        (Call("pkg.m:Kind.f", "thread_pool", 2), "from pkg.m import Kind"),
        (Call(None, "thread_pool", 2), "    results = list(pool.map(work, inputs))"),
    ],
)
def test_the_code_says_what_was_measured(call: Call, line: str) -> None:
    """Executor, workers and chunk size; the default of a call is not written down."""
    assert line in snippet(call)


@pytest.mark.parametrize(
    ("method", "python", "written"),
    [
        ("fork", (3, 11), False),
        ("fork", (3, 14), True),
        ("forkserver", (3, 14), False),
        ("spawn", (3, 11), True),
    ],
)
def test_a_start_method_is_written_down_unless_it_is_the_default(
    method: str, python: tuple[int, int], written: bool
) -> None:
    """The default differs between versions."""
    for model in ("process_pool", "mp_pool"):
        text = "\n".join(snippet(Call("m:f", model, 2, None, method, python)))
        assert (f'get_context("{method}")' in text) == written


def test_workers_that_a_program_makes_itself_have_no_code() -> None:
    """There is more to them than a call."""
    assert snippet(Call("m:f", "process", 2)) == []

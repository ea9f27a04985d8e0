"""The code that advice writes: it is what was measured, and it runs."""

from __future__ import annotations

import pytest

from breakeven.analysis.advice.snippet import Call, Given, snippet


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


def test_workers_that_no_short_program_makes_have_no_code() -> None:
    """There is more to them than a call."""
    assert snippet(Call("m:f", "process", 2, ipc="shared_memory")) == []


def test_as_many_calls_are_awaited_at_once_as_were_measured() -> None:
    """More would be another program."""
    lines = snippet(Call("m:f", "asyncio", 8, given=Given(inputs="m:numbers", awaits=True)))
    assert "    at_once = asyncio.Semaphore(8)" in lines
    assert snippet(Call("m:f", "asyncio", 8, given=Given(inputs="m:numbers"))) == []

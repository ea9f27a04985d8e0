"""The code that advice writes runs, and makes the calls that were measured."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from breakeven.analysis.advice.snippet import Call, Given, snippet
from tests import commands

MINE = "def double(number):\n    return 2 * number\n"


RUNS = ("serial", "thread_pool", "process_pool", "mp_pool", "asyncio_to_thread")


@pytest.mark.parametrize("model", RUNS)
def test_the_code_runs_as_it_stands(tmp_path: Path, model: str) -> None:
    """With the function's module beside it and a list called inputs."""
    (tmp_path / "mine.py").write_text(MINE)
    lines = snippet(Call("mine:double", model, 2, 4, "fork" if "p" in model else None, sys.version_info[:2]))
    program = ["inputs = list(range(20))", *lines, "print(results)"]
    (tmp_path / "program.py").write_text("\n".join(program))
    done = commands.run([sys.executable, "program.py"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{[2 * number for number in range(20)]}\n"


INPUTS = """\
import asyncio

NUMBERS = range(20)


def numbers():
    yield from NUMBERS


def text(size):
    return "x" * size


async def later(number):
    await asyncio.sleep(0)
    return 2 * number


def scaled(number, by, *, plus=0):
    return number * by + plus


def nothing():
    return 7


def length(text):
    return len(text)


double = lambda number: 2 * number
"""


TWICE = [2 * number for number in range(20)]


POOLS = ("serial", "process_pool", "process/pipe", "process/queue")


@pytest.mark.parametrize("model", POOLS)
@pytest.mark.parametrize(
    ("name", "given", "results"),
    [
        ("double", Given(inputs="mine:numbers", makes=True, by_name=False), TWICE),
        ("later", Given(inputs="mine:NUMBERS", awaits=True), TWICE),
        ("scaled", Given(inputs="mine:NUMBERS", args=(2,), kwargs={"plus": 1}), [one + 1 for one in TWICE]),
        ("nothing", Given(), [7] * 16),
        ("length", Given(make_input="mine:text", payload_bytes=5), [5] * 16),
        ("length", Given(inputs=["a", "bc"]), [1, 2]),
        ("length", Given(inputs="*.py"), [7]),
    ],
)
def test_the_code_makes_the_calls_that_were_measured(
    tmp_path: Path, model: str, name: str, given: Given, results: list[int]
) -> None:
    """Their inputs, their further arguments, functions that are async or have no name of their own; nothing is to be filled in."""
    (tmp_path / "mine.py").write_text(INPUTS)
    model, _, ipc = model.partition("/")
    call = Call(f"mine:{name}", model, 2, None, "fork", sys.version_info[:2], ipc=ipc, given=given)
    (tmp_path / "program").write_text("\n".join([*snippet(call), "print(results)"]))
    done = commands.run([sys.executable, "program"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{results}\n"


@pytest.mark.parametrize("model", ["serial", "asyncio", "thread_pool", "asyncio_to_thread", "process_pool"])
@pytest.mark.parametrize(("args", "most"), [((), 20), ((3,), 20)])
def test_an_async_function_is_awaited_on_one_loop(
    tmp_path: Path, model: str, args: tuple[int, ...], most: int
) -> None:
    """Of all calls, or of those of a worker: what it keeps open there, such as a session, is of use to the next one."""
    program = """\
import asyncio, os, threading
seen = set()

async def later(number, by=2):
    await asyncio.sleep(0)
    seen.add((os.getpid(), threading.get_ident(), id(asyncio.get_running_loop())))
    return by * number, len(seen), len({(pid, thread) for pid, thread, _ in seen})
"""
    (tmp_path / "mine.py").write_text(program)
    given = Given(inputs=list(range(most)), args=args, awaits=True)
    call = Call(
        "mine:later",
        model,
        2,
        None,
        "fork" if "process" in model else None,
        sys.version_info[:2],
        given=given,
    )
    (tmp_path / "program").write_text("\n".join([*snippet(call), "print(results)"]))
    done = commands.run([sys.executable, "program"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    results = ast.literal_eval(done.stdout)
    assert [found for found, _, _ in results] == [(args or (2,))[0] * number for number in range(most)]
    assert all(loops == threads for _, loops, threads in results)


@pytest.mark.parametrize("model", ["process_pool", "mp_pool", "process/pipe", "process/queue"])
def test_a_program_that_workers_import_starts_none_there(tmp_path: Path, model: str) -> None:
    """Spawned workers import the program; it makes workers only where it is the main one."""
    (tmp_path / "mine.py").write_text(INPUTS)
    model, _, ipc = model.partition("/")
    given = Given(inputs="mine:NUMBERS", args=(2,))
    call = Call("mine:scaled", model, 2, None, "spawn", sys.version_info[:2], ipc=ipc, given=given)
    lines = [*snippet(call), "    print(results)"]
    (tmp_path / "program.py").write_text("\n".join(lines))
    done = commands.run([sys.executable, "program.py"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{TWICE}\n"

"""Tests wait by one patience: a number of seconds that one of them thinks up runs out on a busy machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
WAITS = {"wait", "join", "result", "get", "communicate", "exception"}
CLOCKS = {"monotonic", "perf_counter", "time"}


def thought_up(source: str) -> Iterator[int]:
    """Yield the lines in which a wait is given a number, by ``timeout=``, as the argument of a wait, or beyond a clock's time."""
    yield from (
        node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr) and _waits(node)
    )


def _waits(node: ast.expr) -> bool:
    match node:
        case ast.Call(function, arguments, keywords):
            given = [word.value for word in keywords if word.arg == "timeout"]
            return any(map(_is_time, given + arguments * (_name(function) in WAITS)))
        case ast.BinOp(ast.Call(function), ast.Add(), seconds):
            return _name(function) in CLOCKS and _is_time(seconds)
    return False


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_time(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value > 0


def test_no_wait_has_a_number_of_its_own() -> None:
    """It waits for `PATIENCE_S`; what is meant to run out has a name that says so."""
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in thought_up(path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "subprocess.run(command, timeout=60)",
        "process.wait(10)",
        "future.result(30.0)",
        "process.communicate(timeout=5)",
        "end = time.monotonic() + 20",
    ],
)
def test_such_a_number_is_found(line: str) -> None:
    """Whatever waits; a name, or not to wait at all, is well."""
    assert list(thought_up(line)) == [1]
    assert not list(thought_up("process.wait(PATIENCE_S)\nfuture.result(0)\nfound.get(name)"))

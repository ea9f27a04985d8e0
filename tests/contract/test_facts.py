"""What the measured side says of its interpreter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import facts


@pytest.mark.parametrize(
    ("place", "standard"),
    [("", True), ("lib-dynload", True), ("site-packages", False), ("../dist-packages", False), ("..", False)],
)
def test_packages_may_lie_within_the_standard_library(place: str, standard: bool) -> None:
    """A plain installation keeps its site-packages in the folder of the standard library itself."""
    library = Path(os.__file__).parent
    assert facts._is_standard(os.path.normpath(library / place), str(library)) is standard


def test_the_packages_of_this_process_are_told() -> None:
    """In a real environment a module's package is found under its own name and version."""
    assert f"pytest {pytest.__version__}" in facts.imported_packages()
    assert not {"ruff", "mypy"} & {entry.split()[0] for entry in facts.imported_packages()}


@pytest.mark.parametrize(
    ("variables", "build"),
    [
        ({"CONFIG_ARGS": "'--enable-optimizations' '--with-lto=thin'", "CFLAGS": "-O2 -O3 -Wall"}, "-O3, PGO, LTO"),
        ({"CONFIG_ARGS": "'--with-lto=no' '--without-lto' '--enable-optimizations=no'", "CFLAGS": "-Og"}, "-Og"),
        ({"CONFIG_ARGS": "'--enable-experimental-jit=yes-off' '--enable-bolt'"}, "BOLT, JIT built"),
        ({"CONFIG_ARGS": "'--enable-experimental-jit=no' '--disable-gil'", "Py_GIL_DISABLED": 1}, "free-threaded"),
        ({"CONFIG_ARGS": "'--enable-experimental-jit=interpreter'"}, "tier 2 interpreter"),
        ({"CONFIG_ARGS": "'--enable-optimizations' '--with-tail-call-interp'"}, "PGO, tail calls"),
        ({}, ""),
    ],
)  # fmt: skip
def test_build_options_are_read_from_what_configure_was_told(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, Any], build: str
) -> None:
    """Options given, taken back and with values; an interpreter that knows none still has its compiler."""
    monkeypatch.setattr("sysconfig.get_config_var", variables.get)
    _be(monkeypatch, "cpython", version="3.14.0 (main, Oct 7 2025) [Clang 18.1.8 ]")
    assert facts.python_build() == ", ".join(filter(None, ("Clang 18.1.8", build)))


@pytest.mark.parametrize(
    ("name", "also", "arguments", "expected"),
    [
        ("cpython", {"_jit": SimpleNamespace(is_enabled=lambda: True)}, "", True),
        ("cpython", {"_jit": SimpleNamespace(is_enabled=lambda: False)}, "--enable-experimental-jit", False),
        ("cpython", {}, "--enable-experimental-jit", None),
        ("cpython", {}, "--enable-experimental-jit=no", False),
        ("cpython", {"version_info": (3, 12)}, "--enable-experimental-jit", False),
        ("pypy", {"builtin_module_names": ("pypyjit", "sys")}, "", True),
        ("pypy", {"builtin_module_names": ("sys",)}, "", False),
        ("graalpy", {}, "", None),
    ],
)
def test_the_jit_is_told_as_far_as_it_can_be(
    monkeypatch: pytest.MonkeyPatch, name: str, also: dict[str, Any], arguments: str, expected: bool | None
) -> None:
    """The interpreter's own answer first; one that may have been built into 3.13 is not known to be on."""
    monkeypatch.setattr("sysconfig.get_config_var", {"CONFIG_ARGS": arguments}.get)
    _be(monkeypatch, name, **also)
    assert facts.jit_enabled() is expected


def _be(monkeypatch: pytest.MonkeyPatch, name: str, **also: Any) -> None:
    """Let the module take this interpreter for another."""
    known: dict[str, Any] = {"implementation": SimpleNamespace(name=name), "version_info": (3, 13)}
    monkeypatch.setattr(facts, "sys", SimpleNamespace(**known | also))


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=50).filter(any))
def test_the_clock_step_is_the_smallest_that_shows(steps: list[int]) -> None:
    """Of a clock that moves by known steps it is the smallest above zero."""
    stamps = _stamps([0, *steps])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(facts, "perf_counter_ns", lambda: next(stamps))
        assert facts.clock_step_ns(len(steps) + 1) == min(filter(None, steps))


def _stamps(steps: list[int]) -> Iterator[int]:
    total = 0
    for step in steps:
        total += step
        yield total


def test_a_coarse_clock_is_read_until_it_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all readings are the same the next step is waited for."""
    stamps = chain(repeat(5, 30), repeat(15_625_005))
    monkeypatch.setattr(facts, "perf_counter_ns", lambda: next(stamps))
    assert facts.clock_step_ns(10) == 15_625_000

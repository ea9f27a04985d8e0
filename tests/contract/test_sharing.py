"""Contract of what workers share: nothing that a build without a GIL counts, and what the user's function shares is named."""

from __future__ import annotations

import functools
import sys
import types
from typing import Any

import pytest

from breakeven.runner.cell import sharing
from breakeven.runner.cell.owning import own, own_bytes


class Odd:
    """An object of a user's that answers nothing."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    __hash__ = None  # type: ignore[assignment]


class OddModule(types.ModuleType):
    """A module that answers nothing."""

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")


ODD, MODULE = Odd(), OddModule("odd")
vars(types.ModuleType)["__dict__"].__get__(MODULE)["table"] = ODD


def _uses_odd_objects(given: Any = ODD) -> Any:
    return ODD, MODULE.table, given


def test_objects_of_the_user_are_never_asked() -> None:
    """What they define is not called, not even by comparing them."""
    roles = [found.role for found in sharing.loaded(_uses_odd_objects) if found.value is ODD]
    assert roles == [f"{__name__}.ODD", "odd.table", f"defaults of {__name__}._uses_odd_objects"]
    part = functools.partial(_uses_odd_objects, ODD)
    odds: tuple[Any, ...] = (ODD, MODULE, part, 3, None, len, Odd, [].append)
    for odd in odds:
        assert sharing.counted(odd) is not None


def test_a_function_that_calls_itself_ends() -> None:
    """Functions are followed once, however they call each other."""

    def one(count: int) -> int:
        return two(count)

    def two(count: int) -> int:
        return one(count) + 4321

    names = [found.role for found in sharing.loaded(one) if found.value == 4321]
    assert names == [f"constants of {two.__module__}.{two.__qualname__}"]


def test_many_names_are_cut() -> None:
    """A few are named once each, and the others counted."""
    assert sharing.named(["b", "a", "b"]) == ("b", "a")
    assert sharing.named(map(str, range(9))) == ("0", "1", "2", "3", "4", "5", "3 more")
    assert len(sharing.named(["x" * 1000])[0]) == 100


@pytest.mark.parametrize("number", [-(10**30), -6, 0, 257, 2**31 - 1, 10**30])
def test_a_number_of_its_own_is_the_same(number: int) -> None:
    """It is equal, and another object unless it is one of the small ones that are never counted."""
    assert own(number) == number
    assert own(number) is not number or -5 <= number <= 256


@pytest.mark.parametrize("payload", [b"", b"some bytes", bytes(1 << 20), ["a list"], bytearray(10)])
def test_bytes_of_their_own_are_the_same(payload: Any) -> None:
    """Short bytes are copied, all else is passed as it is."""
    made = own_bytes(payload)
    assert made == payload
    assert type(made) is type(payload)
    assert made is payload or payload == b"some bytes"
    assert (made is not payload) == (payload == b"some bytes") or sys.implementation.name == "pypy"

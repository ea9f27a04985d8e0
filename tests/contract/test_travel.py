"""The part of an input or a result that cannot be pickled is named."""

from __future__ import annotations

from threading import Lock
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.errors import NotPicklable
from breakeven.runner.cell.travel import refuse_unpicklable, unpicklable

WHY = "cannot be pickled (TypeError: cannot pickle '_thread.lock' object)"


@pytest.mark.parametrize(
    ("thing", "place"),
    [
        (Lock(), "result"),
        ([1, Lock()], "result[1]"),
        ({"a": (Lock(),)}, 'result["a"][0]'),
        ({Lock(): 1}, "a key of result"),
        ({Lock()}, "a member of result"),
        (SimpleNamespace(lock=Lock()), "result.lock"),
    ],
)
def test_the_innermost_part_is_named(thing: Any, place: str) -> None:
    """With its place, its type and what pickling it raised."""
    assert unpicklable(thing, "result") == f"{place} (of type lock) {WHY}"


def test_a_cycle_ends() -> None:
    """Its parts have no end."""
    cycle: list[Any] = [Lock]
    cycle[:] = [cycle, Lock()]
    assert WHY in unpicklable(cycle, "input")


@given(st.recursive(st.none() | st.floats() | st.text(), st.lists))
def test_what_can_be_pickled_is_not_refused(thing: Any) -> None:
    """Whatever it is: nothing is said against it, which is what a refusal would be made of."""
    said = unpicklable(thing, "result")
    assert said == ""
    refuse_unpicklable("result", said)


def test_a_refusal_says_what_to_do() -> None:
    """Change it, or measure where nothing is pickled."""
    with pytest.raises(NotPicklable, match=r"return something that can be, or measure with model=thread"):
        refuse_unpicklable("result", unpicklable(Lock(), "result"))

"""Results are compared by their structure, and the first difference is named."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.structure import first_difference
from breakeven.runner.cell.verification import same

NAN = float("nan")
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
KEYS = st.integers() | st.text()
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner) | inner.map(ValueError)
    ),
    max_leaves=20,
)


@given(STRUCTURES)
def test_a_structure_equals_its_copies(value: Any) -> None:
    """Whatever it holds, NaN and exceptions included."""
    assert first_difference(copy.deepcopy(value), value) is None
    assert first_difference(pickle.loads(pickle.dumps(value)), value) is None  # noqa: S301  # our own bytes


@given(st.lists(STRUCTURES, min_size=1), st.data())
def test_a_structure_differs_after_one_change(value: list[Any], data: st.DataObject) -> None:
    """At any place of it."""
    changed = copy.deepcopy(value)
    place = data.draw(st.integers(0, len(value) - 1))
    changed[place] = object
    assert not same(changed, value)
    assert not same({"a": (changed,)}, {"a": (value,)})


@pytest.mark.parametrize(
    "value",
    [
        (1.5, np.arange(3.0)),
        {"a": np.array([1.0, NAN])},
        [pd.DataFrame({"a": [1.0, NAN]})],
        tuple(np.linalg.svd(np.eye(3))),
        np.unique([1, 1, 2], return_counts=True),
        pd.Series([1, 1, 2]).value_counts(),
        np.array([1, None, NAN], dtype=object),
        np.float64(NAN),
        pd.Series([1, pd.NA], dtype="Int64"),
        {NAN: 1},
        Decimal("sNaN"),
    ],
)
def test_results_that_equality_does_not_decide_equal_their_copies(value: Any) -> None:
    """Arrays and frames anywhere."""
    assert same(pickle.loads(pickle.dumps(value)), value)  # noqa: S301  # our own bytes


@pytest.mark.parametrize(
    ("found", "expected", "text"),
    [
        ({"a": [0, 0, 0, 1.0]}, {"a": [0, 0, 0, 2.0]}, 'result["a"][3]: 1.0 instead of 2.0'),
        (np.zeros((2, 2)), np.eye(2), "result[0, 0]: 0.0 instead of 1.0"),
        (np.zeros(2), np.zeros(2, "f4"), "result.dtype: float64 instead of float32"),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [2]}), 'result["a"].iloc[0]: 1 instead of 2'),
        ([1], [1, 2], "len(result): 1 instead of 2"),
        ({}, {"b": 1}, 'result["b"]: nothing instead of 1'),
    ],
)
def test_the_first_difference_is_named(found: Any, expected: Any, text: str) -> None:
    """Its place, what is there and what should be."""
    assert first_difference(found, expected) == text


def test_close_floats_pass_where_asked() -> None:
    """Anywhere in the structure, but no further than rounding."""
    sums = {"a": [0.1 + 0.2, np.array([0.1 + 0.2])]}
    exact = {"a": [0.3, np.array([0.3])]}
    assert first_difference(sums, exact) is not None
    assert first_difference(sums, exact, close=True) is None
    assert first_difference([1.0], [1.0 + 1e-6], close=True) is not None


def test_objects_that_hold_themselves_or_cannot_be_compared_are_no_obstacle() -> None:
    """A cycle ends, an ``==`` that raises is not trusted, and a lock has no state."""
    first: list[Any] = [1]
    first.append(first)
    assert same(copy.deepcopy(first), first)
    assert same([Lock()], [Lock()])
    assert same(_Stubborn(1), _Stubborn(1))
    assert not same(_Stubborn(1), _Stubborn(2))


class _Stubborn:
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

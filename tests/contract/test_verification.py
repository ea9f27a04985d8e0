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
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype

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


@given(STRUCTURES, st.data())
def test_a_structure_differs_after_any_one_change(value: Any, data: st.DataObject) -> None:
    """Of a leaf at any place of it."""
    changed = _changed(value, data)
    assert not same(changed, value)
    assert not same({"a": (changed,)}, {"a": (value,)})


class _Another:
    """Unlike everything else."""


def _changed(value: Any, data: st.DataObject) -> Any:
    """Return a copy of a structure with another leaf, item or key."""
    if isinstance(value, ValueError):
        return ValueError(_changed(value.args[0], data))
    if isinstance(value, dict) and value:
        key = data.draw(st.sampled_from(list(value)))
        rest = {name: part for name, part in value.items() if name is not key}
        return rest if data.draw(st.booleans()) else rest | {key: _changed(value[key], data)}
    if isinstance(value, (list, tuple)) and value:
        place = data.draw(st.integers(0, len(value) - 1))
        return type(value)((*value[:place], _changed(value[place], data), *value[place + 1 :]))
    return _Another()


ARRAYS = arrays(
    st.sampled_from(["f8", "f4", "i4", "c16", "U3", "?", "M8[s]"]), array_shapes(min_dims=0, min_side=1)
)


@given(ARRAYS, st.data())
def test_an_array_equals_its_copy_and_differs_after_one_change(array: Any, data: st.DataObject) -> None:
    """Alone and within a structure, whatever its elements, NaN and NaT included."""
    copied = array.copy()
    assert same([copied], [array])
    place = data.draw(st.integers(0, array.size - 1))
    old, new = copied.reshape(-1)[place], data.draw(from_dtype(array.dtype))
    copied.reshape(-1)[place] = new
    assume(copied.reshape(-1)[place] != old)
    assume(not (old != old and new != new))  # noqa: PLR0124  # NaN
    assert not same({"a": copied}, {"a": array})


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


def test_floats_of_another_type_equal_if_their_values_do() -> None:
    """NaN, too, and nearly where that is asked for."""
    assert same([np.float64(NAN), 1.0], [NAN, np.float64(1.0)])
    assert not same(np.float64(1.0), NAN)
    assert first_difference(np.float64(0.1 + 0.2), 0.3, close=True) is None

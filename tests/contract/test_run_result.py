"""A run's result as bytes: whatever it holds comes back typed, and anything else is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.schema import TABLES, VERSION, conform
from breakeven.base.statuses import STATUSES
from breakeven.runner.results import RunResult
from breakeven.runner.results.run_result import NotARunResult
from tests.examples import at_most

_TEXT = st.text(st.characters(codec="utf-8"))
_VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.string(): _TEXT,
    pa.bool_(): st.booleans(),
    pa.int8(): st.integers(-128, 127),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.timestamp("us", tz="UTC"): st.datetimes(timezones=st.just(UTC)),
}
PHASE = pa.dictionary(pa.int8(), pa.string())
RESULT = RunResult(
    row={"cell_id": "a1", "round": 2, "status": "ok", "speedup": 1.5},
    tables={"trials": conform("trials", {"cell_id": ["a1"], "round": [2], "trial": [0], "wall_ns": [7]})},
)


def _value(kind: pa.DataType) -> st.SearchStrategy[Any]:
    return st.none() | (st.sampled_from(["wait", "send"]) if kind == PHASE else _VALUES[kind])


@st.composite
def results(draw: st.DrawFn) -> RunResult:
    """Return a result with any values in any columns of any tables."""
    row = {field.name: draw(_value(field.type)) for field in TABLES["runs"]}
    row |= {
        "cell_id": draw(_TEXT),
        "round": draw(st.integers(0, 999)),
        "status": draw(st.sampled_from(STATUSES)),
    }
    names = draw(st.lists(st.sampled_from([name for name in TABLES if name != "runs"]), unique=True))
    tables = {}
    for name in names:
        length = draw(st.integers(1, 3))
        columns = {
            field.name: pa.array([draw(_value(field.type)) for _ in range(length)], type=field.type)
            for field in TABLES[name]
        }
        tables[name] = pa.table(columns, schema=TABLES[name])
    return RunResult(row=row, tables=tables)


@at_most(30)
@given(result=results())
def test_any_result_survives_the_way(result: RunResult) -> None:
    """Row and tables come back with every value, type and meaning, and lead to the same bytes again."""
    back = RunResult.from_bytes(result.to_bytes())
    assert back == result
    assert (back.key, back.status) == (result.key, result.status)
    for name, table in back.tables.items():
        assert table.schema.equals(TABLES[name], check_metadata=True)
    assert back.to_bytes() == result.to_bytes()


def test_columns_that_are_not_given_are_null() -> None:
    """A row need not spell out what was not measured."""
    back = RunResult.from_bytes(RESULT.to_bytes())
    assert set(back.row) == set(TABLES["runs"].names)
    assert {name: back.row[name] for name in RESULT.row} == RESULT.row
    assert back.row["reason"] is None


def test_nothing_is_pickled() -> None:
    """The bytes hold a line of JSON and Arrow streams; none of them is a pickle."""
    data = RESULT.to_bytes()
    head = data.index(b"{")
    assert data.startswith(b"breakeven run\n")
    assert data[head:].startswith(b'{"schema": "' + VERSION.encode())
    assert b"\x80\x05\x95" not in data


@given(length=st.integers(0, len(RESULT.to_bytes()) - 1))
def test_a_result_that_was_cut_is_refused(length: int) -> None:
    """Whichever part is missing."""
    with pytest.raises(NotARunResult):
        RunResult.from_bytes(RESULT.to_bytes()[:length])


@given(noise=st.binary(max_size=200), place=st.integers(0, len(RESULT.to_bytes())))
def test_noise_is_a_result_or_is_refused(noise: bytes, place: int) -> None:
    """Bytes that were overwritten never raise anything but NotARunResult."""
    data = RESULT.to_bytes()
    with suppress(NotARunResult):
        found = RunResult.from_bytes(data[:place] + noise + data[place + len(noise) :])
        assert set(found.row) == set(TABLES["runs"].names)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (b"breakeven run", b"something else", "it does not begin like a run's result"),
        (
            b'"schema": "' + VERSION.encode(),
            b'"schema": "0',
            f"it has schema version 0, this breakeven {VERSION}: use one version everywhere",
        ),
        (b'"trials"', b'"trails"', "it holds the tables runs, trails; there are "),
        (b'{"schema', b'["schema', "its head cannot be read: "),
    ],
)
def test_what_is_refused_is_named(before: bytes, after: bytes, why: str) -> None:
    """The message says what is wrong, and of which version."""
    with pytest.raises(NotARunResult) as refusal:
        RunResult.from_bytes(RESULT.to_bytes().replace(before, after, 1))
    assert str(refusal.value).startswith(why)


def test_bytes_that_follow_are_refused() -> None:
    """A result that is longer than it says is not believed."""
    data = RESULT.to_bytes()
    with pytest.raises(NotARunResult) as refusal:
        RunResult.from_bytes(data + b"x")
    assert str(refusal.value) == f"it has {len(data) + 1} bytes instead of {len(data)}"


def test_a_table_of_another_schema_is_refused() -> None:
    """A worker with another version of a table cannot slip it in."""
    other = RunResult(row=RESULT.row, tables={"trials": pa.table({"trial": [1]})})
    with pytest.raises(NotARunResult, match=r"^its table trials does not have this version's schema$"):
        RunResult.from_bytes(other.to_bytes())

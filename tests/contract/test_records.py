"""Records between host and measured process: they survive the way, and what is damaged is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell import records
from breakeven.runner.cell.models._abc import ChannelCosts
from breakeven.runner.cell.question import Answer, Asked, Question
from breakeven.runner.cell.records import BadRecord, from_json, from_plain, to_json, to_plain
from breakeven.runner.cell.result import RESULT, TRACE, ActivityRecord, LaneRecord, Result
from breakeven.runner.cell.specification import Rules, Specification
from breakeven.runner.results.files import Unreadable, read_result
from tests.samples import result, trial

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
OPTIONS = st.dictionaries(st.text(max_size=9), JSON, max_size=3)
RULES = st.builds(Rules, rel_ci=st.floats(allow_nan=False))
SPECIFICATIONS = st.builds(
    Specification,
    measure=RULES,
    **{name: OPTIONS for name in Specification._fields if name.endswith("_options")},
)
MEMBERS = st.lists(st.builds(Asked, options=OPTIONS), max_size=2).map(tuple)
QUESTIONS = st.builds(Question, options=OPTIONS, members=MEMBERS)
FULL = result(
    trial(latency_p50_ns=3),
    trial(kind="serial"),
    activity=(ActivityRecord(0, 1, (4, 5, 6)),),
    lanes=(LaneRecord(1, 2, 3, -1, feeder=True, thread_id=4, offset=5, marks=6, tasks=7, dropped=8),),
    trace_crc32=crc32(b"trace"),
    channel_costs=ChannelCosts(9, 10),
)


@given(st.one_of(SPECIFICATIONS, QUESTIONS, st.builds(Answer), st.builds(Result)))
def test_a_record_survives_the_way(record: Any) -> None:
    """What is read is what was written, down to the types of its parts."""
    assert repr(from_json(type(record), to_json(record))) == repr(
        record
    )  # a NaN equals nothing, and itself here


def _places(plain: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to every value within plain data."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from _places(value, (*place, key))


def _shown(place: tuple[str | int, ...]) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")


def _damaged(place: tuple[str | int, ...]) -> tuple[Any, Any, str | int]:
    """Return a plain result with the object or list that holds ``place``, and the last key to it."""
    plain = to_plain(FULL)
    inner = plain
    for key in place[:-1]:
        inner = inner[key]
    return plain, inner, place[-1]


PLACES = list(_places(to_plain(FULL)))
SHARES = ("same_cpu", "workers_same_cpu", "cpu_share")


@pytest.mark.parametrize("place", [place for place in PLACES if isinstance(place[-1], str)], ids=_shown)
def test_a_key_that_is_missing_or_unknown_is_named(place: tuple[str | int, ...]) -> None:
    """At whatever depth it is."""
    plain, inner, key = _damaged(place)
    inner["another"] = inner.pop(key)
    with pytest.raises(BadRecord) as missing:
        from_plain(Result, plain)
    assert str(missing.value) == f"{_shown(place)} is missing"
    inner[key] = inner["another"]
    with pytest.raises(BadRecord) as unknown:
        from_plain(Result, plain)
    assert str(unknown.value) == f"{_shown((*place[:-1], 'another'))} is unknown"


@pytest.mark.parametrize("place", PLACES, ids=_shown)
def test_a_value_of_another_type_is_named(place: tuple[str | int, ...]) -> None:
    """A record, a list or a scalar: what is there and what should be."""
    plain, inner, key = _damaged(place)
    inner[key], name = ("0.5", "text") if key in SHARES else (0.5, "a number")
    with pytest.raises(BadRecord) as refused:
        from_plain(Result, plain)
    assert str(refused.value).startswith(f"{_shown(place)} is {name}, not ")


class Kinds(NamedTuple):
    """A record with a value of every kind."""

    number: float
    flag: bool
    words: dict[str, str]
    pair: tuple[int, int]


GOOD = {"number": 1, "flag": True, "words": {"a": "b"}, "pair": [1, 2]}


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([], "is a list, not an object"),
        (None, "is null, not an object"),
        ({}, "flag is missing"),
        (GOOD | {"number": True}, "number is true or false, not a number"),
        (GOOD | {"flag": 1}, "flag is a whole number, not true or false"),
        (GOOD | {"words": {"a": None}}, "words.a is null, not text"),
        (GOOD | {"words": "ab"}, "words is text, not an object"),
        (GOOD | {"pair": [1]}, "pair has 1 items, not 2"),
        (GOOD | {"pair": [1, "2"]}, "pair[1] is text, not a whole number"),
        (GOOD | {"pair": {}}, "pair is an object, not a list"),
    ],
)
def test_what_cannot_be_read_is_told(plain: Any, message: str) -> None:
    """The message gives the place, what is there and what is expected."""
    with pytest.raises(BadRecord) as refused:
        from_plain(Kinds, plain)
    assert str(refused.value) == message


def test_a_whole_number_stands_for_a_number() -> None:
    """JSON does not tell 1 from 1.0."""
    assert repr(from_plain(Kinds, GOOD)) == "Kinds(number=1.0, flag=True, words={'a': 'b'}, pair=(1, 2))"


@pytest.mark.parametrize("hint", [bytes, set[int]])
def test_a_type_that_json_has_not_is_no_part_of_a_record(hint: Any) -> None:
    """Whoever adds a field learns it at once."""
    with pytest.raises(TypeError, match="records do not use"):
        records._reader(hint)


def _leave(folder: Path, plain: Any) -> None:
    text = json.dumps(plain).encode()
    (folder / RESULT).write_bytes(b"%08x\n%b" % (crc32(text), text))
    (folder / TRACE).write_bytes(b"trace")


def test_a_result_is_read_back(tmp_path: Path) -> None:
    """With the trace beside it."""
    _leave(tmp_path, to_plain(FULL))
    assert read_result(tmp_path) == (FULL, b"trace")


def test_a_damaged_result_is_unreadable(tmp_path: Path) -> None:
    """Its checksum is right, since it was written after the memory was overwritten; the reason names what is wrong."""
    plain = to_plain(FULL)
    plain["trials"][1]["tasks"] = "ten"
    _leave(tmp_path, plain)
    with pytest.raises(Unreadable) as refused:
        read_result(tmp_path)
    assert str(refused.value) == f"{RESULT} is invalid: trials[1].tasks is text, not a whole number"
    del plain["lanes"]
    _leave(tmp_path, plain)
    with pytest.raises(Unreadable) as refused:
        read_result(tmp_path)
    assert str(refused.value) == f"{RESULT} is invalid: lanes is missing"

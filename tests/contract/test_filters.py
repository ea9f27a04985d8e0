"""Conditions on the cells of a grid: what they match, what they leave, what they refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.runner.hydra_app.filters import Selected, Selection, read_selection, select
from breakeven.runner.planning.request import Request

SIZES = {"1B": 1, "1KB": 10**3, "1KiB": 2**10, "1.5KiB": 1536, "1MiB": 2**20}
TIMES = {"1ns": 1, "1us": 10**3, "0.5ms": 5 * 10**5, "1ms": 10**6, "2s": 2 * 10**9}


def _cell(**knobs: Any) -> Request:
    """Return a cell such as conf/ has them."""
    plain = {
        "model": {"name": "process", "start_method": "fork"},
        "ipc": {"name": "queue"},
        "workers": 2,
        "tasks": 64,
        "payload": "1KiB",
        "task": "1ms",
        "label": None,
        "limits": {"time": "60s", "memory": None},
        "args": [1, 2],
    }
    choices = {"model": "process", "ipc": "auto"} | knobs.pop("choices", {})
    return Request(plain | knobs, ("typed=1",), choices)


def _thread(**knobs: Any) -> Request:
    return _cell(model={"name": "thread"}, choices={"model": "thread"}, **knobs)


def _read(**given: Any) -> Selection:
    return read_selection({"params": {}, **given})


def _select(requests: Sequence[Request], **given: Any) -> Selected:
    return select(requests, lambda request, _: request, _read(**given))


def _matches(request: Request, condition: Mapping[str, Any]) -> bool:
    return _read(only=[condition]).keeps(request)


# --- what a condition matches ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        {"workers": 2},
        {"workers": "1,2"},
        {"workers": [1, 2]},
        {"workers": "range(1,4)"},
        {"workers": "==2"},
        {"workers": "!=3"},
        {"workers": "!=1,3"},
        {"workers": "< ${tasks}"},
        {"workers": [9, "<= 2"]},
        {"tasks": "> ${workers}", "workers": ">1"},
        {"model": "process"},
        {"model": "thread,process"},
        {"model": "glob(pro*)"},
        {"model": "!=thread"},
        {"model.start_method": "fork"},
        {"ipc": "auto"},
        {"ipc": "queue"},
        {"ipc": "!=pipe"},
        {"payload": "1024B"},
        {"payload": "<= 1MiB"},
        {"payload": ">0"},
        {"task": "<1s"},
        {"task": "1000us"},
        {"limits.time": ">=1min"},
        {"label": None},
        {"label": "null"},
        {"limits.memory": "!=1GiB"},
        {"args": [[1, 2]]},
        {"task": "< ${limits.time}"},
        {"model.start_method": "${model.name}k,fork"},
    ],
    ids=str,
)
def test_a_condition_that_matches(condition: Mapping[str, Any]) -> None:
    """Values as in a sweep, comparisons in units, groups by option or name, knobs of the same cell."""
    assert _matches(_cell(), condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"workers": 3},
        {"workers": "3,4"},
        {"workers": "!=2"},
        {"workers": "!=1,2"},
        {"workers": True},
        {"workers": "'2'"},
        {"workers": "2MiB"},
        {"workers": "> ${tasks}"},
        {"workers": 2, "model": "thread"},
        {"model": "glob(thr*)"},
        {"model": "!=process"},
        {"ipc": "!=queue"},
        {"payload": ">1KiB"},
        {"payload": "1024ns"},
        {"label": "a"},
        {"label": "<3"},
        {"limits.memory": "<1GiB"},
        {"limits.memory": ">=0"},
    ],
    ids=str,
)
def test_a_condition_that_does_not_match(condition: Mapping[str, Any]) -> None:
    """All keys of a mapping must match; null is neither less nor more than anything."""
    assert not _matches(_cell(), condition)


def test_a_knob_that_only_some_cells_have() -> None:
    """Where it is missing it is null."""
    cells = [_thread(), _cell()]
    assert _select(cells, only=[{"model.start_method": "fork"}]).requests == (cells[1],)
    assert _select(cells, only=[{"model.start_method": "!=fork"}]).requests == (cells[0],)


@given(st.sampled_from([SIZES, TIMES, {number: number for number in (-1, 0, 1, 2.5, 10)}]), st.data())
def test_amounts_compare_in_their_units(amounts: Mapping[Any, int], data: st.DataObject) -> None:
    """Numbers, sizes and times are in the order of what they mean, not of how they are written."""
    left, right = (data.draw(st.sampled_from(list(amounts))) for _ in range(2))
    for sign, holds in (
        ("<", amounts[left] < amounts[right]),
        ("<=", amounts[left] <= amounts[right]),
        (">", amounts[left] > amounts[right]),
        (">=", amounts[left] >= amounts[right]),
        ("==", amounts[left] == amounts[right]),
        ("!=", amounts[left] != amounts[right]),
    ):
        cell = _cell(tasks=left, workers=right)
        assert _matches(cell, {"tasks": f"{sign}{right}"}) == holds
        assert _matches(cell, {"tasks": f" {sign} ${{workers}}"}) == holds


# --- what is left ----------------------------------------------------------------------------------------


conditions = st.lists(
    st.dictionaries(
        st.sampled_from(["workers", "tasks"]),
        st.integers(1, 3) | st.sampled_from(["1,3", ">1", "!=2"]),
        min_size=1,
    ),
    min_size=1,
    max_size=3,
)


@given(conditions)
def test_only_and_exclude_are_each_others_rest(mappings: list[dict[str, Any]]) -> None:
    """What one keeps the other leaves out, whatever the conditions, and the order stays."""
    cells = [_cell(workers=workers, tasks=tasks) for workers in (1, 2, 3) for tasks in (1, 2, 3)]
    inside, outside = _read(only=mappings), _read(exclude=mappings)
    assert [inside.keeps(cell) for cell in cells] == [not outside.keeps(cell) for cell in cells]
    if any(inside.keeps(cell) for cell in cells):
        kept = _select(cells, only=mappings).requests
        assert list(kept) == [cell for cell in cells if inside.keeps(cell)]


def test_only_comes_before_exclude() -> None:
    """A cell must match one of the first and none of the second."""
    cells = [_cell(workers=workers) for workers in range(1, 7)]
    kept = _select(
        cells, only=[{"workers": "<3"}, {"workers": ">4"}], exclude=[{"workers": 1}, {"workers": 6}]
    )
    assert [request.plain["workers"] for request in kept.requests] == [2, 5]
    assert kept.notes == ()


def test_without_conditions_every_cell_is_wanted() -> None:
    """Empty lists and none at all are no conditions."""
    assert not _read()
    assert not _read(only=None, exclude=[])
    assert _read(exclude=[{"workers": 1}])


def test_numbers_count_the_cells_that_are_kept() -> None:
    """A job's number is what it has when it is launched."""
    numbers = []

    def compose(workers: int, number: int) -> Request:
        numbers.append(number)
        return _cell(workers=workers)

    select(range(1, 6), compose, _read(exclude=[{"workers": "2,3"}]))
    assert numbers == [0, 1, 1, 1, 2]


def test_a_condition_without_effect_is_told() -> None:
    """A mistyped value leaves everything as it was, and should not do so in silence."""
    told = _select(
        [_cell()],
        exclude=[{"model": "proces", "workers": ">4"}, {"workers": 3}],
        only=[{"workers": 2}, {"label": "a"}],
    )
    assert told.notes == (
        "hydra.sweeper.only: {label:'a'} matches no cell of the grid",
        "hydra.sweeper.exclude: {model:'proces',workers:'>4'} matches no cell of the grid",
        "hydra.sweeper.exclude: {workers:3} matches no cell of the grid",
    )


# --- what is refused -------------------------------------------------------------------------------------


def _refusal(kind: type[Exception], *cells: Request, **given: Any) -> str:
    with pytest.raises(kind) as refusal:
        _select(cells or [_cell()], **given)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"exclude": [{"workers": 2}]}, "hydra.sweeper.exclude leaves"),
        ({"only": [{"workers": 3}]}, "hydra.sweeper.only leaves"),
        (
            {"only": [{"workers": 2}], "exclude": [{"tasks": 64}]},
            "hydra.sweeper.only and hydra.sweeper.exclude leave",
        ),
    ],
)
def test_nothing_left_is_refused(given: dict[str, Any], said: str) -> None:
    """A sweep of no cells is a mistake."""
    assert (
        _refusal(BadValue, _cell(), _cell(), **given)
        == f"{said} none of the 2 cells of the grid; remove a filter or add values"
    )


def test_a_key_that_no_cell_has_is_refused() -> None:
    """The nearest knob is named, on the left side and on the right."""
    known = "model, ipc, workers, tasks, payload, task, label, limits, args"
    said = f"hydra.sweeper.exclude: worker: no such knob (did you mean workers?); there are {known}"
    assert _refusal(UnknownChoice, exclude=[{"worker": 2}]) == said
    assert _refusal(UnknownChoice, exclude=[{"tasks": "> ${worker}"}]) == said
    assert _refusal(UnknownChoice, only=[{"limits.tim": "1s"}]) == (
        "hydra.sweeper.only: limits.tim: no such knob (did you mean limits.time?); there are limits.time, limits.memory"
    )


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("workers", "<= 1MiB", "workers=2 cannot be compared with 1MiB (workers: <= 1MiB)"),
        ("payload", ">1ms", "payload=1KiB cannot be compared with 1ms (payload: >1ms)"),
        ("task", "> ${payload}", "task=1ms cannot be compared with 1KiB (task: > ${payload})"),
        ("model", ">thread", "model=process cannot be compared with thread (model: >thread)"),
        ("workers", "< true", "workers=2 cannot be compared with True (workers: < true)"),
    ],
)
def test_what_cannot_be_compared_is_refused(key: str, value: str, said: str) -> None:
    """Kinds do not mix."""
    assert _refusal(BadValue, exclude=[{key: value}]) == (
        f"hydra.sweeper.exclude: {said}; compare numbers with numbers, sizes with sizes, times with times"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("> 1,2", "workers: > 1,2 compares with 2 values; write one"),
        ("interval(1,2)", "workers: interval(1,2) cannot be enumerated; compare with < and > instead"),
        ("a'b", "workers: a'b cannot be read; quote special characters within the quotes"),
        ({"a": 1}, "workers is compared with a mapping; name one knob of it, such as workers.name"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused(value: Any, said: str) -> None:
    """The key is named with what was written."""
    assert _refusal(BadValue, only=[{"workers": value}]) == f"hydra.sweeper.only: {said}"


def test_a_group_of_knobs_is_no_knob() -> None:
    """One of them is named instead."""
    assert _refusal(BadValue, exclude=[{"limits": "1s"}]) == (
        "hydra.sweeper.exclude: limits is a group of knobs; name one of them, such as limits.time"
    )


@pytest.mark.parametrize("given", [{"workers": 2}, "workers=2", [{}], [["workers"]], 3])
def test_conditions_that_are_no_list_of_mappings(given: Any) -> None:
    """An example shows what is."""
    assert _refusal(BadValue, exclude=given) == (
        f"hydra.sweeper.exclude={given}: not a list of mappings; write one such as [{{model: thread, workers: '>4'}}]"
    )

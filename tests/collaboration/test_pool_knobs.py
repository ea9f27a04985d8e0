"""Knobs of models: how a pool hands out tasks, how many go together, and how many are under way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from breakeven.base.errors import BadInput
from breakeven.runner.cell import models
from breakeven.runner.cell.errors import TaskFailed
from breakeven.runner.config.cell import _Member
from tests.crews import MECHANISMS, Mechanism, crew_of
from tests.tasks import Initial, Timed, Times

MAPS = 4
"""Of several one shows what may be under way at once, even if another program had a worker's CPU during the others."""
CHUNKS = (None, "auto", 1, 7, 1000)


def _values(model: str, knob: str) -> tuple[Any, ...]:
    """Return the values of a knob that are tried, nothing if the model does not have it."""
    kind = models.load(model).OPTIONS.get(knob, "")
    return CHUNKS if kind == "chunk?" else tuple(kind.split("|"))


def _pools() -> Iterator[Any]:
    """Yield every pool of the standard library with each of its calls and several sizes of chunks."""
    for mechanism in MECHANISMS:
        kind = models.load(mechanism.model)
        if "call" not in kind.OPTIONS or mechanism.start_method not in (None, "fork"):
            continue
        sizes = _values(mechanism.model, "chunksize") or (None,)
        for call, size in product(_values(mechanism.model, "call"), sizes):
            options = {"call": call, "chunksize": size}
            if kind.conflict(options) is None:
                yield pytest.param(mechanism, options, id=f"{mechanism}-{call}-{size}")


POOLS = list(_pools())
LIMITED = [
    mechanism
    for mechanism in MECHANISMS
    if "in_flight" in models.load(mechanism.model).OPTIONS and mechanism.start_method in (None, "fork")
]
"""Models whose tasks under way can be limited, with each channel."""


@pytest.mark.parametrize(("mechanism", "options"), POOLS)
def test_every_call_returns_the_results_in_order(
    tmp_path: Path, mechanism: Mechanism, options: dict[str, Any]
) -> None:
    """Whatever the order in which they come, and however many tasks are in a chunk."""
    with crew_of(mechanism, tmp_path, **options)(Times()) as workers:
        for count in (1, 50):
            items = [(0, number) for number in range(count)]
            assert workers.map(items) == [(number, 3 * number) for number in range(count)]


@pytest.mark.parametrize(("mechanism", "options"), POOLS)
def test_every_call_reports_what_a_task_raises(
    tmp_path: Path, mechanism: Mechanism, options: dict[str, Any]
) -> None:
    """It raises the worker's words, wherever the task is among the others."""
    if mechanism.start_method is None or options["chunksize"] not in (None, 7):
        return
    items = [(0, number) for number in [*range(20), -1, *range(20)]]
    with (
        pytest.raises((TaskFailed, ValueError), match="negative: -1"),
        crew_of(mechanism, tmp_path, **options)(Times()) as workers,
    ):
        workers.map(items)


@pytest.mark.parametrize("mechanism", LIMITED, ids=str)
def test_no_more_tasks_are_under_way_than_may_be(tmp_path: Path, mechanism: Mechanism) -> None:
    """With one in flight tasks follow each other; without a limit both workers have one at a time."""
    for in_flight, most in ((1, 1), (None, 2)):
        submits = (
            {"call": "submit"} if "submit" in models.load(mechanism.model).OPTIONS.get("call", "") else {}
        )
        folder = tmp_path / str(in_flight)
        folder.mkdir()
        with crew_of(mechanism, folder, in_flight=in_flight, **submits)(Timed()) as workers:
            maps = [workers.map([(0, number) for number in range(10)]) for _ in range(MAPS)]
        assert max(_most_at_once([span for _, span in results]) for results in maps) == most


@pytest.mark.parametrize("lifetime", ["persistent", "per_map"])
@pytest.mark.parametrize(
    "mechanism", [one for one in MECHANISMS if "initial" in models.load(one.model).OPTIONS], ids=str
)
def test_every_worker_is_given_the_initial_data(tmp_path: Path, mechanism: Mechanism, lifetime: str) -> None:
    """As many bytes as asked, by every start method, whether the pool persists or not."""
    size = (1 << 20) + 3
    with crew_of(mechanism, tmp_path, lifetime=lifetime, initial=size)(Initial()) as workers:
        found = [given for _, given in workers.map([(0, number) for number in range(4)])]
    assert [len(given) for given in found] == [size] * 4
    assert len(set(found)) == 1


def _most_at_once(spans: list[tuple[int, int]]) -> int:
    edges = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    counts = [0]
    for _, change in edges:
        counts.append(counts[-1] + change)
    return max(counts)


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (
            "process_pool",
            {"call": "submit", "chunksize": 4},
            "model.chunksize=4: model.call=submit sends tasks one by one; leave it null, or choose model.call=map",
        ),
        (
            "thread_pool",
            {"call": "map", "in_flight": 4},
            "model.in_flight=4: model.call=map hands out all tasks at once; leave it null, or choose model.call=submit",
        ),
        (
            "mp_pool",
            {"chunksize": "many"},
            (
                "model.chunksize=many: neither auto nor a whole number from 1 to 2147483647; write one of them, such as "
                "model.chunksize=auto"
            ),
        ),
        (
            "process_pool",
            {"call": "imap"},
            "model.call=imap: no such choice (did you mean map?); choose one of map, submit",
        ),
    ],
)
def test_knobs_without_effect_are_refused(model: str, options: dict[str, Any], reason: str) -> None:
    """In one line, before anything runs."""
    chosen = {"name": model, "chunksize": None, **options}
    known = {"name", *models.load(model).OPTIONS}
    with pytest.raises(BadInput) as caught:
        _Member.read({"model": {key: value for key, value in chosen.items() if key in known}}, "model")
    assert str(caught.value) == reason

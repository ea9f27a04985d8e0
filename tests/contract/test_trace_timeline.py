"""A run as a trace: whatever spans it recorded, each is found again in every format, under the name of its worker."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.errors import ClocksDiffer
from breakeven.analysis.traces import FORMATS
from breakeven.analysis.traces.cpus import share_on_cpu
from breakeven.analysis.traces.places import PLACES, Times
from breakeven.analysis.traces.recorded import LIFETIMES, PARENT, Span
from breakeven.analysis.traces.timeline import Recorded, Timeline
from tests.examples import at_most
from tests.traces import READERS, Found, as_facts, lasting

BEGAN, TRIAL, CREATED = 10**15, 10**15 + 5000, 10**15 + 100
PHASES = st.one_of(st.sampled_from(("compute", "wait", "send", "receive", "serialize")), st.text(max_size=6))
SPANS = st.lists(
    st.builds(
        Span,
        trial=st.just(3),
        worker=st.integers(PARENT, 2),
        pid=st.integers(-1, 3),
        thread_id=st.integers(-1, 3),
        task=st.integers(-1, 3),
        phase=PHASES,
        start_ns=st.integers(0, 9),
        duration_ns=st.integers(0, 9),
        on_cpu_ns=st.one_of(st.none(), st.integers(0, 9)),
    ),
    max_size=12,
)


def _worker(pid: int, thread_id: int, **known: Any) -> dict[str, Any]:
    return {"pid": pid, "thread_id": thread_id, "gil_enabled": True} | known


def _recorded(spans: list[Span], *lifetimes: Span, **changes: Any) -> Recorded:
    run = {
        "ipc": "queue",
        "first_created_ns": CREATED,
        "speedup": 1.5,
        "reason": None,
        "cell_id": "a1",
        "round": 0,
    }
    trial = {
        "trial": 3,
        "kind": "parallel",
        "warmup": False,
        "traced": True,
        "start_ns": TRIAL,
        "wall_ns": 900,
        "disturbed_by": "steal, foreign load",
        "steal_ns": 7,
    }
    other = trial | {
        "trial": 0,
        "kind": "serial",
        "warmup": True,
        "traced": False,
        "start_ns": TRIAL - 900,
        "disturbed_by": None,
    }
    return Recorded(
        name="a run",
        run=run | changes,
        trials=[trial, other],
        workers={PARENT: _worker(1, 1), 0: _worker(1, 2), 1: _worker(2, 2, switch_interval_ns=5_000_000)},
        spans=[part for part in ([*lifetimes], [*spans]) if part],
        began_ns=BEGAN,
        ended_ns=BEGAN + 9000,
        shift_ns=-BEGAN,
    )


def _write(name: str, *runs: Recorded) -> tuple[Found, Timeline]:
    file = io.BytesIO()
    with FORMATS[name](file) as trace:
        timeline = Timeline(trace)
        for run in runs:
            timeline.write(run)
    return READERS[name](file.getvalue()), timeline


@pytest.mark.parametrize("name", FORMATS)
@at_most(60)
@given(spans=SPANS)
def test_every_span_is_found_again(name: str, spans: list[Span]) -> None:
    """Nested, touching, crossing, of no length, with unknown phases, of threads that share an id: none is lost or moved."""
    rows = [(f"worker {one.worker}" if one.worker != PARENT else "parent", one) for one in spans]
    wanted = Counter((who, one.phase, one.start_ns + 5000, one.end_ns + 5000) for who, one in rows)
    found, timeline = _write(name, _recorded([*spans]))
    read = Counter[tuple[str, str, int, int]]()
    for (_, line), slices in found.slices.items():
        for one in slices.elements() if not line.startswith("trials") else ():
            who = line.partition(" (")[0].partition(",")[0]
            read[who, one.name, one.start_ns, one.end_ns] += 1
    assert read == wanted
    assert timeline.counts.phases == len(spans)


def test_a_run_holds_its_trials_and_says_what_disturbed_them() -> None:
    """A mark a cause, where the trial begins; nulls are left out."""
    found, _ = _write("perfetto", _recorded([]))
    line = ("a run", "trials")
    whole, serial, parallel = sorted(found.slices[line], key=lambda one: one.start_ns)
    assert whole[:3] == (0, 9000, "a run")
    assert whole.facts == as_facts({"cell_id": "a1", "round": 0, "ipc": "queue", "speedup": 1.5})
    assert [(one.start_ns, one.end_ns, one.name, one.depth) for one in (serial, parallel)] == [
        (4100, 5000, "serial (warm-up)", 1),
        (5000, 5900, "parallel (traced)", 1),
    ]
    marks = sorted(found.marks[line], key=lambda mark: mark.name)
    assert [(mark.at_ns, mark.name, dict(mark.facts)["steal_ns"]) for mark in marks] == [
        (5000, "disturbed: foreign load", ("int", 7)),
        (5000, "disturbed: steal", ("int", 7)),
    ]


def _startup(worker: int) -> Span:
    return Span(LIFETIMES, worker, 2, 2, -1, "startup", 10, 20, None)


def test_startup_lies_where_it_was_and_says_how_the_worker_ran() -> None:
    """It counts from the first worker's creation."""
    found, _ = _write("perfetto", _recorded([], _startup(1)))
    (startup,) = found.slices["a run", "worker 1"]
    assert startup[:3] == (110, 130, "startup")
    assert startup.facts == as_facts({"gil_enabled": True, "switch_interval_ns": 5_000_000})


def test_startup_of_runs_that_do_not_say_when_is_left_out_and_counted() -> None:
    """Those were measured before there was the column."""
    found, timeline = _write("perfetto", _recorded([], _startup(1), first_created_ns=float("nan")))
    assert {one.name for one in lasting(found)} == {"a run", "serial (warm-up)", "parallel (traced)"}
    assert timeline.counts.unplaced == 1


def _compute(worker: int, start: int, end: int, on_cpu: int | None) -> Span:
    return Span(3, worker, 1, worker, 0, "compute", start, end - start, on_cpu)


def test_counters_say_who_had_a_cpu() -> None:
    """In percent for each worker, in workers for all of them."""
    found, _ = _write("chrome", _recorded([_compute(0, 0, 100, 100), _compute(1, 50, 150, 25)]))
    read = {name: sorted(values) for ((_, name), _), values in found.samples.items()}
    assert read == {
        "worker 0 on a CPU": [(5000, 100.0), (5100, 0.0)],
        "worker 1 on a CPU": [(5050, 25.0), (5150, 0.0)],
        "workers on a CPU": [(5000, 1.0), (5050, 1.25), (5100, 0.25), (5150, 0.0)],
    }


@given(spans=SPANS)
def test_shares_end_at_nothing(spans: list[Span]) -> None:
    """Rounding leaves no worker on a CPU when all have ended, and none below 0."""
    found = share_on_cpu(spans)
    assert all(sample.value >= 0 for sample in found)
    assert not found or found[-1].value == 0
    assert [sample.at_ns for sample in found] == sorted({sample.at_ns for sample in found})


TIMES = [Times(100, 130, "m"), Times(500, 510, "m"), Times(200, 260, "m")]


@pytest.mark.parametrize(
    ("place", "begins"),
    [("in-turn", [0, 30, 40]), ("side-by-side", [0, 0, 0]), ("as-measured", [0, 400, 100])],
)
def test_runs_are_placed(place: str, begins: list[int]) -> None:
    """One behind the other, all at once, or as their clock says."""
    assert [shift + one.began_ns for shift, one in zip(PLACES[place](TIMES), TIMES, strict=True)] == begins


def test_the_clocks_of_two_machines_are_not_one() -> None:
    """The message names the other ways."""
    with pytest.raises(ClocksDiffer) as refusal:
        PLACES["as-measured"]([*TIMES, Times(1, 2, "n")])
    assert str(refusal.value) == (
        "--place as-measured: the runs are of 2 machines, whose clocks have nothing in common; "
        "choose --place in-turn or side-by-side, or the cells of one with --cell hostname=NAME"
    )

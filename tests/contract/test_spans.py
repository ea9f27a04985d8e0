"""Rules of traces: phases partition the trial, and overlaying a feeder changes nothing but waiting."""

from __future__ import annotations

from time import perf_counter_ns
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.board import COMPUTED, DROPPED, Geometry
from breakeven.runner.cell.models._abc import Lifetime
from breakeven.runner.cell.phases import COMPUTE, DESERIALIZE, IDLE, NAMES, RECEIVE, SEND, SERIALIZE, WAIT
from breakeven.runner.cell.trace import Recorder, clear, count_marks
from breakeven.runner.results.spans import NO_TASK, OWN, Lane, Segments, _with_tasks, overlay, spans, whole_ns
from tests.samples import result, worker

PHASES = st.sampled_from([SERIALIZE, SEND, WAIT, RECEIVE, DESERIALIZE, COMPUTE, IDLE])
MARKS = st.lists(st.tuples(st.integers(0, 30), PHASES), max_size=40)
START, END = 100, 500


def _lane(marks: list[tuple[int, int]], worker: int = 0, feeder: bool = False) -> Lane:
    stamps = np.cumsum([START - 20, *(gap for gap, _ in marks)])[1:].astype(np.int64)
    phases = np.asarray([phase for _, phase in marks], np.int64)
    computed = np.arange(int((phases == COMPUTE).sum()), dtype=np.int64)
    return Lane(0, START, END, worker, feeder, 8, stamps, phases, computed, computed * 3)


@given(MARKS)
def test_phases_partition_the_trial(marks: list[tuple[int, int]]) -> None:
    """Whatever was marked, before, in and after the trial, the phases fill it without gap or overlap."""
    segments = _lane(marks).segments()
    assert segments.starts[0] == START
    assert segments.ends[-1] == END
    assert (np.diff(segments.ends) >= 0).all()
    assert (segments.ends - segments.starts).sum() == END - START


@given(MARKS)
def test_compute_is_neither_invented_nor_lost(marks: list[tuple[int, int]]) -> None:
    """The time of compute phases is what the marks say, cut to the trial."""
    lane = _lane(marks)
    segments = lane.segments()
    starts = np.concatenate(([START], lane.stamps[:-1])) if len(lane.stamps) else lane.stamps
    inside = np.clip(lane.stamps, START, END) - np.clip(starts, START, END)
    found = segments.phases == COMPUTE
    assert (segments.ends - segments.starts)[found].sum() == inside[lane.phases == COMPUTE].sum()


@given(MARKS, MARKS)
def test_overlay_replaces_waiting_only(main: list[tuple[int, int]], feeder: list[tuple[int, int]]) -> None:
    """Phases other than waiting keep their spans; waiting keeps its time or gives it to what was sent meanwhile."""
    busy = {SERIALIZE, SEND, RECEIVE, DESERIALIZE}
    before = _lane(main).segments()
    sender = _lane([(gap, phase if phase in busy else IDLE) for gap, phase in feeder]).segments()
    after = overlay(before, sender)
    assert (after.ends - after.starts).sum() == END - START
    for phase in (COMPUTE,):
        kept = [
            (s, e)
            for s, e, p in zip(before.starts, before.ends, before.phases, strict=True)
            if p == phase and e > s
        ]
        found = [(s, e) for s, e, p in zip(after.starts, after.ends, after.phases, strict=True) if p == phase]
        assert kept == found
    assert _clock(after) == _expected_clock(before, sender)


def _clock(segments: Segments) -> list[int]:
    """Return the phase at every ns."""
    at = np.searchsorted(segments.ends, np.arange(START, END), side="right")
    return [int(phase) for phase in segments.phases[at]]


def _expected_clock(main: Segments, feeder: Segments) -> list[int]:
    pairs = zip(_clock(main), _clock(feeder), strict=True)
    return [
        fed if own in (WAIT, IDLE) and fed in (SERIALIZE, SEND, RECEIVE, DESERIALIZE) else own
        for own, fed in pairs
    ]


def test_what_the_feeder_did_bears_its_thread() -> None:
    """A span that replaced waiting names the thread that executed it, all others the worker's own."""
    main = _lane([(20, WAIT), (100, WAIT), (50, COMPUTE)]).segments()
    feeder = _lane([(40, IDLE), (30, SERIALIZE), (10, SEND)], feeder=True).segments()
    after = overlay(main, feeder)
    threads = {(NAMES[phase], int(thread)) for phase, thread in zip(after.phases, after.threads, strict=True)}
    assert threads == {("wait", OWN), ("serialize", 8), ("send", 8), ("compute", OWN), ("idle", OWN)}


def test_a_feeders_messages_are_tasks_only_if_there_are_as_many() -> None:
    """The n-th message carries the n-th task; where a pool joins several to one message, it carries none."""
    feeder = _lane(
        [(40, IDLE), (30, SERIALIZE), (10, SEND), (30, SERIALIZE), (10, SEND)], feeder=True
    ).segments()
    known = _with_tasks(feeder, np.asarray([7, 5]))
    assert sorted(set(known.tasks[known.phases == SEND].tolist())) == [5, 7]
    assert set(_with_tasks(feeder, np.arange(8)).tasks.tolist()) == {NO_TASK}


def test_messages_belong_to_their_tasks() -> None:
    """What comes in belongs to the task that follows, what goes out to the one before, waiting at the end to none."""
    cycle = [(5, WAIT), (5, RECEIVE), (5, DESERIALIZE), (5, COMPUTE), (5, SERIALIZE), (5, SEND)]
    segments = _lane([(20, WAIT), *cycle, *cycle, (30, WAIT)]).segments()
    tasks = [(NAMES[phase], int(task)) for phase, task in zip(segments.phases, segments.tasks, strict=True)]
    names = ("wait", "receive", "deserialize", "compute", "serialize", "send")
    expected = [(name, task) for task in (0, 1) for name in names]
    assert [pair for pair in tasks if pair[1] >= 0] == expected
    assert tasks[-1] == ("idle", NO_TASK)
    assert list(segments.on_cpu[segments.phases == COMPUTE]) == [0, 3]


def _recorded(tmp_path: Any, phases: list[int], marks: int = 16) -> Any:
    board = Geometry(str(tmp_path / "board"), 1, marks, 4).create()
    lane = board.lane(0)
    recorder = Recorder(lane)
    recorder.arm(traced=True)
    for phase in phases:
        if phase == COMPUTE:
            recorder.computed(9, 5)
        recorder.mark(phase)
    return lane


def test_a_recorder_stores_phases_and_rising_stamps(tmp_path: Any) -> None:
    """Each mark leaves its code and a time not before the one before it."""
    phases = [WAIT, COMPUTE, SEND] * 3
    lane = _recorded(tmp_path, phases)
    assert list(lane.codes[: count_marks(lane)]) == phases
    assert sorted(lane.stamps[: len(phases)]) == list(lane.stamps[: len(phases)])
    assert lane.header[COMPUTED] == 3
    clear(lane, len(phases))
    assert count_marks(lane) == lane.header[COMPUTED] == 0


@pytest.mark.parametrize("room", [1, 4, 255, 256, 257, 258, 513, 600])
@pytest.mark.parametrize("beyond", [-1, 0, 6])
def test_a_full_lane_merges_and_counts(tmp_path: Any, room: int, beyond: int) -> None:
    """Marks beyond the lane's room move its last one and are counted; the marks before are whole, whatever their number."""
    phases = [WAIT, SEND, COMPUTE][: room + beyond] * (room + beyond)
    lane = _recorded(tmp_path, phases[: room + beyond], marks=room)
    assert count_marks(lane) == min(room, room + beyond)
    assert list(lane.codes[: room - 1]) == phases[: room - 1]
    assert lane.header[DROPPED] == beyond + 1
    seconds = list(lane.stamps[: count_marks(lane)])
    assert sorted(seconds) == seconds


@given(st.integers(0, 2**51))
def test_a_clock_reading_in_seconds_is_exact_for_26_days(ns: int) -> None:
    """It is made from ns as the interpreter makes it."""
    assert whole_ns(np.asarray([ns / 1e9]))[0] == ns


@given(st.integers(2**51, 2**55))
def test_a_clock_reading_in_seconds_is_off_by_4_ns_after_a_year(ns: int) -> None:
    """At most."""
    assert abs(int(whole_ns(np.asarray([ns / 1e9]))[0]) - ns) <= 4


def test_marks_are_on_the_clock_of_the_trial(tmp_path: Any) -> None:
    """Between two readings of it, to the ns that a float leaves out."""
    before = perf_counter_ns()
    lane = _recorded(tmp_path, [WAIT])
    [mark] = whole_ns(np.asarray(lane.stamps[:1]))
    assert before - 4 <= mark <= perf_counter_ns() + 4


def test_an_untraced_trial_records_nothing(tmp_path: Any) -> None:
    """A recorder that is not armed for tracing leaves its lane empty."""
    board = Geometry(str(tmp_path / "board"), 1, 16, 4).create()
    recorder = Recorder(board.lane(0))
    recorder.arm(traced=False)
    recorder.mark(WAIT)
    assert count_marks(board.lane(0)) == 0


def test_a_second_thread_in_a_lane_fails_at_once(tmp_path: Any) -> None:
    """A mark made while another is being made is refused, not mixed in."""
    lane = Geometry(str(tmp_path / "board"), 1, 16, 4).create().lane(0)

    class Reenters:
        def __getitem__(self, part: slice) -> Reenters:
            return self

        def __setitem__(self, place: int, code: int) -> None:
            recorder.mark(SEND)

    recorder = Recorder(lane._replace(codes=Reenters()))  # type: ignore[arg-type]  # stands for a second thread
    recorder.arm(traced=True)
    with pytest.raises(ValueError, match="already executing"):
        recorder.mark(WAIT)


def test_spans_without_a_traced_trial_are_the_lifetimes() -> None:
    """Startup and teardown are stored even when nothing else was traced."""
    lived = result(workers=(worker(),), lifetimes=(Lifetime(1000, 1500, 9000, 9100),))
    rows = spans(lived, b"").to_pylist()
    assert [(row["phase"], row["start_ns"], row["duration_ns"], row["trial"]) for row in rows] == [
        ("startup", 0, 500, -1),
        ("teardown", 8000, 100, -1),
    ]

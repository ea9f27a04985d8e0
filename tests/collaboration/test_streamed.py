"""Streams by themselves: when messages are due, what a stall does to latency, which messages are refused, and what follows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.legend import Legend

from breakeven.analysis.figures import NothingToDraw, draw
from breakeven.analysis.findings import findings
from breakeven.analysis.frames.load import Lab, load
from breakeven.base.errors import BadValue
from breakeven.runner.cell import compatibility
from breakeven.runner.cell.channels._abc import Room
from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.pacing import Schedule, sleep_until, spin_until
from breakeven.runner.cell.patterns._abc import Knobs, OneWay
from breakeven.runner.cell.patterns._flow import Tally
from breakeven.runner.cell.patterns.stream import Stream
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Sizes
from breakeven.runner.cell.workloads.delivery import WRONG, Delivery, Production
from breakeven.runner.config.parsing import read_load
from tests.analysis_samples import Sample

MS = 1_000_000
STALL_MS = 60


class Line:
    """Workers in the parent's own thread, which stall once, before they do what message ``stalls`` asks of them."""

    def __init__(self, pattern: Stream, stalls: int) -> None:
        recorder: Any = SimpleNamespace(on=False, mark=lambda _: None)
        self.recorder = recorder
        self._job = pattern.job(pattern.stand_in()({}, Sizes(64, 0), 3).open(), recorder, 0)
        self._stalls = stalls
        self._answers: deque[tuple[int, int, Any]] = deque()

    def one_way(self) -> OneWay:
        """Return the two ends."""
        return OneWay(self._send, self._answers.popleft, None, spins=True)

    def _send(self, number: int, value: int, payload: Any) -> None:
        if number == self._stalls:
            time.sleep(STALL_MS / 1000)
        self._answers.append((number, *self._job(number, value, payload)))


def _reference(pattern: Stream) -> Reference:
    return Reference(pattern.stand_in()({}, Sizes(64, 0), 3))


def _stream(producers: str = "parent", load: float | None = None, tasks: int = 200) -> Stream:
    return Stream({"producers": producers, "in_flight": 1, "load": load}, Knobs(1, tasks, 0))


@pytest.mark.parametrize("producers", ["parent", "workers"])
def test_a_stall_counts_for_all_messages_that_it_holds_up(producers: str) -> None:
    """At 1000 messages a second a stall of 60 ms delays those that fall due meanwhile by 60, 59, 58 ...; without a load it delays one."""
    tails = {}
    for rate in (1000.0, None):
        pattern = _stream(producers, rate)
        crew: Any = Line(pattern, stalls=100)
        passed = pattern._pass(_reference(pattern), crew, rate)
        tails[rate] = sum(latency > STALL_MS * MS / 4 for latency in passed.latencies_ns)
    assert tails[1000.0] >= 3 * STALL_MS // 4 - 5
    assert tails[None] <= 5 + (producers == "parent")


def test_moments_are_fixed_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are equally far apart to the ns, however many there are, and nothing waits for one that has passed."""
    schedule = Schedule(1000, 10 / 3)
    assert [schedule.due(number) for number in (0, 1, 2, 3, 300_000_000)] == [
        1000,
        1003,
        1007,
        1010,
        1_000_001_000,
    ]
    monkeypatch.setattr("breakeven.runner.cell.pacing.sleep", lambda _: pytest.fail("slept"))
    sleep_until(time.perf_counter_ns() - 1)
    spin_until(time.perf_counter_ns() - 1)


@pytest.mark.parametrize("wait_until", [sleep_until, spin_until])
def test_nobody_is_early(wait_until: Callable[[int], None]) -> None:
    """A wait ends at its moment or after it."""
    for _ in range(20):
        due = time.perf_counter_ns() + 300_000
        wait_until(due)
        assert time.perf_counter_ns() >= due


def test_percentiles_need_messages() -> None:
    """One in a hundred is said of 100 messages or more, one in a thousand of 1000."""
    names = {}
    for tasks in (10, 100, 1000):
        pattern = _stream(tasks=tasks)
        crew: Any = Line(pattern, stalls=-1)
        outcome = pattern.parallel(_reference(pattern), crew)
        names[tasks] = {name.split("_")[1] for name, *_ in outcome.observations if name.startswith("latency")}
    assert names == {10: {"p50"}, 100: {"p50", "p99"}, 1000: {"p50", "p99", "p999"}}


@pytest.mark.parametrize("size", [0, 1, 3, 4, 64, 5000])
def test_each_message_is_known_by_all_its_bytes(size: int) -> None:
    """The consumer says which one it has, and that a damaged one is none of them."""
    delivery, production = Delivery({}, Sizes(size, 0), 3), Production({}, Sizes(size, 0), 3)
    take, make = delivery.open(), production.open()
    for place, payload in enumerate(delivery.inputs()):
        assert take(payload) == take(memoryview(payload)) == (place, b"")
        assert make(production.inputs()[place]) == (place, payload)
        for at in range(0, size, max(size // 7, 1)):
            assert take(payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :])[0] in {WRONG, place ^ 1}
        assert take(payload + b"x") == (WRONG, b"")


@pytest.mark.parametrize("number", [-1, 5, 3])
def test_a_message_comes_once(number: int) -> None:
    """One that came already, or that nobody sent, fails the trial."""
    pattern = _stream("workers")
    reference = _reference(pattern)
    tally = Tally(reference, 5)
    tally.arrived(10, 3, 4, reference.expected[3][1])
    with pytest.raises(WrongResult) as caught:
        tally.arrived(10, number, 4, reference.expected[3][1])
    assert str(caught.value) == f"message {number} of a parallel trial came twice, or was never sent"


def test_a_message_that_is_another_one_is_refused() -> None:
    """The content belongs to the number."""
    reference = _reference(_stream("workers"))
    with pytest.raises(
        WrongResult, match="task 2 of a parallel trial returned a different result from the serial call"
    ):
        Tally(reference, 5).arrived(10, 2, 4, reference.expected[3][1])


def test_small_messages_of_one_direction_let_many_be_under_way() -> None:
    """As many as fit the kernel's buffers, whatever the size of those of the other direction; at least one a worker."""
    assert [Room(workers, 1 << 20, one_way=True).ahead() for workers in (1, 2, 3, 200)] == [
        128,
        128,
        126,
        200,
    ]
    assert [Room(1, 1 << 20, one_way=True).ahead_of_each(size) for size in (212_992, 4096, 100)] == [
        208,
        4,
        1,
    ]
    assert Room(2, 1 << 20).ahead() == 2


@pytest.mark.parametrize(("value", "load"), [("80%", 0.8), (1, 1.0), (0.5, 0.5), (2000, 2000.0)])
def test_a_load_is_a_share_or_a_rate(value: object, load: float) -> None:
    """Up to 1 it is a share, above it messages per second."""
    assert read_load(value, "pattern.load") == load


@pytest.mark.parametrize("value", [0, -1, "half", True, float("inf"), float("nan")])
def test_what_is_no_load_is_refused(value: object) -> None:
    """In one line, with both forms."""
    with pytest.raises(BadValue) as caught:
        read_load(value, "pattern.load")
    assert str(caught.value) == (
        f"pattern.load={value}: neither a share up to 1 nor a rate per second; write one such as pattern.load=50% or pattern.load=2000"
    )


def test_models_that_cannot_stream_say_which_can() -> None:
    """What waits for each answer sends nothing meanwhile."""
    asked = compatibility.why_not(model="serial", start_method=None, ipc="none", pattern="stream", workers=1)
    assert asked == (
        "pattern=stream sends messages before others are answered, which model=serial is not made to do here "
        "(choose thread, process, asyncio, interpreter, thread_pool, process_pool, mp_pool)"
    )


# --- what follows --------------------------------------------------------------------------------------------------

ALIKE, APART = (1000.0, 1010.0, 990.0), (2000.0, 2020.0, 1980.0)


def _sweep(
    folder: Path,
    rates: dict[str, tuple[float, ...]],
    loads: tuple[float | None, ...] = (None, 0.5),
    *,
    sizes: tuple[int, ...] = (64,),
    workers: int = 1,
    producers: str = "parent",
) -> Lab:
    sample = Sample(folder / "mine", pairs=2)
    for (ipc, values), load_, size in product(rates.items(), loads, sizes):
        share = load_ or 1.0
        sample.add_observed(
            {
                "messages_per_s": [share * value for value in values],
                "bytes_per_s": [size * share * value for value in values],
                "latency_p50_ns": [2e4 * share] * len(values),
                "latency_p99_ns": [9e4 * share] * len(values),
            },
            pattern="stream",
            model="process",
            ipc=ipc,
            workers=workers,
            payload_bytes=size,
            payload_asked_bytes=size,
            config=f"pattern:\n  load: {'null' if load_ is None else load_}\n  producers: {producers}\n",
            overrides="" if load_ is None else f"pattern.load={load_}",
        )
    return load(sample.path)


def test_what_surely_moves_most_is_named_with_its_latency(tmp_path: Path) -> None:
    """Its interval lies above all others'."""
    lab = _sweep(tmp_path, {"pipe": APART, "queue": ALIKE})
    (finding,) = findings(lab)
    assert finding.decision == "most"
    assert finding.sentence == (
        "Messages of 64 B from the parent to 1 worker: process/pipe moves most, 2.00 k/s [1.95 k/s, 2.05 k/s], 128 kB/s; "
        "at 50% of that a message takes 10.0 us, p99 45.0 us."
    )
    assert set(finding.cells) == set(lab.cells.index)
    assert finding.details == (
        "process/queue: 1.00 k/s [975/s, 1.03 k/s], 64.0 kB/s; at 50% of that a message takes 10.0 us, p99 45.0 us",
    )


def test_what_may_move_as_much_leaves_it_undecided(tmp_path: Path) -> None:
    """Intervals that meet decide nothing, nor does one process of each."""
    (met,) = findings(_sweep(tmp_path / "met", {"pipe": (1005.0, 1030.0, 990.0), "queue": ALIKE}))
    (single,) = findings(_sweep(tmp_path / "single", {"pipe": (2000.0,), "queue": (1000.0,)}))
    assert (met.decision, single.decision) == ("undecided", "undecided")
    assert met.sentence.endswith("; process/queue may move as much.")
    assert single.sentence.endswith("; process/queue may move as much.")


def test_a_single_mechanism_is_measured_and_compared_with_nothing(tmp_path: Path) -> None:
    """It moves so much, not most; at a load alone nothing is said."""
    (finding,) = findings(_sweep(tmp_path / "one", {"pipe": APART}))
    assert finding.decision == "measured"
    assert "moves 2.00 k/s" in finding.sentence
    assert not findings(_sweep(tmp_path / "loaded", {"pipe": APART}, loads=(0.5,)))


@pytest.mark.parametrize(
    ("producers", "way"),
    [
        ("parent", "from the parent to 3 workers"),
        ("workers", "from 3 workers to the parent"),
        ("1", "from 1 worker to 2 workers"),
        ("2", "from 2 workers to 1 worker"),
    ],
)
def test_the_finding_says_who_sends_to_whom(tmp_path: Path, producers: str, way: str) -> None:
    """From the parent, to it, or from some of the workers to the others."""
    (finding,) = findings(_sweep(tmp_path, {"pipe": APART}, workers=3, producers=producers))
    assert finding.sentence.startswith(f"Messages of 64 B {way}: process moves 2.00 k/s")


def test_the_figure_says_which_moves_most(tmp_path: Path) -> None:
    """Latency against the rate, a line for each mechanism; of another sweep there is nothing to draw."""
    figure = draw("stream", _sweep(tmp_path, {"pipe": APART, "queue": ALIKE}))
    assert " ".join(figure.get_suptitle().split()) == "process/pipe moves most, 2.00 k/s"
    both = draw("stream", _sweep(tmp_path / "both", {"pipe": APART, "queue": ALIKE}, sizes=(64, 65536)))
    title = " ".join(both.get_suptitle().split())
    assert title == "process/pipe moves most at 64 B, 2.00 k/s; at 64 KiB, 2.00 k/s"
    sample = Sample(tmp_path / "other")
    sample.add_map(speedup=1.0)
    with pytest.raises(NothingToDraw, match="needs pattern=stream"):
        draw("stream", load(sample.path))


def test_a_rate_says_whose_it_is_where_either_may_move_most(tmp_path: Path) -> None:
    """In the title and in what a finding says of the sweep in brief: other names, other rates."""
    either: dict[str, tuple[float, ...]] = {
        "pipe": (990.0, 1005.0, 1030.0),
        "queue": (1030.0, 1100.0, 1000.0),
    }
    lab = _sweep(tmp_path, either, sizes=(64, 65536))
    rate = "moves most at 64 B, process/queue 1.04 k/s"
    assert findings(lab)[0].clause == f"process/queue or process/pipe {rate}"
    title = " ".join(draw("stream", lab).get_suptitle().split())
    assert title == f"process/pipe or process/queue {rate}; at 64 KiB, process/queue 1.04 k/s"


@pytest.mark.parametrize("loads", [(None,), (None, 0.5)])
def test_the_figure_shows_the_percentile_of_a_single_load(
    tmp_path: Path, loads: tuple[float | None, ...]
) -> None:
    """A line of one point cannot be seen, a stroke can; the legend lists what is drawn."""
    figure = draw("stream", _sweep(tmp_path, {"pipe": APART, "queue": ALIKE}, loads))
    (axes,) = [one for one in figure.findobj(Axes) if isinstance(one, Axes)]
    tails = [line for line in axes.lines if line.get_label() == "99th percentile"]
    assert {(line.get_marker(), np.asarray(line.get_xdata()).size) for line in tails} == {
        ("_" if len(loads) == 1 else "None", len(loads))
    }
    (legend,) = figure.findobj(Legend)
    assert isinstance(legend, Legend)
    assert "99th percentile" in [text.get_text() for text in legend.get_texts()]

"""What follows from ticks and from interruptions: the rules, with data that support and data that contradict."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakeven.analysis.figures import draw
from breakeven.analysis.findings import Finding, findings, switching
from breakeven.analysis.frames.load import load
from tests.analysis_samples import MS
from tests.observed_samples import add_heartbeat, add_switching, ticking

SAME = [1.0, 1.01, 0.99]


def _heartbeats(path: Path, cells: dict[str, tuple[list[float], list[float]]]) -> list[Finding]:
    sample = ticking(path / "mine")
    for model, (tail, missed) in cells.items():
        add_heartbeat(sample, tail, missed, model=model, workload="spin")
    return findings(load(sample.path))


SMOOTH = ([1.0, 1.1, 1.2], [0.0, 0.0, 0.0])
LATE = ([40.0, 42.0, 44.0], [0.3, 0.31, 0.32])
OPEN = ([10.0, 16.0, 40.0], [0.0, 0.005, 0.05])


@pytest.mark.parametrize(
    ("thread", "process", "decision"),
    [
        (LATE, SMOOTH, "smooth"),
        (SMOOTH, SMOOTH, "smooth"),
        (LATE, LATE, "late"),
        (OPEN, LATE, "undecided"),
        (OPEN, OPEN, "undecided"),
        (([10.0, 10.1, 10.2], [0.02, 0.021, 0.022]), LATE, "late"),  # missed frames alone are enough
    ],
)
def test_some_mechanism_must_be_smooth(
    tmp_path: Path,
    thread: tuple[list[float], list[float]],
    process: tuple[list[float], list[float]],
    decision: str,
) -> None:
    """Surely: by the ends of the intervals of missed frames, and of the 99th percentile against a frame."""
    (finding,) = _heartbeats(tmp_path, {"thread": thread, "process": process})
    assert finding.decision == decision
    assert len(finding.cells) == 2


def test_one_process_decides_nothing(tmp_path: Path) -> None:
    """There is no interval."""
    (finding,) = _heartbeats(tmp_path, {"thread": ([40.0], [0.5])})
    assert finding.decision == "undecided"


def test_the_sentence_names_each_with_what_decided(tmp_path: Path) -> None:
    """How late ticks are, or how many are missed."""
    (finding,) = _heartbeats(tmp_path, {"thread": LATE, "process": SMOOTH})
    assert finding.sentence == (
        "Ticks of 16.7 ms on the main thread: smooth beside process (99 % at most 1.10 ms late); late beside thread "
        "(31.0 % miss their frame)."
    )
    assert len(finding.details) == 2


def test_each_work_is_a_question(tmp_path: Path) -> None:
    """What holds the GIL and what releases it are asked apart."""
    sample = ticking(tmp_path / "mine")
    add_heartbeat(sample, *LATE, model="thread", workload="spin")
    add_heartbeat(sample, *SMOOTH, model="thread", workload="hash")
    found = {one.question: one.decision for one in findings(load(sample.path))}
    assert found == {
        "which workers leave the main thread free (spin)": "late",
        "which workers leave the main thread free (hash)": "smooth",
    }


def test_the_figure_of_ticks_says_what_follows(tmp_path: Path) -> None:
    """Who misses frames, and that others do not; or that nobody does."""
    sample = ticking(tmp_path / "late")
    add_heartbeat(sample, *LATE, model="thread", workload="spin")
    add_heartbeat(sample, *SMOOTH, model="process", workload="spin")
    title = " ".join(draw("heartbeat", load(sample.path)).get_suptitle().split())
    assert (
        title
        == "thread makes the main thread miss 31.0 % of its frames; beside process, 99 % come within 1.10 ms"
    )
    sample = ticking(tmp_path / "smooth")
    add_heartbeat(sample, *SMOOTH, model="process", workload="spin")
    title = " ".join(draw("heartbeat", load(sample.path)).get_suptitle().split())
    assert title == "The main thread keeps its ticks beside all workers: at worst 1.10 ms late, with process"


def _line(path: Path, runs: dict[float, list[float]], **factors: float) -> Path:
    sample = ticking(path / "mine")
    for interval_ns, run_ns in runs.items():
        add_switching(sample, interval_ns, run_ns, model="thread", **factors)
    return sample.path


@pytest.mark.parametrize(
    ("shares", "decision"),
    [
        ((SAME, SAME), "decides"),
        (([20.0, 20.5, 21.0], [4.0, 4.1, 4.2]), "decides not"),
        (([2.0, 2.05, 2.1], SAME), "in part"),
        (([0.5, 1.0, 2.0], SAME), "undecided"),
        (([0.2, 0.21, 0.22], [0.02, 0.021, 0.022]), "decides not"),
    ],
)
def test_runs_are_as_long_as_the_interval_or_not(
    tmp_path: Path, shares: tuple[list[float], list[float]], decision: str
) -> None:
    """At each interval, surely within a factor of 1.5 or surely beyond."""
    runs = {at: [at * share for share in part] for at, part in zip((MS, 5.0 * MS), shares, strict=True)}
    (finding,) = findings(load(_line(tmp_path, runs)))
    assert finding.decision == decision


def test_runs_that_are_as_long_as_one_of_the_intervals_by_chance(tmp_path: Path) -> None:
    """They do not follow it: the interval decides nothing."""
    runs = {at * MS: [4.9 * MS, 5.0 * MS, 5.1 * MS] for at in (0.1, 1.0, 5.0, 20.0)}
    (finding,) = findings(load(_line(tmp_path, runs)))
    assert finding.decision == "decides not"


def test_what_decides_in_part_says_where(tmp_path: Path) -> None:
    """At short intervals handing over takes longer, at long ones the system interrupts sooner."""
    runs = {0.1 * MS: 0.2, 0.5 * MS: 0.55, 1.0 * MS: 1.0, 20.0 * MS: 5.0}
    lines = {at: [run * MS * share for share in SAME] for at, run in runs.items()}
    (finding,) = findings(load(_line(tmp_path, lines)))
    assert finding.sentence.startswith(
        "thread: the switch interval decides how long a worker runs at some of its values (500 us to 1 ms); "
    )


def test_what_a_short_interval_costs(tmp_path: Path) -> None:
    """The throughput at the longest by that at the shortest, with an interval; the sentence has both."""
    sample = ticking(tmp_path / "mine")
    add_switching(sample, 0.1 * MS, [0.1 * MS * share for share in SAME], speedup=0.5, model="thread")
    add_switching(sample, 5.0 * MS, [5.0 * MS * share for share in SAME], speedup=0.75, model="thread")
    lab = load(sample.path)
    (line,) = switching.lines(switching.judge(lab))
    found = switching.cost(lab, line)
    assert found is None or found.factor == pytest.approx(1.5)
    (finding,) = findings(lab)
    assert finding.sentence.startswith(
        "thread: the switch interval decides how long a worker runs; runs of 100 us at 100 us and 5.00 ms at 5 ms; "
        "100 us instead of 5 ms costs a factor of 1.50"
    )


def test_one_interval_costs_nothing_that_is_known(tmp_path: Path) -> None:
    """There is nothing to compare it with."""
    lab = load(_line(tmp_path, {5.0 * MS: [5.0 * MS] * 3}))
    (line,) = switching.lines(switching.judge(lab))
    assert switching.cost(lab, line) is None
    assert "costs" not in findings(lab)[0].sentence


def test_the_figure_of_interruptions_says_what_follows(tmp_path: Path) -> None:
    """For threads the interval decides, for processes it does not."""
    sample = ticking(tmp_path / "mine")
    for interval_ns in (0.1 * MS, MS, 5.0 * MS):
        add_switching(sample, interval_ns, [interval_ns * share for share in SAME], model="thread")
        add_switching(sample, interval_ns, [80.0 * MS * share for share in SAME], model="process")
    title = " ".join(draw("switching", load(sample.path)).get_suptitle().split())
    assert title == "The switch interval decides how long workers run: yes with thread; no with process"

"""What the benchmarks compute from what they measured."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hydra.core.global_hydra import GlobalHydra
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import cross_check, economy, plain_echo, plain_peers, planning, startup, sweep_cost
from benchmarks.sweeps import ROOT, SweepFailed
from breakeven.runner.hydra_app.grid import expand

# --- cross_check -----------------------------------------------------------------------------------------


def neighbours(*ratios: float) -> pd.DataFrame:
    """Make pairs of one combination, on one CPU, in which the lab took ``ratios`` times as long as the loop."""
    return placed((20.0,) * len(ratios), [20.0 * ratio for ratio in ratios], [1.0] * len(ratios))


def placed(hand: Sequence[float], lab: Sequence[float], lab_one_cpu: Sequence[float]) -> pd.DataFrame:
    """Make pairs of what both sides took in us, the loop's processes on one CPU, the lab's at these shares of looks."""
    combination = cross_check.Combination("pipe", 64)._asdict()
    taken = zip(hand, lab, lab_one_cpu, strict=True)
    return pd.DataFrame(
        {"repetition": number, **combination, "lab": by_lab * 1e3, "hand": by_hand * 1e3}
        | {"lab_one_cpu": share, "hand_one_cpu": 1.0}
        for number, (by_hand, by_lab, share) in enumerate(taken)
    )


def test_the_ratio_of_the_medians_decides() -> None:
    """A single pair that is far off does not make a combination disagree, and is shown."""
    (found,) = cross_check.Agree()(neighbours(1.0, 1.1, 3.0)).to_dict("records")
    assert (found["least"], found["median"], found["largest"]) == pytest.approx((1.0, 1.1, 3.0))
    assert (found["lab"], found["hand"], found["of_medians"]) == pytest.approx((22e3, 20e3, 1.1))
    assert (found["pairs"], found["agree"]) == (3, True)


@given(ratio=st.floats(0.2, 5.0))
def test_too_fast_disagrees_as_too_slow_does(ratio: float) -> None:
    """A combination agrees just where its ratio is within 15 % of 1, on either side."""
    (found,) = cross_check.Agree()(neighbours(ratio)).to_dict("records")
    assert found["agree"] == (abs(found["of_medians"] - 1) <= 0.15)
    assert found["median"] == pytest.approx(ratio)


def test_processes_of_two_placements_are_compared_with_those_of_the_same() -> None:
    """Slow processes on two CPUs do not make the lab disagree with a loop that had one, nor fast ones hide that it does."""
    shares = [0.9, 1.0, 0.95, 0.1, 0.0, 0.0, 0.2]
    (found,) = cross_check.Agree()(placed([20.0] * 7, [21.0] * 3 + [40.0] * 4, shares)).to_dict("records")
    assert (found["of_medians"], found["on_one"], found["agree"]) == pytest.approx((2.0, 1.05, True))
    assert (found["lab_one_cpu"], found["hand_one_cpu"]) == pytest.approx((3 / 7, 1.0))
    assert math.isnan(found["on_two"])
    (found,) = cross_check.Agree()(placed([20.0] * 7, [30.0] * 3 + [20.0] * 4, shares)).to_dict("records")
    assert (found["of_medians"], found["agree"]) == (1.0, False)


def test_too_few_processes_of_a_placement_decide_nothing() -> None:
    """Two processes of the lab on the CPUs that the loop had are too few to say that both agree, or do not."""
    (found,) = cross_check.Agree()(placed([20.0] * 4, [20.0] * 4, [1.0, 1.0, 0.0, 0.0])).to_dict("records")
    assert found["agree"] is None


def test_the_two_of_a_combination_are_neighbours() -> None:
    """Every repetition holds every combination once by each side, one right after the other, with the same seed."""
    steps = list(cross_check.in_order(3, seed=1))
    pairs = list(zip(steps[::2], steps[1::2], strict=True))
    assert all(
        (a.repetition, a.combination, a.seed) == (b.repetition, b.combination, b.seed) for a, b in pairs
    )
    assert all({a.by, b.by} == {"lab", "hand"} for a, b in pairs)
    assert Counter(a.combination for a, _ in pairs) == dict.fromkeys(cross_check.COMBINATIONS, 3)


def test_what_was_measured_is_kept_and_not_measured_again(tmp_path: Path) -> None:
    """A sweep that fails costs its own pair; the same file resumes it, with the same numbers."""
    called: list[tuple[cross_check.Combination, int]] = []

    def lab(combination: cross_check.Combination, seed: int) -> cross_check.Found:
        called.append((combination, seed))
        if len(called) == 2:
            raise SweepFailed("it hung")
        return cross_check.Found(float(len(called)), 1.0)

    ways = {"lab": lab, "hand": lambda *_: cross_check.Found(20.0, 1.0)}
    pipe = [cross_check.Combination("pipe", 64)]
    first, second = (
        cross_check.measure(
            cross_check.in_order(3, 1, pipe), cross_check.kept_in(tmp_path / "kept", ways)
        ).set_index("repetition")
        for _ in range(2)
    )
    assert first["lab"].isna().tolist() == [False, True, False]
    assert len(called) == 4  # the one that failed, once more
    assert second["lab"].tolist() == [1.0, 4.0, 3.0]
    (found,) = cross_check.Agree()(first.reset_index()).to_dict("records")
    assert (found["pairs"], found["lab_one_cpu"]) == (2, 1.0)
    (found,) = cross_check.Agree()(first.iloc[1:2].reset_index()).to_dict("records")
    assert (found["pairs"], found["agree"]) == (0, None)


def test_order_follows_from_the_seed() -> None:
    """The same seed gives the same order, another seed another one, and either side comes first at times."""
    steps = list(cross_check.in_order(3, seed=1))
    assert steps == list(cross_check.in_order(3, seed=1))
    assert steps != list(cross_check.in_order(3, seed=2))
    assert {step.by for step in steps[::2]} == {"lab", "hand"}


def test_measured_steps_become_pairs() -> None:
    """Each pair of neighbours is one row, whichever was measured first."""
    ways = {
        "lab": lambda sent, _: cross_check.Found(sent.size * 2.0, 1.0),
        "hand": lambda sent, _: cross_check.Found(float(sent.size), 0.0),
    }
    pairs = cross_check.measure(cross_check.in_order(2, 1, cross_check.ROUND_TRIPS), ways)
    assert len(pairs) == 2 * len(cross_check.ROUND_TRIPS)
    assert (pairs["lab"] / pairs["hand"]).eq(2).all()
    assert pairs["lab_one_cpu"].eq(1).all()
    assert pairs["hand_one_cpu"].eq(0).all()


# --- sweep_cost ------------------------------------------------------------------------------------------


def test_overrides_replace_settings_of_an_empty_run() -> None:
    """No knob is typed twice, which Hydra refuses; what is not overridden stays."""
    plain, changed = sweep_cost.settings([]), sweep_cost.settings(["model=process", "ipc=pipe"])
    assert {"model=serial", "tasks=1"} <= set(plain)
    assert set(changed) - set(plain) == {"model=process", "ipc=pipe"}
    assert set(plain) - set(changed) == {"model=serial"}


# --- plain_echo ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", plain_echo.CHANNELS)
def test_the_other_process_sends_back_what_came(channel: str) -> None:
    """A message passes through the other process and comes back equal, but not the same object."""
    message = (0, 0, b"payload")
    with plain_echo.joined(channel) as exchange:
        answer = exchange(message)
    assert answer == message
    assert answer is not message


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs: run it where there are")
@pytest.mark.parametrize(("placement", "share"), [("compact", 1.0), ("scatter", 0.0)])
def test_both_processes_run_where_they_are_placed(placement: str, share: float) -> None:
    """The loop sees both of its processes on one CPU, or never, and leaves this process where it may run."""
    command = [sys.executable, "-m", "benchmarks.plain_echo", "pipe", "64", "--seconds=0.02"]
    said = subprocess.check_output([*command, f"--placement={placement}"], cwd=ROOT, text=True)
    assert float(said.split()[1]) == share


def test_no_fewer_round_trips_than_asked() -> None:
    """Where the time is too short, the least number of messages is sent all the same."""
    assert len(plain_echo.round_trips(lambda message: message, b"x", 0.0, 7)) == 7


def test_a_changed_answer_is_refused() -> None:
    """An answer that differs from what was sent ends the measurement."""
    with pytest.raises(ValueError, match=r"^message 1 of 3 bytes came back changed$"):
        plain_echo.round_trips(lambda _: (0, 0, b"abd"), b"abc", 0.0)


# --- economy ---------------------------------------------------------------------------------------------


REACHED = ("fast", "narrow", "no_wider")


def costs(**ways: tuple[float, float]) -> pd.DataFrame:
    """Make two repetitions with the same seconds and half-widths for each way."""
    rows = [
        {"repetition": number, "way": way, "seconds": seconds, "half_width": half}
        for number in range(2)
        for way, (seconds, half) in ways.items()
    ]
    return pd.DataFrame(rows)


def test_a_quick_and_narrow_design_reaches_all() -> None:
    """At an eighth of the time, with 2 %, no wider than pyperf, all three bounds are reached."""
    judged = economy.Bounds()(costs(pyperf=(16, 0.03), process=(2, 0.02), cell=(4, 0.03)))
    assert judged[[*REACHED]].all(axis=None)
    assert judged["median"].tolist() == pytest.approx([1 / 8, 1 / 4])


@pytest.mark.parametrize(
    ("process", "missed"), [((2.1, 0.01), "fast"), ((1, 0.021), "narrow"), ((1, 0.015), "no_wider")]
)
def test_each_bound_is_judged_apart(process: tuple[float, float], missed: str) -> None:
    """A design that misses one bound misses that one only."""
    theirs = 0.01 if missed == "no_wider" else 0.03
    judged = economy.Bounds()(costs(pyperf=(16, theirs), process=process, cell=(4, 0.01)))
    reached = judged.loc["process", [*REACHED]].to_dict()
    assert [name for name, good in reached.items() if not good] == [missed]


def test_student_over_few_processes() -> None:
    """Two values 1 and 3 have the mean 2, and with one degree of freedom the quantile 12.706."""
    assert economy.implied([1.0, 3.0]) == pytest.approx((2.0, 12.7062 / 2), rel=1e-5)


def test_a_half_width_is_a_share_of_the_value() -> None:
    """From 98 to 102 around 100 is 2 % either way."""
    assert economy.half_width(100, 98, 102) == pytest.approx(0.02)


def test_a_process_that_calibrates_counts_for_nothing() -> None:
    """Of what pyperf stores, the values of each process are averaged, and the one without any is left out."""
    runs = [{"warmups": [[1, 9.0]]}, {"values": [1.0, 3.0]}, {"values": [4.0]}]
    assert economy.by_process({"benchmarks": [{"runs": runs}]}) == [2.0, 4.0]


def test_the_parts_make_up_the_time_of_the_lab() -> None:
    """Before, in and after the runs is all the time there is, but for what passes between two runs."""
    runs = pd.DataFrame(
        {
            "started_at": pd.to_datetime([100.0, 101.0], unit="s", utc=True),
            "wall_ns": [1_000_000_000, 500_000_000],
            "latency_p50_ns": [100, 100],
            "latency_p50_low_ns": [99, 97],
            "latency_p50_high_ns": [101, 103],
        }
    )
    cell = pd.Series({"latency_p50_ns": 2000.0, "latency_p50_ns_low": 1900.0, "latency_p50_ns_high": 2100.0})
    cost = economy.tell(runs, cell, began=99.0, ended=102.0)
    assert (cost.before, cost.measuring, cost.after) == pytest.approx((1.0, 1.5, 0.5))
    assert (cost.seconds, cost.value_us) == (3.0, 2.0)
    assert (cost.half_width, cost.own_half_width) == pytest.approx((0.05, 0.02))


def test_every_way_takes_its_turn() -> None:
    """Each repetition measures every way once, in an order that the seed gives."""
    found = economy.measure(4, 1, dict.fromkeys("abc", lambda seed: economy.Cost(1.0, 0.1, float(seed))))
    assert found.groupby("repetition")["way"].apply(sorted).map("".join).eq("abc").all()
    assert found["way"].tolist() == [way for _, way, _ in economy.in_order(4, 1, ["a", "b", "c"])]
    assert found["seconds"].is_unique
    assert math.isnan(found["before"].iloc[0])


# --- planning --------------------------------------------------------------------------------------------


def stages(**seconds: float) -> pd.DataFrame:
    """Make one repetition: 1000 cells planned in 1 s, of which parsing is a part, and 10 composed in 0.6 s."""
    usual = {
        "cells": 1000,
        "sample": 10,
        "expand": 0.1,
        "compose": 0.3,
        "make_plan": 0.6,
        "parse": 0.2,
        "hydra": 0.6,
    }
    return pd.DataFrame([usual | seconds])


def test_planning_is_told_by_cell() -> None:
    """Seconds become ms a cell, parsing is not counted twice, and the share is of Hydra's time for one cell."""
    (found,) = planning.Shares()(stages()).to_dict("records")
    assert found == pytest.approx(
        {
            "expand": 0.1,
            "compose": 0.3,
            "make_plan": 0.6,
            "parse": 0.2,
            "plan": 1.0,
            "hydra": 60.0,
            "share": 1 / 60,
        }
    )


@pytest.mark.parametrize(("hydra", "good"), [(0.5001, True), (0.4999, False)])
def test_a_fiftieth_is_asked_of_planning(hydra: float, *, good: bool) -> None:
    """The bound is reached up to 1/50 and not above."""
    judge = planning.Shares()
    assert judge.reached(judge(stages(hydra=hydra))) is good


def test_a_grid_of_two_cells_is_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every stage of a real plan takes time, and memory is counted by cell."""
    monkeypatch.chdir(tmp_path)
    GlobalHydra.instance().clear()
    with planning.planner(["workers=1,2"]) as planner:
        seconds = planning.measure_once(planner, 1, Random(1))
        memory = planning.peak_memory(planner)
    assert min(seconds.values()) > 0
    assert 1e3 < memory < 1e8
    assert not list(tmp_path.iterdir())


def test_the_grid_of_the_benchmark_has_ten_thousand_cells() -> None:
    """What is asked for 10 000 cells is shown for as many."""
    assert len(expand(planning.GRID, {}, [])) == 10_000


# --- startup ---------------------------------------------------------------------------------------------


def test_the_median_decides_about_an_answer() -> None:
    """A slow start among fast ones is shown and does no harm."""
    seconds = pd.DataFrame({name: [bound / 2, bound, 9.0] for name, (_, bound) in startup.COMMANDS.items()})
    judged = startup.judge(seconds)
    assert judged["within"].all()
    assert not startup.judge(seconds * 1.01)["within"].any()
    assert list(judged["max"]) == [9.0] * len(startup.COMMANDS)


def test_commands_are_timed_as_processes() -> None:
    """Any program can take the place of the command."""
    timed = startup.measure((sys.executable, "-c", "pass"), 2)
    assert timed.shape == (2, len(startup.COMMANDS))
    assert timed.gt(0).all(axis=None)


# --- plain_peers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", plain_echo.CHANNELS)
def test_peers_by_hand_have_each_message_once(channel: str) -> None:
    """In one pass after the other, whoever takes the end of one first."""
    crew = plain_peers.Crew(channel, b"x" * 100, 2, 2)
    passes = [crew.passed(60, interval) for interval in (0, 0, 0, 1e5)]
    crew.end()
    assert all(rate > 0 and len(taken) == 60 and min(taken) > 0 for rate, taken in passes)

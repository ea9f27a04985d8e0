"""The steps of a comparison: selection, pairs, conditions, effect, correction, verdict; refusals word for word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from breakeven.analysis.comparing import Comparison, Question, compare
from breakeven.analysis.comparing.effect import Welch
from breakeven.analysis.comparing.quantities import read_share
from breakeven.analysis.comparing.select import open_side
from breakeven.analysis.comparing.verdict import Judge, adjust
from breakeven.analysis.errors import (
    AmbiguousPairs,
    NoMatch,
    NothingPaired,
    SameRuns,
    SidesDiffer,
    UnknownName,
)
from breakeven.base.conditions import CONDITIONS as KEPT
from breakeven.base.errors import BadInput, BadValue
from breakeven.runner.results import RunResult
from tests.analysis_samples import MS, Sample

Samples = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Samples]

CONFIG = "workload: {{name: function, target: '{}', args: [1]}}\nmeasure: {{max_time: {}}}\nworkers: 2\n"
FASTER = (1300.0, 1310.0, 1290.0)
SLOWER = (1000.0, 1010.0, 990.0)


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sample:
    """Return an empty sweep `outputs/a`, with the current directory beside `outputs`."""
    monkeypatch.chdir(tmp_path)
    return Sample(tmp_path / "outputs" / "a")


def _other(sample: Sample) -> Sample:
    return Sample(sample.path.with_name("b"))


def _refusal(kind: type[BadInput], *sides: str, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        compare(*sides, within="outputs/a", **options)
    assert type(caught.value) is kind
    return str(caught.value)


def _whole(a: str, b: str, **options: Any) -> Comparison:
    return Comparison.of(open_side("A", a, "outputs/a"), open_side("B", b, "outputs/a"), Question(**options))


# --- effect


positive = st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8).filter(lambda values: np.ptp(values) > 1e-6)


@given(positive, positive)
def test_the_test_is_welchs(a: list[float], b: list[float]) -> None:
    """Statistic, degrees of freedom, p and interval are those of an independent implementation on logarithms."""
    found = Welch().compare(np.array(a), np.array(b))
    known = stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
    interval = known.confidence_interval(0.95)
    assert found.reason == ""
    assert [found.df, found.p] == pytest.approx([known.df, known.pvalue], rel=1e-6, abs=1e-12)
    assert np.log([found.low, found.high]) == pytest.approx([interval.low, interval.high], rel=1e-6, abs=1e-9)


@given(positive, positive, st.floats(1e-3, 1e9))
def test_swapping_the_sides_turns_the_effect_round(a: list[float], b: list[float], unit: float) -> None:
    """The ratio is inverted, the p value is the same, and the unit of the values is of no matter."""
    there = Welch().compare(np.array(a), np.array(b))
    back = Welch().compare(np.array(b) * unit, np.array(a) * unit)
    assert [1 / back.effect, 1 / back.high, 1 / back.low] == pytest.approx(there[:3], rel=1e-6)
    assert back.p == pytest.approx(there.p, rel=1e-4, abs=1e-9)


def test_lower_is_better_where_it_is(sample: Sample) -> None:
    """A shorter round trip is faster, a lower throughput is not."""
    for label, values in (("a", FASTER), ("b", SLOWER)):
        sample.add_rounds(values, label=label)
        factors: dict[str, Any] = {"pattern": "pingpong", "model": "process", "task_ns": None}
        sample.add_rounds(values, column="latency_p50_ns", label=label, **factors)
    cells = compare("label=a", "label=b", within="outputs/a").set_index("pattern")
    assert cells["verdict"].to_dict() == {"map": "slower", "pingpong": "faster"}
    assert cells["effect"].to_dict() == pytest.approx({"map": 1 / 1.3, "pingpong": 1.3}, rel=1e-3)
    assert cells["measure"].to_dict() == {"map": "throughput", "pingpong": "latency_p50"}


UNTESTABLE = [
    ([1.0], [2.0, 2.1], 2.05, "only one round of A: the spread between processes is unknown"),
    ([1.0], [2.0], 2.0, "only one round of A and B: the spread between processes is unknown"),
    ([1.0, 1.0], [2.0, 2.0], 2.0, "all rounds of each side are exactly equal: their spread is unknown"),
    ([0.1] * 7, [0.1] * 3, 1.0, "all rounds of each side are exactly equal: their spread is unknown"),
    ([1.0, np.nan], [2.0, 2.1], np.nan, "a round of A has no value of this measure"),
    ([1.0, 1.1], [2.0, np.inf], np.nan, "a round of B has no value of this measure"),
    ([1.0, 1.1], [2.0, 0.0], np.nan, "a round of B measured 0 or less, which has no ratio"),
    ([-1.0, 1.1], [2.0, 2.1], np.nan, "a round of A measured 0 or less, which has no ratio"),
]


@pytest.mark.parametrize(("a", "b", "effect", "reason"), UNTESTABLE)
def test_what_cannot_be_tested_says_why_and_has_no_p_value(
    a: list[float], b: list[float], effect: float, reason: str
) -> None:
    """One round, no spread, a missing value, nothing measured: never significant, never the same."""
    found = Welch().compare(np.array(a), np.array(b))
    assert found.effect == pytest.approx(effect, rel=1e-2, nan_ok=True)
    assert np.isnan([found.low, found.high, found.df, found.p]).all()
    assert found.reason == reason
    judged = Judge()(pd.DataFrame([found]))
    assert judged[["verdict", "reason"]].to_numpy().tolist() == [["cannot tell", reason]]


def test_no_spread_on_one_side_is_no_obstacle() -> None:
    """The spread of the other side is what the test goes by."""
    found = Welch().compare(np.array([1.0, 1.0, 1.0]), np.array([2.0, 2.02, 1.98]))
    assert found.df == pytest.approx(2.0)
    assert 0 < found.p < 0.001


# --- correction and verdict


@given(st.lists(st.floats(0, 1) | st.just(np.nan), max_size=30), st.sampled_from([0.01, 0.05, 0.2]))
def test_the_correction_is_that_of_benjamini_and_hochberg(p: list[float], level: float) -> None:
    """Below the level are exactly the k smallest, k the last for which p(k) <= k / m times the level."""
    adjusted = adjust(np.array(p, float))
    tested = sorted(value for value in p if not np.isnan(value))
    passing = [k for k, value in enumerate(tested, 1) if value * len(tested) / k <= level]
    assert int((adjusted <= level).sum()) == max(passing, default=0)
    assert np.isnan(adjusted).tolist() == np.isnan(p).tolist()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_adjusted_values_keep_the_order_and_never_fall_below(p: list[float]) -> None:
    """A smaller p value never gets a larger adjusted one; all lie between p and 1."""
    given_, adjusted = np.array(p), adjust(np.array(p))
    assert (np.diff(adjusted[np.argsort(given_)]) >= 0).all()
    assert ((adjusted >= given_) & (adjusted <= 1)).all()


def _judge(effect: float, low: float, high: float, p: float, band: float = 0.05) -> tuple[str, str]:
    row = {"effect": effect, "low": low, "high": high, "p": p, "reason": ""}
    judged = Judge(band)(pd.DataFrame([row])).iloc[0]
    return judged["verdict"], judged["reason"]


def test_each_verdict_has_its_rule() -> None:
    """A difference needs a test and size, equality a narrow interval; else it says what is missing."""
    assert _judge(1.2, 1.1, 1.3, 0.001) == ("faster", "")
    assert _judge(0.8, 0.7, 0.9, 0.001) == ("slower", "")
    assert _judge(0.951, 0.93, 0.97, 0.001) == ("slower", "")  # 1 / 1.05 is 0.952
    assert _judge(0.954, 0.93, 0.97, 0.001)[0] == "cannot tell"
    assert _judge(1.01, 1.005, 1.02, 0.001) == ("same", "")
    assert _judge(1.2, 0.9, 1.6, 0.2) == (
        "cannot tell",
        "neither a difference nor equality is shown: the interval is too wide; more rounds would tell",
    )
    assert _judge(1.04, 1.01, 1.07, 0.001) == (
        "cannot tell",
        "they differ, but maybe by less than the band; more rounds would tell",
    )


intervals = st.tuples(
    st.floats(0.3, 3), st.floats(1, 2), st.sampled_from([0.0, 0.04, 0.06, 1.0]), st.floats(0, 0.9)
)


@given(intervals)
def test_the_band_is_the_same_seen_from_either_side(drawn: tuple[float, float, float, float]) -> None:
    """Who swaps the sides gets the opposite verdict, never another one."""
    effect, reach, p, band = drawn
    there, _ = _judge(effect, effect / reach, effect * reach, p, band * 1.0001)
    back, _ = _judge(1 / effect, 1 / effect / reach, 1 / effect * reach, p, band * 1.0001)
    assert back == {"faster": "slower", "slower": "faster"}.get(there, there)


@given(intervals)
def test_a_wider_band_never_makes_a_difference(drawn: tuple[float, float, float, float]) -> None:
    """What was the same stays the same, and what was no difference becomes none."""
    effect, reach, p, band = drawn
    narrow, _ = _judge(effect, effect / reach, effect * reach, p, band / 2)
    wide, _ = _judge(effect, effect / reach, effect * reach, p, band)
    assert wide == narrow or narrow in {"faster", "slower", "cannot tell"}
    assert wide not in {"faster", "slower"} or wide == narrow


# --- simulation


CELLS, SWEEPS = 40, 15


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    return 1 + 0.02 * rng.normal(size=shape)


def _lognormal(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    return rng.lognormal(0, 0.2, shape)


def _t3(rng: np.random.Generator, shape: tuple[int, int]) -> Samples:
    return np.exp(0.02 * rng.standard_t(3, shape))


def _simulate(draw: Draw, rounds: tuple[int, int], gain: float = 1.0) -> pd.DataFrame:
    """Return the effects of many sweeps of `CELLS` cells, with ``sweep`` in which p values are adjusted together."""
    rng = np.random.default_rng(12)
    sides = [draw(rng, (CELLS * SWEEPS, count)) for count in rounds]
    found = pd.DataFrame([Welch().compare(a, b * gain) for a, b in zip(*sides, strict=True)])
    sweeps = found.groupby(np.arange(len(found)) // CELLS)
    return pd.concat([Judge(band=0.0)(sweep) for _, sweep in sweeps])


@pytest.mark.parametrize("draw", [_normal, _lognormal, _t3])
@pytest.mark.parametrize("rounds", [(3, 3), (3, 10)])
def test_the_same_cell_twice_is_rarely_called_different(draw: Draw, rounds: tuple[int, int]) -> None:
    """Without any noise band: at most 5 % of the cells, and the bare test holds its level on each alone."""
    judged = _simulate(draw, rounds)
    assert judged["verdict"].isin(["faster", "slower"]).mean() <= 0.05
    assert judged["p"].lt(0.05).mean() <= 0.07
    assert judged["p"].lt(0.05).any()


def test_a_difference_of_a_fifth_is_found_in_five_rounds() -> None:
    """With 2 % of noise between processes, in at least 99 % of the cells."""
    assert _simulate(_normal, (5, 5), gain=1.2)["verdict"].eq("faster").mean() >= 0.99


@pytest.mark.parametrize(("shared", "pairing_pays"), [(0.0, False), (0.3, False), (0.9, True)])
def test_pairing_by_round_pays_only_where_rounds_share_most_of_their_noise(
    shared: float, pairing_pays: bool
) -> None:
    """Three rounds, 5 % of difference, 2 % of noise, part of it shared in a round: why sides are not paired."""
    rng = np.random.default_rng(5)
    common = rng.normal(0, 0.02 * shared**0.5, (1500, 3))
    a, b = (np.exp(common + rng.normal(0, 0.02 * (1 - shared) ** 0.5, (1500, 3))) for _ in range(2))
    null = np.array([Welch().compare(*pair).p for pair in zip(a, b, strict=True)])
    found = np.array([Welch().compare(*pair).p for pair in zip(a, b * 1.05, strict=True)])
    paired = stats.ttest_rel(np.log(a), np.log(b * 1.05), axis=1).pvalue
    assert (null < 0.05).mean() <= 0.05
    assert bool((paired < 0.05).mean() > (found < 0.05).mean()) is pairing_pays


# --- selection


def test_a_side_is_a_folder_a_selection_or_both(sample: Sample) -> None:
    """The same cells by each way of naming them."""
    other = _other(sample)
    sample.add_rounds(SLOWER, model="thread")
    other.add_rounds(FASTER, model="thread")
    other.add_rounds(FASTER, model="process")
    for b in ("outputs/b:model=thread", str(other.path) + ":model=thread,workers=2"):
        assert compare("outputs/a", b)["verdict"].tolist() == ["faster"]
    whole = _whole("model=thread", "outputs/b:model=process")
    assert [str(whole.a), str(whole.b)] == ["outputs/a:model=thread", "outputs/b:model=process"]
    assert whole.cells["verdict"].tolist() == ["faster"]


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        ("payload=1MiB", [1]),
        ("payload=1024KiB,payload_out=1MiB", [1]),
        ("payload_bytes=1048576", [1]),
        ("payload=0", [2]),
        ("task=1ms", [0, 1]),
        ("task=0.2ms", [2]),
        ("task=null", [3]),
        ("window=100ms", [3]),
        ("interpreter=python3.13t", [3]),
        ("interpreter=3.11", [0, 1]),
        ("interpreter=3.1", [2]),
        ("interpreter=/opt/python3.13t", [3]),
        ("python_version=3.13", [3]),
        ("gil_enabled=false", [3]),
        ("model=thread,workers=2,payload=1KiB", [0]),
        ("start_method=null", [0, 2, 3]),
        ("workload.target=mymodule:work", [0]),
        ("measure.max_time=1000ms", [1]),
        ("workload.args=[1]", [0, 1]),
    ],
)
def test_keys_and_values_are_those_that_people_type(
    sample: Sample, selection: str, selected: list[int]
) -> None:
    """Names of knobs, units, paths and names of interpreters, beginnings of versions, null."""
    rows: list[dict[str, Any]] = [
        {"config": CONFIG.format("mymodule:work", "500ms"), "python_version": "3.11.7"},
        {"payload_bytes": 2**20, "start_method": "fork", "config": CONFIG.format("mymodule:other", "1s")},
        {"payload_bytes": 0, "task_ns": MS // 5, "workers": 4, "python_version": "3.1.7"},
        {
            "pattern": "window",
            "window_ns": 100 * MS,
            "task_ns": None,
            "workers": 8,
            "gil_enabled": False,
            "interpreter": "/opt/python3.13t",
            "python_version": "3.13.2",
        },
    ]
    cells = [sample.add_rounds(SLOWER, **row) for row in rows]
    assert set(open_side("A", selection, sample.path).runs["cell_id"]) == {cells[place] for place in selected}


@pytest.mark.parametrize(
    ("selection", "kind", "message"),
    [
        (
            "modle=thread",
            UnknownName,
            (
                "A: modle=thread: no factor modle (did you mean model?); there are label, workload, model, start_method, "
                "ipc, pattern, workers, payload, payload_out, tasks, task, window, interpreter, affinity, what is known of "
                "the machine and the interpreter (such as python_version), and knobs (such as measure.max_time)"
            ),
        ),
        (
            "model=threads",
            NoMatch,
            "A: outputs/a has no cell with model=threads (did you mean thread?); its values of model are process, thread",
        ),
        (
            "model=process,workers=2",
            NoMatch,
            (
                "A: outputs/a has no cell with workers=2 among the cells that the conditions before it leave; "
                "its values of workers are 4"
            ),
        ),
        (
            "payload=64",
            BadValue,
            "payload=64: the unit is missing; write 64B or such (units: B KB KiB MB MiB GB GiB)",
        ),
        (
            "payload=64kb",
            BadValue,
            "payload=64kb: kb is no unit of size (did you mean KB?); the units are B KB KiB MB MiB GB GiB",
        ),
        (
            "task=soon",
            BadValue,
            "task=soon: not a time; write a number and a unit, such as 1ms (units: ns us ms s min)",
        ),
        (
            "task=3ms",
            NoMatch,
            "A: outputs/a has no cell with task=3ms (did you mean 1ms?); its values of task are 1ms",
        ),
        ("workers=two", BadValue, "workers=two: not a number; write one such as workers=2"),
        (
            "gil_enabled=off",
            BadValue,
            "gil_enabled=off: neither true nor false; write gil_enabled=true or gil_enabled=false",
        ),
        (
            "model=",
            BadValue,
            "A: model=: no selection; write key=value[,key=value...], such as model=thread",
        ),
        ("status=ok", UnknownName, None),
    ],
)
def test_a_selection_that_cannot_be_is_refused_in_one_line(
    sample: Sample, selection: str, kind: type[BadInput], message: str | None
) -> None:
    """An unknown key, a value that no cell has, an amount without unit: what there is instead."""
    sample.add_rounds(SLOWER, model="thread")
    sample.add_rounds(SLOWER, model="process", workers=4)
    refusal = _refusal(kind, selection, "model=thread")
    assert "\n" not in refusal
    assert message in {None, refusal}


def test_only_runs_that_ended_well_are_compared(sample: Sample) -> None:
    """The others are counted; a side of nothing else is refused."""
    sample.add_rounds(SLOWER, label="a")
    sample.add_bad("timeout", "too long", label="a", workers=4)
    sample.add_bad("crashed", "signal 9", label="b")
    assert _refusal(NoMatch, "label=a", "label=b") == (
        "B: outputs/a:label=b has no run of status ok, only crashed; nothing can be compared"
    )
    sample.add_rounds(FASTER, label="b", workers=4)
    sample.add_rounds(FASTER, label="b")
    whole = _whole("label=a", "label=b")
    assert whole.cells["verdict"].tolist() == ["faster"]
    assert whole.a.left_out["status"].tolist() == ["timeout"]
    assert whole.unpaired[["side", "reason"]].to_numpy().tolist() == [
        ["B", "its partner in A has no run of status ok"]
    ]


# --- pairs


def test_threads_meet_processes_that_have_a_start_method(sample: Sample) -> None:
    """What follows from the model does not keep cells apart, nor does a pool's own transport."""
    sample.add_rounds(SLOWER, model="thread", ipc="queue")
    sample.add_rounds(FASTER, model="process", ipc="queue", start_method="fork")
    sample.add_rounds(FASTER, model="process", ipc="pipe", start_method="fork")
    sample.add_rounds(FASTER, model="process_pool", ipc="native", start_method="fork")
    whole = _whole("model=thread", "model=process")
    assert whole.cells[["cell", "verdict", "differs"]].to_numpy().tolist() == [
        ["queue", "faster", "model thread v process, start_method null v fork"]
    ]
    assert whole.unpaired.to_numpy()[:, 2:].tolist() == [
        ["pipe", "no such cell in A; the nearest has ipc queue, not pipe"]
    ]
    assert _whole("model=thread", "model=process_pool").cells["differs"].tolist() == [
        "model thread v process_pool, start_method null v fork, ipc queue v native"
    ]


def test_knobs_that_a_workload_or_a_pattern_lacks_do_not_keep_cells_apart(sample: Sample) -> None:
    """A function sets its own task length, a window has no number of tasks and a map no window."""
    sample.add_rounds(SLOWER, workload="spin")
    sample.add_rounds(FASTER, workload="function", task_ns=None)
    assert compare("workload=spin", "workload=function", within="outputs/a")["verdict"].tolist() == ["faster"]
    sample.add_rounds(FASTER, pattern="window", tasks=None, window_ns=100 * MS)
    cells = compare("workload=spin,pattern=map", "pattern=window", within="outputs/a")
    assert cells["differs"].tolist() == ["pattern map v window, tasks 200 v null, window null v 100ms"]


def test_several_partners_are_refused_with_what_separates_them(sample: Sample) -> None:
    """From whichever side it is ambiguous."""
    sample.add_rounds(SLOWER, model="thread")
    for start_method in ("fork", "spawn"):
        sample.add_rounds(FASTER, model="process", start_method=start_method)
    separate = (
        "they differ in start_method (fork, spawn): add start_method=fork, for example, to the selection"
    )
    assert _refusal(AmbiguousPairs, "model=thread", "model=process") == (
        f"the cell: this cell of A has 2 partners in B; {separate}"
    )
    assert _refusal(AmbiguousPairs, "model=process", "model=thread") == (
        f"the cell: this cell of B has 2 partners in A; {separate}"
    )
    cells = compare("model=thread", "model=process,start_method=spawn", within="outputs/a")
    assert cells["verdict"].tolist() == ["faster"]


def test_cells_that_only_differ_in_how_they_were_measured_are_told_apart_by_that(sample: Sample) -> None:
    """A sweep over measure.max_time has several cells of the same factors."""
    other = _other(sample)
    sample.add_rounds(SLOWER, config=CONFIG.format("m:f", "1s"))
    for time in ("1s", "2s"):
        other.add_rounds(FASTER, config=CONFIG.format("m:f", time))
    assert _refusal(AmbiguousPairs, "outputs/a", "outputs/b").endswith(
        "they differ in measure.max_time (1s, 2s): add measure.max_time=1s, for example, to the selection"
    )
    assert compare("outputs/a", "outputs/b:measure.max_time=2s")["verdict"].tolist() == ["faster"]


def test_options_of_a_workload_are_factors_too(sample: Sample) -> None:
    """Two functions are not the same cell, unless the selection is about them."""
    other = _other(sample)
    sample.add_rounds(SLOWER, config=CONFIG.format("m:f", "1s"))
    other.add_rounds(FASTER, config=CONFIG.format("m:g", "1s"))
    assert _refusal(NothingPaired, "outputs/a", "outputs/b") == (
        "no cell of A has a partner in B, such as thread: "
        "no such cell in B; the nearest has workload.target m:g, not m:f"
    )
    sides = ("outputs/a:workload.target=m:f", "outputs/b:workload.target=m:g")
    assert compare(*sides)["differs"].tolist() == ["workload.target m:f v m:g"]


def test_what_comes_back_follows_the_payload(sample: Sample) -> None:
    """Two payloads are compared although payload_out is another with each."""
    for payload in (1024, 2**20):
        sample.add_rounds(SLOWER, payload_bytes=payload)
    assert len(compare("payload=1KiB", "payload=1MiB", within="outputs/a")) == 1


def test_labels_are_told_apart_unless_they_are_selected(sample: Sample) -> None:
    """A label is a factor like any other."""
    for label in ("x", "y"):
        for model in ("thread", "process"):
            sample.add_rounds(SLOWER, label=label, model=model)
    assert compare("model=thread", "model=process", within="outputs/a")["label"].tolist() == ["x", "y"]
    assert compare("label=x", "label=y", within="outputs/a")["model"].tolist() == ["thread", "process"]


def test_the_same_runs_are_not_compared_with_themselves(sample: Sample) -> None:
    """A sweep with itself shows nothing."""
    sample.add_rounds(SLOWER)
    assert _refusal(SameRuns, "outputs/a", "outputs/a") == (
        "A (outputs/a) and B (outputs/a) share runs; select by what distinguishes them, such as model=thread and model=process"
    )


def test_every_cell_is_compared_or_listed(sample: Sample) -> None:
    """Nothing is dropped silently, whichever cells either side has."""
    other = _other(sample)
    ids = {"A": [sample.add_rounds(SLOWER, workers=workers) for workers in (1, 2, 3, 4)]}
    ids["B"] = [other.add_rounds(FASTER, workers=workers) for workers in (3, 4, 5)]
    whole = _whole("outputs/a", "outputs/b")
    alone = whole.unpaired.groupby("side")["cell_id"].agg(list)
    assert sorted([*whole.cells["cell_id_a"], *alone["A"]]) == sorted(ids["A"])
    assert sorted([*whole.cells["cell_id_b"], *alone["B"]]) == sorted(ids["B"])
    assert len(whole.cells) == 2


# --- conditions


CONDITIONS: list[tuple[str, Any, Any, str]] = [
    ("hostname", "one", "two", "hostname: one in A, two in B"),
    ("cpu_model", "x", "y", "cpu_model: x in A, y in B"),
    ("cpu_count", 2, 4, "cpu_count: 2 in A, 4 in B"),
    ("threads_per_core", 1, 2, "threads_per_core: 1 in A, 2 in B"),
    ("kernel", "6.1", "6.2", "kernel: 6.1 in A, 6.2 in B"),
    ("virtualisation", "none", "kvm", "virtualisation: none in A, kvm in B"),
    ("python_version", "3.11.7", "3.11.8", "python_version: 3.11.7 in A, 3.11.8 in B"),
    ("implementation", "cpython", "pypy", "implementation: cpython in A, pypy in B"),
    ("python_build", "-O2", "-O3", "python_build: -O2 in A, -O3 in B"),
    ("gil_enabled", True, False, "gil_enabled: true in A, false in B"),
    ("jit_enabled", None, True, "jit_enabled: none in A, true in B"),
    ("cpu_quota", None, 1.5, "cpu_quota: none in A, 1.5 in B"),
    ("memory_limit_bytes", None, 2**30, "memory_limit_bytes: none in A, 1073741824 in B"),
    ("packages", "numpy 1.26.4\npip 24", "numpy 2.1.0\npip 24", "packages: numpy: 1.26.4 in A, 2.1.0 in B"),
    ("packages", "a==1", "a==1\nb==2", "packages: b: none in A, 2 in B"),
    ("breakeven_version", "0.1.0", "0.2.0", "breakeven_version: 0.1.0 in A, 0.2.0 in B"),
    ("code", "0a1b", "2c3d", "code: 0a1b in A, 2c3d in B"),
    ("engine", "local", "debug", "engine: local in A, debug in B"),
    ("governor", "performance", "powersave", "governor: performance in A, powersave in B"),
    ("clock_source", "tsc", "hpet", "clock_source: tsc in A, hpet in B"),
]


@pytest.mark.parametrize(("fact", "one", "two", "line"), CONDITIONS)
def test_each_condition_that_differs_is_named_and_can_be_allowed(
    sample: Sample, fact: str, one: Any, two: Any, line: str
) -> None:
    """Refused with the value on either side; with --allow of its name it is compared and told."""
    sample.add_rounds(SLOWER, facts={fact: one})
    _other(sample).add_rounds(FASTER, facts={fact: two})
    assert _refusal(SidesDiffer, "outputs/a", "outputs/b") == (
        f"A and B were not measured under the same conditions:\n  {line}\n"
        f"measure both under the same conditions, or accept the differences with --allow {fact}"
    )
    whole = _whole("outputs/a", "outputs/b", allow=(fact,))
    assert whole.cells["verdict"].tolist() == ["faster"]
    assert [str(difference) for difference in whole.allowed] == [line]


def test_all_that_differs_is_named_at_once_and_groups_allow_it(sample: Sample) -> None:
    """One line a difference; the remedy lists what is not allowed yet."""
    sample.add_rounds(SLOWER, facts={"hostname": "one", "kernel": "6.1", "cpu_quota": 2.0})
    _other(sample).add_rounds(FASTER, facts={"hostname": "two", "kernel": "6.2"})
    sides = ("outputs/a", "outputs/b")
    assert _refusal(SidesDiffer, *sides).splitlines()[1:] == [
        "  hostname: one in A, two in B",
        "  kernel: 6.1 in A, 6.2 in B",
        "  cpu_quota: 2 in A, none in B",
        "measure both under the same conditions, or accept the differences with --allow hostname,kernel,cpu_quota",
    ]
    assert _refusal(SidesDiffer, *sides, allow=["host"]).endswith("--allow cpu_quota")
    assert len(compare(*sides, allow=["host", "limits"])) == 1
    assert _refusal(UnknownName, *sides, allow=["hostnam"]).startswith(
        "--allow hostnam: no such fact (did you mean hostname?); there are host, interpreter, limits, versions, hostname, "
    )


def test_a_side_that_differs_within_itself_is_refused_too(sample: Sample) -> None:
    """A sweep that was carried on on another host, even where both sides have the same two hosts."""
    for label in ("a", "b"):
        for workers, host in ((1, "one"), (2, "two")):
            sample.add_rounds(SLOWER, label=label, workers=workers, facts={"hostname": host})
    assert _refusal(SidesDiffer, "label=a", "label=b").splitlines()[1] == (
        "  hostname: one and two in A, one and two in B"
    )


@pytest.mark.parametrize("condition", KEPT)
def test_rounds_kept_from_other_conditions_are_refused(sample: Sample, condition: str) -> None:
    """After on_change=keep a cell has rounds of both: whichever condition it is, code included, it is named."""
    before, after = (2, 4) if condition == "cpu_count" else ("before", "after")
    for label in ("a", "b"):
        cell = sample.add_rounds(SLOWER, label=label, facts={condition: before})
        kept = sample.sweep.read_run(cell, 0)
        assert kept is not None
        sample.sweep.commit(RunResult(row=kept | {"round": len(SLOWER), condition: after}))
    values = " and ".join(sorted(map(str, (before, after))))
    line = f"{condition}: {values} in A, {values} in B"
    assert _refusal(SidesDiffer, "label=a", "label=b").splitlines()[1:] == [
        f"  {line}",
        f"measure both under the same conditions, or accept the differences with --allow {condition}",
    ]
    allowed = _whole("label=a", "label=b", allow=(condition,)).allowed
    assert [str(difference) for difference in allowed] == [line]


def test_an_edit_of_the_function_may_be_what_is_compared(sample: Sample) -> None:
    """The sides may differ in its source, with nothing allowed."""
    sample.add_rounds(SLOWER, facts={"source": "before"})
    _other(sample).add_rounds(FASTER, facts={"source": "after"})
    assert _whole("outputs/a", "outputs/b").cells["verdict"].tolist() == ["faster"]


def test_what_was_selected_may_differ(sample: Sample) -> None:
    """Who compares interpreters is not refused for their versions, nor for a GIL; for packages still."""
    old: dict[str, Any] = {"python_version": "3.13.1", "interpreter": "python3.13"}
    new: dict[str, Any] = {"python_version": "3.14.0", "interpreter": "python3.14t", "gil_enabled": False}
    sample.add_rounds(SLOWER, **old, facts={"python_build": "x"})
    sample.add_rounds(FASTER, **new, facts={"python_build": "y"})
    for sides in (
        ("interpreter=python3.13", "interpreter=3.14"),
        ("python_version=3.13", "python_version=3.14"),
        ("gil_enabled=true", "gil_enabled=false"),
    ):
        whole = _whole(*sides)
        assert whole.cells["verdict"].tolist() == ["faster"]
        assert [difference.fact for difference in whole.allowed] == [
            "python_version",
            "python_build",
            "gil_enabled",
        ]


def test_interpreters_that_are_a_factor_of_both_sides_are_no_difference(sample: Sample) -> None:
    """Cells are held against those of the same interpreter."""
    for model in ("thread", "process"):
        for version in ("3.13.1", "3.14.0"):
            sample.add_rounds(SLOWER, model=model, interpreter=f"python{version}", python_version=version)
    whole = _whole("model=thread", "model=process")
    assert (len(whole.cells), whole.allowed) == (2, ())


def test_another_workload_may_import_other_packages(sample: Sample) -> None:
    """But not another version of the same one."""
    for target, packages in (
        ("m:f", "numpy 2.1.0"),
        ("m:g", "numpy 2.1.0\nscipy 1.15.0"),
        ("m:h", "numpy 2.2.0"),
    ):
        sample.add_rounds(SLOWER, config=CONFIG.format(target, "1s"), facts={"packages": packages})
    assert len(compare("workload.target=m:f", "workload.target=m:g", within="outputs/a")) == 1
    assert "  packages: numpy: 2.1.0 in A, 2.2.0 in B\n" in _refusal(
        SidesDiffer, "workload.target=m:f", "workload.target=m:h"
    )


# --- options


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("0", 0.0), ("12.5 %", 0.125)])
def test_a_band_is_a_share(text: str, share: float) -> None:
    """In percent or plain."""
    assert read_share("--band", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["5", "-1%", "wide", "nan", ""])
def test_a_band_that_is_no_share_is_refused(text: str) -> None:
    """5 is not 5 %."""
    with pytest.raises(BadValue) as caught:
        read_share("--band", text)
    assert str(caught.value) == (
        f"--band {text}: not a share from 0 to below 1; write one such as --band 5% or --band 0.05"
    )


def test_any_measure_can_be_asked_for(sample: Sample) -> None:
    """A cell that lacks it cannot be told; an unknown one is refused."""
    for label, values in (("a", (2e6, 2.1e6, 2.2e6)), ("b", (1e6, 1.1e6, 1.2e6))):
        sample.add_rounds(values, column="startup_ns", label=label)
    assert compare("label=a", "label=b", within="outputs/a", by="startup")["verdict"].tolist() == ["faster"]
    row = compare("label=a", "label=b", within="outputs/a", by="speedup").iloc[0]
    assert (row["verdict"], row["reason"]) == ("cannot tell", "a round of A has no value of this measure")
    assert _refusal(UnknownName, "label=a", "label=b", by="speed") == (
        "--by speed: no such measure (did you mean speedup?); there are speedup, throughput, latency_p50, latency_p99, startup"
    )
    assert _refusal(BadValue, "label=a", "label=b", band=5) == (
        "band=5: not a share from 0 to below 1; write one such as 0.05"
    )

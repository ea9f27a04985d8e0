"""The arithmetic of a comparison: effect, correction, verdict, noise band."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis.comparing.effect import Welch
from breakeven.analysis.comparing.knobs import TRIAL, factors_of
from breakeven.analysis.comparing.verdict import Judge, adjust
from breakeven.analysis.frames.quantities import read_share
from breakeven.base.errors import BadValue
from breakeven.base.factors import FACTORS

# --- effect


positive = st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8).filter(lambda values: np.ptp(values) > 1e-6)


@given(positive, positive, st.floats(1e-3, 1e9))
def test_swapping_the_sides_turns_the_effect_round(a: list[float], b: list[float], unit: float) -> None:
    """The ratio is inverted, the p value is the same, and the unit of the values is of no matter."""
    there = Welch().compare(np.array(a), np.array(b))
    back = Welch().compare(np.array(b) * unit, np.array(a) * unit)
    assert [1 / back.effect, 1 / back.high, 1 / back.low] == pytest.approx(there[:3], rel=1e-6)
    assert back.p == pytest.approx(there.p, rel=1e-4, abs=1e-9)


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
    passing = [k for k, value in enumerate(tested, 1) if value * (len(tested) / k) <= level]  # rounded once
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


def test_cells_are_paired_across_engines() -> None:
    """What an engine is given says where a cell is measured, not what it is."""
    assert set(factors_of(pd.Index(["engine.address", "workload.sizes"]))) - {*FACTORS, TRIAL} == {
        "workload.sizes"
    }

"""Numbers as people read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.analysis import units
from breakeven.analysis.units import (
    format_length,
    format_rate,
    format_ratio,
    format_share,
    format_size,
    format_time,
    time_unit,
)

SCALES = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (format_time, 0, "0.00 ns"),
        (format_time, 12, "12.0 ns"),
        (format_time, 1_234_567, "1.23 ms"),
        (format_time, 999_960, "1.00 ms"),
        (format_time, 123_456, "123 us"),
        (format_time, 90e9, "90.0 s"),
        (format_time, float("nan"), "-"),
        (format_length, 1e6, "1 ms"),
        (format_length, 1.5e6, "1.50 ms"),
        (format_length, 200e3, "200 us"),
        (format_size, 0, "0 B"),
        (format_size, 1000, "1000 B"),
        (format_size, 1024, "1 KiB"),
        (format_size, 1536, "1.5 KiB"),
        (format_size, 2**20, "1 MiB"),
        (format_size, 3 * 2**40, "3 TiB"),
        (format_size, float("nan"), "-"),
        (lambda rate: format_rate(rate, "B"), 45.1e6, "45.1 MB/s"),
        (lambda rate: format_rate(rate, "B"), 999.9, "1.00 kB/s"),
        (format_rate, 1234.0, "1.23 k/s"),
        (format_rate, 12.0, "12.0/s"),
        (format_rate, float("nan"), "-"),
        (format_ratio, 1.926, "1.93"),
        (format_ratio, 15.97, "16.0"),
        (format_ratio, 0.84504, "0.85"),
        (format_ratio, 999.96, "1000"),
        (format_ratio, 123_456, "123000"),
        (format_ratio, 0.0996, "0.10"),
        (format_ratio, 0.052, "0.052"),
        (format_ratio, 0.00412, "0.0041"),
        (format_ratio, 4.1e-5, "4.1e-05"),
        (format_ratio, -0.003, "-0.0030"),
        (format_ratio, 0, "0.00"),
        (format_share, 0.000123, "0.012 %"),
        (format_ratio, float("nan"), "-"),
    ],
)
def test_numbers_are_written_for_people(write: Callable[[float], str], value: float, text: str) -> None:
    """Three digits and the unit that suits."""
    assert write(value) == text


@given(st.floats(1, 1e13))
def test_a_time_is_right_to_three_digits(time: float) -> None:
    """Number times unit is the time, to half a unit of the third digit; the number has three digits."""
    number, unit = format_time(time).split()
    assert float(number) * SCALES[unit] == pytest.approx(time, rel=0.0051)
    assert 1 <= float(number) < 1000 or unit == "s"


@given(st.floats(1e-9, 1e6))
def test_a_ratio_never_reads_as_nothing(ratio: float) -> None:
    """However small it is, two digits of it are right."""
    assert float(format_ratio(ratio)) == pytest.approx(ratio, rel=0.051)


_BY_HAND = re.compile(r"\.\d[fg]\}x\b")


def test_ratios_are_written_in_one_place() -> None:
    """A format of its own would write a small speedup as 0.00x."""
    folder = Path(units.__file__).parent
    found = [path.name for path in folder.rglob("*.py") if _BY_HAND.search(path.read_text(encoding="utf-8"))]
    assert found == []
    assert _BY_HAND.search('f"{value:.2f}x at most"')


def test_the_unit_is_the_largest_that_fits() -> None:
    """From one of a unit on it is used; below one nanosecond it stays nanoseconds."""
    assert [time_unit(value)[1] for value in (0.2, 999, 1e3, 1e6, 1e9)] == ["ns", "ns", "us", "ms", "s"]


@given(value=st.floats(0.1, 1000, exclude_max=True))
def test_a_number_is_rounded_once(value: float) -> None:
    """What is printed lies within half a unit of its last digit."""
    text = format_ratio(value)
    decimals = len(text.partition(".")[2])
    assert abs(float(text) - value) <= 0.5 * 10**-decimals * (1 + 1e-9)

"""Sizes and times: what is read, what is written, what is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.base.units import SIZES, TIMES, format_size, format_time, read_size, read_time

AMOUNTS = st.integers(0, 2**62)


@given(AMOUNTS)
def test_a_size_survives_writing_and_reading(size: int) -> None:
    """Reading what was written gives the same bytes."""
    assert read_size(format_size(size), "payload") == size


@given(AMOUNTS)
def test_a_time_survives_writing_and_reading(time: int) -> None:
    """Reading what was written gives the same nanoseconds."""
    assert read_time(format_time(time), "task") == time


@given(st.integers(0, 10**6), st.sampled_from(sorted(SIZES)))
def test_every_size_unit_multiplies(number: int, unit: str) -> None:
    """A whole number times its unit is the number of bytes."""
    assert read_size(f"{number}{unit}", "payload") == number * SIZES[unit]


@given(st.integers(0, 10**6), st.sampled_from(sorted(TIMES)))
def test_every_time_unit_multiplies(number: int, unit: str) -> None:
    """A whole number times its unit is the number of nanoseconds."""
    assert read_time(f"{number} {unit}", "task") == number * TIMES[unit]


@pytest.mark.parametrize(
    ("text", "size"),
    [("1.5KiB", 1536), ("0.5KB", 500), ("64 B", 64), (" 1GiB ", 2**30), (0, 0), ("0", 0), (0.0, 0)],
)
def test_sizes_as_people_write_them(text: object, size: int) -> None:
    """Fractions, spaces and a bare zero are understood."""
    assert read_size(text, "payload") == size


@pytest.mark.parametrize(
    ("text", "time"), [("0.5ms", 500_000), ("1min", 60 * 10**9), ("1.5us", 1500), ("20s", 20 * 10**9)]
)
def test_times_as_people_write_them(text: object, time: int) -> None:
    """Fractions and all units are understood."""
    assert read_time(text, "task") == time


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (64, "64B"),
        (1000, "1KB"),
        (1024, "1KiB"),
        (1536, "1.5KiB"),
        (2**30, "1GiB"),
        (1025, "1025B"),
    ],
)
def test_a_size_is_written_exactly_with_the_fewest_digits(size: int, text: str) -> None:
    """The unit is the one that needs the fewest digits."""
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (0, "0ns"),
        (1_500_000, "1.5ms"),
        (60 * 10**9, "1min"),
        (90 * 10**9, "90s"),
        (600 * 10**9, "10min"),
        (1_234_567, "1234567ns"),
    ],
)
def test_a_time_is_written_exactly_with_the_fewest_digits(time: int, text: str) -> None:
    """The unit is the one that needs the fewest digits."""
    assert format_time(time) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "lots",
            "payload=lots: not a size; write a number and a unit, such as 1KiB (units: B KB KiB MB MiB GB GiB)",
        ),
        (
            None,
            "payload=None: not a size; write a number and a unit, such as 1KiB (units: B KB KiB MB MiB GB GiB)",
        ),
        (
            False,
            "payload=False: not a size; write a number and a unit, such as 1KiB (units: B KB KiB MB MiB GB GiB)",
        ),
        (10, "payload=10: the unit is missing; write for example 10B (units: B KB KiB MB MiB GB GiB)"),
        (
            "1kib",
            "payload=1kib: kib is not a unit of size (did you mean KiB?); the units are B KB KiB MB MiB GB GiB",
        ),
        ("1ms", "payload=1ms: ms is not a unit of size; the units are B KB KiB MB MiB GB GiB"),
        ("-1KiB", "payload=-1KiB: a size cannot be negative; write one such as 1KiB"),
        ("0.3B", "payload=0.3B: not a whole number of B; write 1B instead"),
        ("1.0001KiB", "payload=1.0001KiB: not a whole number of B; write 1025B instead"),
    ],
)
def test_a_size_that_cannot_be_read(value: object, message: str) -> None:
    """The message gives the value, the key, the remedy and the units."""
    with pytest.raises(BadValue) as refusal:
        read_size(value, "payload")
    assert str(refusal.value) == message


def test_a_time_that_cannot_be_read() -> None:
    """Times have their own units in the message."""
    with pytest.raises(BadValue) as refusal:
        read_time("5 minutes", "limits.time")
    assert (
        str(refusal.value)
        == "limits.time=5 minutes: minutes is not a unit of time; the units are ns us ms s min"
    )


@pytest.mark.parametrize(
    ("meant", "written", "example"), [("ms", "10ms", "1ms"), ("s", "10s", "1s"), ("us", "10us", "1us")]
)
def test_a_time_without_a_unit_is_taken_for_what_is_usual_there(
    meant: str, written: str, example: str
) -> None:
    """Nobody who writes a budget of 10 means nanoseconds."""
    for value, said in (
        (10, f"the unit is missing; write for example {written} ("),
        ("x", f"such as {example} ("),
    ):
        with pytest.raises(BadValue) as refusal:
            read_time(value, "budget", meant=meant)
        assert said in str(refusal.value)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a size or a BadValue ever comes of a text."""
    with suppress(BadValue):
        assert read_size(text, "payload") >= 0

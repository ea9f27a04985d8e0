"""Read and format sizes and times with units."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil

from breakeven.base.errors import BadValue

SIZES = {"B": 1, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
TIMES = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9}

_QUANTITY = re.compile(r"(?P<number>[+-]?[0-9]{1,24}(?:\.[0-9]{1,24})?)\s*(?P<unit>[A-Za-z]*)")


def read_size(value: object, key: str, *, bare: bool = False, meant: str = "B") -> int:
    """Return the bytes of ``value``, such as ``1.5KiB``; with ``bare`` the unit may be left out.

    Raise BadValue, whose message names ``key`` and, for a number without a unit, the one that is probably ``meant``.
    """
    return _read(_with_unit(value, "B") if bare else value, key, SIZES, "size", ("1KiB", meant))


def read_time(value: object, key: str, *, bare: bool = False, meant: str = "ms") -> int:
    """Return the nanoseconds of ``value``, such as ``0.5ms``; otherwise like `read_size`."""
    return _read(_with_unit(value, "ns") if bare else value, key, TIMES, "time", (f"1{meant}", meant))


def format_size(size: int) -> str:
    """Return bytes as exact text with the fewest digits: 1536 is ``1.5KiB``."""
    return _format(size, SIZES)


def format_time(time: int) -> str:
    """Return nanoseconds as exact text with the fewest digits: 1500000 is ``1.5ms``."""
    return _format(time, TIMES)


def format_clock(seconds: float) -> str:
    """Return seconds like a clock, such as ``1:05`` or ``2:00:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def format_left(seconds: float | None) -> str:
    """Return the time left as text, such as ``1:05 left``."""
    return "?:?? left" if seconds is None else f"{format_clock(seconds)} left"


def _with_unit(value: object, unit: str) -> object:
    match = _QUANTITY.fullmatch(str(value).strip())
    return f"{value}{unit}" if match and not match["unit"] else value


def _read(value: object, key: str, units: dict[str, int], kind: str, shown: tuple[str, str]) -> int:
    """Return ``value`` in the base unit.

    ``shown`` are an example and the unit of a number without one, for messages.
    """
    example, meant = shown
    if value in (0, "0") and not isinstance(value, bool):
        return 0
    match = _QUANTITY.fullmatch(str(value).strip())
    if match is None or isinstance(value, bool):
        raise BadValue(
            f"{key}={value}: not a {kind}; write a number and a unit, such as {example} (units: {_list(units)})"
        )
    number, unit = Fraction(match["number"]), match["unit"]
    if not unit:
        raise BadValue(
            f"{key}={value}: the unit is missing; write for example {value}{meant} (units: {_list(units)})"
        )
    if unit not in units:
        raise BadValue(
            f"{key}={value}: {unit} is not a unit of {kind}{_similar(unit, units)}; the units are {_list(units)}"
        )
    if number < 0:
        raise BadValue(f"{key}={value}: a {kind} cannot be negative; write one such as {example}")
    return _whole(number * units[unit], f"{key}={value}", next(iter(units)))


def _whole(amount: Fraction, text: str, base: str) -> int:
    if amount.denominator != 1:
        raise BadValue(f"{text}: not a whole number of {base}; write {ceil(amount)}{base} instead")
    return amount.numerator


def _similar(unit: str, units: dict[str, int]) -> str:
    same = [known for known in units if known.lower() == unit.lower()]
    return f" (did you mean {same[0]}?)" if same else ""


def _list(units: dict[str, int]) -> str:
    return " ".join(units)


def _format(amount: int, units: dict[str, int]) -> str:
    """Return the exact text with the fewest digits, at most three decimals; of several the shortest."""
    texts = [f"{amount}{next(iter(units))}"]
    for unit, factor in units.items():
        if amount >= factor and amount * 1000 % factor == 0:
            whole, thousandths = divmod(amount * 1000 // factor, 1000)
            fraction = f".{thousandths:03d}".rstrip("0") if thousandths else ""
            texts.append(f"{whole}{fraction}{unit}")
    return min(texts, key=lambda text: (sum(map(str.isdigit, text)), len(text)))

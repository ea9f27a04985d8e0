"""Readable numbers: 1.23 ms, 1 MiB, 45.1 MB/s."""

from __future__ import annotations

import math
import re

from breakeven.base.text import plural as plural  # noqa: PLC0414  # offered here, too
from breakeven.base.units import SIZES, TIMES

_TIMES = tuple((float(TIMES[name]), name) for name in ("s", "ms", "us", "ns"))
_SIZES = ((2**40, "TiB"), *((SIZES[name], name) for name in ("GiB", "MiB", "KiB", "B")))
_STEP = 1024  # from one unit of size to the next: 1023.9 KiB, as four digits, are 0.9999 MiB
_RATES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_MISSING = "-"
_SMALL = 0.1
_DIGITS = 3


def time_unit(nanoseconds: float) -> tuple[float, str]:
    """Return the unit that suits a time: its length in ns, and its name."""
    return next(((scale, name) for scale, name in _TIMES if abs(nanoseconds) >= scale), _TIMES[-1])


def format_time(nanoseconds: float) -> str:
    """Return a time with three digits, such as ``1.23 ms``; a dash if it is missing."""
    if not math.isfinite(nanoseconds):
        return _MISSING
    scale, name = time_unit(_round(nanoseconds))
    return f"{_digits(nanoseconds / scale)} {name}"


def format_times(like: float, *nanoseconds: float) -> list[str]:
    """Return times without their unit, in that of the time ``like``: ``["49.8", "50.4"]``."""
    scale, _ = time_unit(_round(like))
    return [_digits(each / scale) for each in nanoseconds]


def format_length(nanoseconds: float) -> str:
    """Return a configured time without trailing zeros: ``1 ms``."""
    return trim_zeros(format_time(nanoseconds))


def trim_zeros(text: str) -> str:
    """Remove decimals that are all zero: ``1.00 ms`` becomes ``1 ms``."""
    return re.sub(r"\.0+(?= )", "", text)


def format_size(size: float) -> str:
    """Return bytes in binary units, such as ``1 MiB``; a dash if they are missing."""
    if not math.isfinite(size):
        return _MISSING
    units = ((scale, name) for scale, name in _SIZES if float(f"{abs(size) / scale * _STEP:.4g}") >= _STEP)
    scale, name = next(units, _SIZES[-1])
    return f"{size / scale:.4g} {name}"


def format_rate(per_second: float, unit: str = "") -> str:
    """Return a rate with three digits, such as ``45.1 MB/s``; a dash if it is missing."""
    if not math.isfinite(per_second):
        return _MISSING
    rounded = abs(_round(per_second))
    scale, prefix = next(((scale, name) for scale, name in _RATES if rounded >= scale), _RATES[-1])
    return f"{_digits(per_second / scale)} {prefix}{unit}".rstrip() + "/s"


def format_count(count: float) -> str:
    """Return a number of things with three digits, such as ``81.2 M``; one below a thousand as it is."""
    return f"{count:.0f}" if count < _RATES[-2][0] else format_rate(count).removesuffix("/s")


def format_ratio(ratio: float) -> str:
    """Return a ratio with three digits, such as ``1.93``; a dash if it is missing."""
    return _digits(ratio) if math.isfinite(ratio) else _MISSING


def format_share(share: float) -> str:
    """Return a share in percent with three digits, such as ``1.25 %``; a dash if it is missing."""
    return f"{_digits(100 * share)} %" if math.isfinite(share) else _MISSING


def _round(value: float) -> float:
    """Round to three digits first, so that 999.9 us is 1.00 ms and not 1000 us."""
    return float(f"{value:.3g}")


def _digits(value: float) -> str:
    """Return three digits, of which two at most are decimals.

    Below 0.1, where those would leave one or none, two digits. The value is rounded once: 0.84504 is 0.85, and not 0.84
    by way of 0.845.
    """
    if 0 < abs(value) < _SMALL:
        return f"{value:#.2g}"
    rounded = _round(value)
    whole = len(str(int(abs(rounded))))
    return f"{rounded if whole > _DIGITS else value:.{max(0, _DIGITS - whole)}f}"

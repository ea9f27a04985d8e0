"""Sizes, times, shares and numbers as people type them."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping

from breakeven.analysis.errors import BadValue

SIZES = {"B": 1, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
TIMES = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9}

_AMOUNT = re.compile(r"(?P<number>[0-9]{1,24}(?:\.[0-9]{1,24})?)\s*(?P<unit>[A-Za-z]*)")


def read_amount(key: str, text: str, units: Mapping[str, int], *, bare: bool) -> float:
    """Give the base units that ``text`` means, such as ``1.5KiB``; ``bare`` lets the unit be left out.

    ``key`` names it in the message of a BadValue.
    """
    match = _AMOUNT.fullmatch(text)
    listed, first = " ".join(units), next(iter(units))
    if match is None:
        raise BadValue(f"{key}={text}: no amount; write a number and a unit, one of {listed}")
    number, unit = float(match["number"]), match["unit"]
    if not unit and (bare or number == 0):
        return number
    if unit not in units:
        said = f"{unit} is no unit" if unit else "the unit is missing"
        raise BadValue(f"{key}={text}: {said}; write {match['number']}{first} or such (units: {listed})")
    return number * units[unit]


def read_number(key: str, text: str) -> float:
    """Give the number that ``text`` is; raises BadValue."""
    try:
        return float(text)
    except ValueError as error:
        raise BadValue(f"{key}={text}: not a number; write one such as {key}=2") from error


def read_flag(key: str, text: str) -> bool:
    """Give the truth that ``text`` is; raises BadValue."""
    known = {"true": True, "false": False}
    if text.lower() in known:
        return known[text.lower()]
    raise BadValue(f"{key}={text}: neither true nor false; write {key}=true or {key}=false")


def read_share(key: str, text: str) -> float:
    """Give the share that ``text`` means, ``5%`` or ``0.05``, from 0 to less than 1; raises BadValue."""
    number = text.removesuffix("%").strip()
    try:
        share = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = math.nan
    if 0 <= share < 1:
        return share
    raise BadValue(f"{key} {text}: not a share from 0 to below 1; write one such as {key} 5% or {key} 0.05")


def suggest(value: str, known: Iterable[str]) -> str:
    """Give `` (did you mean X?)`` where one of ``known`` is close to ``value``, else nothing."""
    close = difflib.get_close_matches(value, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""

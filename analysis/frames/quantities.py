"""Numbers, flags and shares as people type them on a command line."""

from __future__ import annotations

import math

from breakeven.base.errors import BadValue


def read_number(key: str, text: str) -> float:
    """Return ``text`` as a number; raise BadValue."""
    try:
        return float(text)
    except ValueError as error:
        raise BadValue(f"{key}={text}: not a number; write one such as {key}=2") from error


def read_flag(key: str, text: str) -> bool:
    """Return ``text`` as true or false; raise BadValue."""
    known = {"true": True, "false": False}
    if text.lower() in known:
        return known[text.lower()]
    raise BadValue(f"{key}={text}: neither true nor false; write {key}=true or {key}=false")


def read_share(key: str, text: str) -> float:
    """Return ``text``, ``5%`` or ``0.05``, as a share from 0 to less than 1; raise BadValue."""
    number = text.removesuffix("%").strip()
    try:
        share = float(number) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = math.nan
    if 0 <= share < 1:
        return share
    raise BadValue(f"{key} {text}: not a share from 0 to below 1; write one such as {key} 5% or {key} 0.05")

"""Read the values of a configuration by kind; a bad value raises a one-line error."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import inf, nan
from typing import Any

from breakeven.base.errors import BadValue, UnknownChoice
from breakeven.base.suggestions import did_you_mean
from breakeven.base.text import printable
from breakeven.base.units import read_size, read_time
from breakeven.runner.cell.given import is_pattern, is_target
from breakeven.runner.cell.verification import RULES

MAX_COUNT = 2**31 - 1
AUTO = "auto"
_UNSHOWN = ("Cc", "Cs", "Zl", "Zp")  # control characters, bytes that are no text, line ends


def read_choice(value: object, key: str, choices: Iterable[str]) -> str:
    """Return ``value`` if it is one of ``choices``; raise UnknownChoice."""
    known = tuple(choices)
    if value in known:
        return str(value)
    raise UnknownChoice(
        f"{key}={typed(value)}: no such choice{did_you_mean(value, known)}; choose one of {', '.join(known)}"
    )


def read_count(value: object, key: str, *, least: int = 1, most: int = MAX_COUNT) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``; raise BadValue."""
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise BadValue(
        f"{key}={typed(value)}: not a whole number from {least} to {most}; write one, such as {key}={max(least, 2)}"
    )


def read_choice_or_count(value: object, key: str, choices: Iterable[str]) -> str | int:
    """Return ``value`` if it is a whole number from 1 on or one of ``choices``; raise BadValue, UnknownChoice."""
    if isinstance(value, int) and not isinstance(value, bool):
        return read_count(value, key)
    known = tuple(choices)
    if value in known:
        return str(value)
    raise UnknownChoice(
        f"{key}={typed(value)}: no such choice{did_you_mean(value, known)}; choose one of {', '.join(known)}, or a whole number"
    )


def read_count_or_auto(value: object, key: str, *, least: int = 1) -> int | None:
    """Return ``value`` like `read_count`, or None for ``auto``; raise BadValue."""
    if value == AUTO:
        return None
    if isinstance(value, int):
        return read_count(value, key, least=least)
    raise BadValue(
        f"{key}={typed(value)}: neither auto nor a whole number from {least} to {MAX_COUNT}; "
        f"write one of them, such as {key}={AUTO}"
    )


def read_chunk(value: object, key: str) -> int | str:
    """Return ``value`` if it is ``auto`` or a count; raise BadValue."""
    count = read_count_or_auto(value, key)
    return AUTO if count is None else count


def read_flag(value: object, key: str) -> bool:
    """Return ``value`` if it is true or false; raise BadValue."""
    if isinstance(value, bool):
        return value
    raise BadValue(f"{key}={typed(value)}: neither true nor false; write {key}=true or {key}=false")


def read_share(value: object, key: str) -> float:
    """Return ``value`` if it lies between 0 and 1, both excluded; raise BadValue."""
    share = _share(value)
    if 0 < share < 1:
        return share
    raise BadValue(
        f"{key}={typed(value)}: not a share between 0 and 1; write one such as {key}=2% or {key}=0.02"
    )


def _share(value: object) -> float:
    """Return a number as it is and a text such as ``5%`` as the share that it means; NaN for anything else."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            return float(value.removesuffix("%")) / 100
        except ValueError:
            return nan
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else nan


def read_load(value: object, key: str) -> float:
    """Return ``value`` if it is above 0: a share up to 1, or a rate per second; raise BadValue."""
    load = _share(value)
    if 0 < load < inf:
        return load
    raise BadValue(
        f"{key}={typed(value)}: neither a share up to 1 nor a rate per second; write one such as {key}=50% or {key}=2000"
    )


def typed(value: object) -> str:
    """Return a value as it would be typed."""
    return "null" if value is None else str(value)


def read_length(value: object, key: str, meant: str = "ms") -> int:
    """Return the nanoseconds of a time above 0; raise BadValue, as if a number without a unit were one of ``meant``."""
    time = read_time(value, key, meant=meant)
    if time == 0:
        raise BadValue(f"{key}={value}: needs a time above 0; write one such as {key}=1{meant}")
    return time


def read_text(value: object, key: str) -> str:
    """Return ``value`` if it is a non-empty string; raise BadValue."""
    if isinstance(value, str) and value:
        return value
    raise BadValue(f"{key}={typed(value)}: not a text; write one, quoted if it has special characters")


def read_name(value: object, key: str) -> str:
    """Return ``value`` if it is a non-empty text that can be shown in one line; raise BadValue.

    A whole number, as YAML reads it, is taken for its decimal text; of any other value that is no text, what was
    written is not known.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bool | float):
        raise BadValue(
            f"{key}={str(value).lower()}: in YAML a text such as this must be quoted, since what was written is not "
            f"known any more; write it in quotes, such as '\"{str(value).lower()}\"'"
        )
    if isinstance(value, list):
        one = ",".join(map(typed, value))
        raise BadValue(
            f"{key}=[{one}]: a list, not a text; write {key}={one} for several, or quote what has brackets"
        )
    if not isinstance(value, str) or not value:
        raise BadValue(f"{key}={typed(value)}: not a text; write one, such as {key}=mine")
    if any(unicodedata.category(char) in _UNSHOWN for char in value):
        raise BadValue(f"{key}={printable(value)}: holds a character that cannot be shown; leave it out")
    return value


def read_target(value: object, key: str) -> str:
    """Return ``value`` if it has the form ``module:callable``; raise BadValue."""
    if isinstance(value, str) and is_target(value):
        return value
    raise BadValue(
        f"{key}={typed(value)}: not the name of a callable; write module:callable, such as {key}=math:sqrt"
    )


def read_inputs(value: object, key: str) -> str | list[Any]:
    """Return ``value`` if it names inputs: ``module:name``, a pattern for paths, or a list of them; raise BadValue."""
    if is_target(value) or is_pattern(value) or (isinstance(value, list) and value):
        return value  # type: ignore[return-value]  # which the three have tested
    raise BadValue(
        f"{key}={typed(value)}: names no inputs; write module:name, such as {key}=photos:samples, a pattern for paths, "
        f"such as {key}=data/*.json, or a list, such as {key}=[1,2]"
    )


def read_verification(value: object, key: str) -> str:
    """Return ``value`` if it is a rule of verification or has the form ``module:callable``; raise UnknownChoice."""
    if value in RULES or (isinstance(value, str) and ":" in value):
        return str(value) if value in RULES else read_target(value, key)
    raise UnknownChoice(
        f"{key}={typed(value)}: no such choice{did_you_mean(value, RULES)}; choose one of {', '.join(RULES)}, "
        "or write module:callable for a function of your own that compares two results"
    )


def read_list(value: object, key: str) -> list[Any]:
    """Return ``value`` if it is a list; raise BadValue."""
    if isinstance(value, list):
        return value
    raise BadValue(f"{key}={typed(value)}: not a list; write one such as {key}=[1,2]")


def read_map(value: object, key: str) -> dict[str, Any]:
    """Return ``value`` if it is a map whose keys are strings; raise BadValue."""
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return value
    raise BadValue(
        f"{key}={typed(value)}: not a map whose keys are texts; write one such as {key}={{size: 1}}"
    )


READERS: dict[str, Callable[[Any, str], Any]] = {
    "time": read_length,
    "patience": partial(read_length, meant="s"),
    "size": read_size,
    "count": read_count,
    "share": read_share,
    "load": read_load,
    "chunk": read_chunk,
    "text": read_text,
    "target": read_target,
    "inputs": read_inputs,
    "verification": read_verification,
    "list": read_list,
    "map": read_map,
}


def read_option(given: Mapping[str, Any], key: str, kind: str, family: str) -> Any:
    """Return one knob of a member, read by its kind.

    It is one of the values that the kind lists if that is of the form ``one|another``, and may be null if the kind ends
    with ``?``. A kind such as ``one|another|count`` has a whole number as well.
    """
    name = f"{family}.{key}"
    if key not in given:
        raise BadValue(
            f"{name}: missing from the configuration; add it to the YAML file of {family}={given['name']}"
        )
    if kind.endswith("?") and given[key] is None:
        return None
    if "|" in kind:
        choices = kind.rstrip("?").split("|")
        if choices[-1] == "count":
            return read_choice_or_count(given[key], name, choices[:-1])
        return read_choice(given[key], name, choices)
    return READERS[kind.rstrip("?")](given[key], name)

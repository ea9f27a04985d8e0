"""JSON that any reader takes: of Python's numbers, JSON has no infinity and no NaN."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import isfinite
from typing import Any

_FLOAT = "float"
_NOT_FINITE = ("inf", "-inf", "nan")
_COMPACT = (",", ":")


def json_text(value: Any, *, indent: int | None = None, compact: bool = False) -> str:
    """Return ``value`` as JSON text; a number that is infinite or NaN is null.

    Raise TypeError for what JSON does not know. All that is written for other programs goes through here.
    """
    separators = _COMPACT if compact else None
    try:
        return json.dumps(value, indent=indent, separators=separators, allow_nan=False)
    except ValueError:  # the rare one: what is finite needs no copy
        return json.dumps(_with_nulls(value), indent=indent, separators=separators, allow_nan=False)


def _with_nulls(value: Any) -> Any:
    return _mapped(value, lambda _: None)


def keeping_floats(value: Any) -> Any:
    """Return ``value`` with ``{"float": "inf"}`` for a number that JSON lacks; `with_floats` undoes it."""
    return _mapped(value, lambda number: {_FLOAT: str(number)})


def with_floats(value: Any) -> Any:
    """Return ``value`` with the numbers that `keeping_floats` wrote as objects."""
    if isinstance(value, dict):
        if value.keys() == {_FLOAT} and value[_FLOAT] in _NOT_FINITE:
            return float(value[_FLOAT])
        return {key: with_floats(each) for key, each in value.items()}
    return [with_floats(each) for each in value] if isinstance(value, list) else value


def _mapped(value: Any, write: Callable[[float], Any]) -> Any:
    """Return ``value`` with ``write(number)`` in the place of each number that is not finite."""
    if isinstance(value, float):
        return value if isfinite(value) else write(value)
    if isinstance(value, dict):
        return {key: _mapped(each, write) for key, each in value.items()}
    return [_mapped(each, write) for each in value] if isinstance(value, list | tuple) else value

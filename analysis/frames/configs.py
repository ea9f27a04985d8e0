"""The knobs of a cell, from its stored configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is installed


def read_config(text: Any) -> dict[str, str]:
    """Return the knobs of one stored configuration by the names under which they are typed; empty if it cannot be read.

    A knob that is null is left out, except a variable of the environment, which is then removed.
    """
    try:
        plain = yaml.load(text, _Loader) if isinstance(text, str) else None  # noqa: S506  # a safe loader
    except yaml.YAMLError:
        return {}
    return {name: write_knob(value) for name, value in _flatten(plain)}


def write_knob(value: Any) -> str:
    """Return a knob's value in one canonical form, so that equal values are equal texts."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _flatten(plain: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in plain.items() if isinstance(plain, dict) else ():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{name}.")
        elif (
            value is not None or prefix == "environment."
        ):  # where null says something: the variable is removed
            yield f"{prefix}{name}", value

"""The knobs of a cell, from its stored configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import yaml

from breakeven.base.factors import COLUMNS, FACTORS, OF_THE_SWEEP, POLICY
from breakeven.base.schema import TABLES

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, if libyaml is installed


_SKIPPED = {*COLUMNS, *FACTORS, *OF_THE_SWEEP, *POLICY, *TABLES["runs"].names}
"""Knobs that have a column, and those that are the same for the whole sweep."""


def add_knobs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return ``runs`` with one text column per knob, named as typed (``workload.target``); null if unset."""
    texts = runs["config"].fillna("") if "config" in runs else pd.Series("", index=runs.index)
    known = {text: _without_columns(text) for text in texts.unique()}
    knobs = pd.DataFrame([known[text] for text in texts], index=runs.index, dtype="object")
    return runs.join(knobs)


def _without_columns(text: Any) -> dict[str, str]:
    return {name: value for name, value in read_config(text).items() if name not in _SKIPPED}


def read_config(text: Any) -> dict[str, str]:
    """Return the knobs of one stored configuration by the names under which they are typed; empty if it cannot be read.

    A knob that is null is left out, except a variable of the environment, which is then removed.
    """
    return _knobs(_load(text))


def read_configs(texts: Iterable[str]) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """Return by text of a stored configuration what it holds, and its knobs as `read_config` does."""
    plain = {text: _load(text) for text in texts}
    return {text: (found, _knobs(found)) for text, found in plain.items()}


def _load(text: Any) -> dict[str, Any]:
    try:
        plain = yaml.load(text, _Loader) if isinstance(text, str) else None  # noqa: S506  # a safe loader
    except yaml.YAMLError:
        return {}
    return plain if isinstance(plain, dict) else {}


def _knobs(plain: dict[str, Any]) -> dict[str, str]:
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

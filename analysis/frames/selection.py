"""Selections of cells as people type them: ``model=process,payload=1MiB`` or ``function=resize,blur``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Any

import pandas as pd

from breakeven.analysis.errors import NoMatch, UnknownName
from breakeven.analysis.frames.asked import CROSSED
from breakeven.analysis.frames.configs import write_knob
from breakeven.analysis.frames.quantities import read_flag, read_number
from breakeven.base.errors import BadValue
from breakeven.base.factors import COLUMNS, FACTORS
from breakeven.base.interpreters import canonical
from breakeven.base.schema import TABLES
from breakeven.base.suggestions import did_you_mean
from breakeven.base.units import format_size, format_time, read_size, read_time

_TYPED = {column: key for key, column in COLUMNS.items() if "." not in key}
"""The name under which users type a column."""
_FURTHER = ("executable", "seed", "source", "trial_ns", *CROSSED.values())
_SIZES = (*CROSSED, *CROSSED.values(), "memory_limit_bytes")
_TIMES = ("task_ns", "trial_ns", "window_ns")
_NUMBERS = ("workers", "tasks", "seed", "task_amount", "cpu_count", "threads_per_core", "cpu_quota")
_FLAGS = ("gil_enabled", "jit_enabled")
_VALUES_SHOWN = 8
_FREE_THREADED = "t"
"""The end of the name of a build without the GIL, such as 3.13t."""

_NESTING = {"[": 1, "{": 1, "]": -1, "}": -1}


@dataclass(frozen=True)
class Condition:
    """One ``key=value[,value...]`` of a selection; ``column`` is what the key means in `runs`."""

    key: str
    column: str
    wanted: tuple[str, ...]

    def __str__(self) -> str:
        """Return the condition as it was typed."""
        return f"{self.key}={','.join(self.wanted)}"

    @property
    def alternatives(self) -> Iterator[Condition]:
        """Yield a condition for each of the values."""
        for value in self.wanted:
            yield Condition(self.key, self.column, (value,))

    def __call__(self, runs: pd.DataFrame) -> pd.Series[bool]:
        """Return for each run whether it has one of the values; raise BadValue if one cannot be read."""
        found = pd.Series(data=False, index=runs.index)
        for value in self.wanted:
            found |= self._matches(runs, value)
        return found

    def _matches(self, runs: pd.DataFrame, value: str) -> pd.Series[bool]:
        if value == "null":
            return runs[self.column].isna() | runs[self.column].isin(["", "null"])
        if self.column == "interpreter":
            return _has_interpreter(runs, value)
        if self.column == "function":
            return self._calls(runs["function"], value)
        if (self.column, value) == ("tasks", "auto"):
            return runs["trial_ns"].notna()
        if self.column in (*_SIZES, *_TIMES, *_NUMBERS):
            return runs[self.column].astype("float64").eq(self._amount(value))
        return runs[self.column].map(self._matching(value)).astype(bool)

    def _calls(self, functions: pd.Series[str], value: str) -> pd.Series[bool]:
        """Match ``module:callable``, or the callable alone if one module has it."""
        if ":" in value:
            return functions.eq(value)
        called = functions.map(lambda name: name.rpartition(":")[2], na_action="ignore").eq(value)
        known = sorted(functions[called].unique())
        if len(known) > 1:
            raise BadValue(f"{self.key}={value}: there are {' and '.join(known)}; name one with its module")
        return called

    def _matching(self, wanted: str) -> Callable[[Any], bool]:
        """Return the function that says of one value whether it is selected."""
        if self.column == "python_version":
            return partial(_is_version, wanted)
        if self.column in _FLAGS:
            flag = read_flag(self.key, wanted)
            return lambda value: bool(pd.notna(value)) and bool(value) == flag
        return partial(self._is_text, wanted)

    def _amount(self, value: str) -> float:
        if self.column in _NUMBERS:
            return read_number(self.key, value)
        read = read_size if self.column in _SIZES else read_time
        return read(value, self.key, bare=self.key == self.column)

    def _is_text(self, wanted: str, value: Any) -> bool:
        """Compare texts; those of two amounts, such as 1s and 1000ms, by what they mean."""
        if self.column.startswith("environment."):  # where 01 is not 1
            return bool(value == wanted)
        return bool(pd.notna(value)) and (value == wanted or _same_amount(write_knob(value), wanted))


def _has_interpreter(runs: pd.DataFrame, wanted: str) -> pd.Series[bool]:
    """Match the name under which it was measured, a path or the file's name; if no run has it, the version.

    So ``3.13`` and ``3.13t`` in a sweep of both are what they were there.
    """
    found, name = pd.Series(data=False, index=runs.index), canonical(wanted)
    for column in ("interpreter", "executable"):
        if column in runs:
            paths = runs[column].fillna("").astype("str")
            found |= paths.isin([wanted, name]) | paths.map(lambda path: PurePath(path).name == name).astype(
                bool
            )
    return found if found.any() else _is_of_version(runs, wanted)


def _is_of_version(runs: pd.DataFrame, wanted: str) -> pd.Series[bool]:
    """Match the beginning of the version, ``3.13t`` only that of builds without the GIL."""
    version = wanted.removesuffix(_FREE_THREADED)
    found = runs["python_version"].map(partial(_is_version, version)).astype(bool)
    if version != wanted:
        found &= runs["python_build"].fillna("").str.contains("free-threaded", regex=False)
    return found


def _is_version(wanted: str, version: object) -> bool:
    """Return whether ``version`` begins with ``wanted``, part by part: 3.1 is not the beginning of 3.13."""
    return f"{version}.".startswith(f"{wanted}.")


def _same_amount(one: str, other: str) -> bool:
    for read in (float, partial(read_size, key=""), partial(read_time, key="")):
        try:
            return read(one) == read(other)
        except (ValueError, BadValue):
            continue  # it is of the other kind, or no amount at all
    return False


def read_conditions(
    text: str, runs: pd.DataFrame, prefix: str, facts: Iterable[str] = ()
) -> tuple[Condition, ...]:
    """Read ``key=value[,value...][,key=value...]``; raise BadValue or UnknownName, after ``prefix``.

    A key is a factor, a knob that `add_knobs` added to ``runs``, or one of ``facts``.
    """
    parts: list[str] = []
    for part in _split(text):
        if "=" in part or not parts:
            parts.append(part)
        else:  # one more value of the same key
            parts[-1] += f",{part}"
    return tuple(_read(part, runs, prefix, facts) for part in parts)


def _split(text: str) -> list[str]:
    """Split at the commas that are not within a list or a mapping."""
    parts, depth = [""], 0
    for char in text:
        depth += _NESTING.get(char, 0)
        if char == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _read(part: str, runs: pd.DataFrame, prefix: str, facts: Iterable[str]) -> Condition:
    key, found, text = (text.strip() for text in part.partition("="))
    values = tuple(value.strip() for value in _split(text))
    if not (key and found and all(values)):
        raise BadValue(
            f"{prefix}: {part}: no selection; write key=value[,key=value...], such as model=thread"
        )
    column = COLUMNS.get(key, key)
    knobs = [str(name) for name in runs.columns if name not in TABLES["runs"].names]
    factors = [name for name in FACTORS if name != "variables"]  # selected one by one, as environment.NAME
    known = [*factors, *(name for name in (*facts, *_FURTHER) if name in runs), *knobs]
    if column not in known:
        names = [typed(name) for name in known]
        raise UnknownName(
            f"{prefix}: {part}: no factor {key}{did_you_mean(key, names)}; there are {', '.join(names[: len(factors)])}, "
            "what is known of the machine and the interpreter (such as python_version), and knobs (such as measure.max_time)"
        )
    return Condition(key, column, values)


def select(runs: pd.DataFrame, conditions: Iterable[Condition], where: str) -> pd.DataFrame:
    """Return the runs that meet all ``conditions``; raise NoMatch if there are none, or none has one of the values."""
    chosen = runs
    for condition in conditions:
        for one in condition.alternatives:
            if not one(runs).any():
                raise NoMatch(_explain(one, runs, runs, where))
        matching = condition(runs).loc[chosen.index]  # what a name means depends on what else there is
        if not matching.any():
            raise NoMatch(_explain(condition, chosen, runs, where))
        chosen = chosen[matching]
    return chosen


def _explain(condition: Condition, chosen: pd.DataFrame, runs: pd.DataFrame, where: str) -> str:
    """Return the message that nothing matches, with the values there are."""
    values = chosen[condition.column]
    known = sorted({show_value(value, condition.column) for value in values.unique()})
    more = f" and {len(known) - _VALUES_SHOWN} more" if len(known) > _VALUES_SHOWN else ""
    left = "" if len(chosen) == len(runs) else " among the cells that the conditions before it leave"
    short = [name.rpartition(":")[2] for name in known] if condition.column == "function" else []
    return (
        f"{where} has no cell with {condition}{left}{did_you_mean(condition.wanted[0], [*known, *short])}; "
        f"its values of {condition.key} are {', '.join(known[:_VALUES_SHOWN])}{more}"
    )


def show_value(value: Any, column: str) -> str:
    """Return a stored value as it would be typed."""
    if pd.isna(value) or value == "":
        return "null"
    if column in (*_SIZES, *_TIMES):
        return format_size(int(value)) if column in _SIZES else format_time(int(value))
    return (
        str(value).lower()
        if column in _FLAGS
        else f"{value:.15g}"
        if isinstance(value, float)
        else str(value)
    )


def typed(column: str) -> str:
    """Return the name under which ``column`` is typed."""
    return _TYPED.get(column, column)

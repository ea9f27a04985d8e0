"""The two sides of a comparison: results folders, and the selections from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from breakeven.analysis.comparing.facts import FACTS
from breakeven.analysis.comparing.knobs import add_knobs
from breakeven.analysis.comparing.quantities import read_flag, read_number
from breakeven.analysis.errors import NoMatch, UnknownName
from breakeven.analysis.frames.asked import CROSSED
from breakeven.analysis.frames.configs import write_knob
from breakeven.analysis.frames.load import load
from breakeven.base.errors import BadValue
from breakeven.base.factors import COLUMNS, FACTORS
from breakeven.base.layout import LATEST_SWEEP
from breakeven.base.suggestions import did_you_mean
from breakeven.base.text import shown
from breakeven.base.units import format_size, format_time, read_size, read_time

_TYPED = {column: key for key, column in COLUMNS.items() if "." not in key}
"""The name under which users type a column."""
_FURTHER = ("executable", "seed", "trial_ns", *CROSSED.values())
_SIZES = (*CROSSED, *CROSSED.values(), "memory_limit_bytes")
_TIMES = ("task_ns", "trial_ns", "window_ns")
_NUMBERS = ("workers", "tasks", "seed", "task_amount", "cpu_count", "threads_per_core", "cpu_quota")
_FLAGS = ("gil_enabled", "jit_enabled")
_VALUES_SHOWN = 8


@dataclass(frozen=True)
class Condition:
    """One ``key=value`` of a selection; ``column`` is what the key means in `runs`."""

    key: str
    column: str
    value: str

    def __str__(self) -> str:
        """Return the condition as it was typed."""
        return f"{self.key}={self.value}"

    def __call__(self, runs: pd.DataFrame) -> pd.Series[bool]:
        """Return for each run whether it is selected; raise BadValue if the value cannot be read."""
        if self.value == "null":
            return runs[self.column].isna() | runs[self.column].isin(["", "null"])
        if self.column == "interpreter":
            return self._interpreter(runs)
        if (self.column, self.value) == ("tasks", "auto"):
            return runs["trial_ns"].notna()
        if self.column in (*_SIZES, *_TIMES, *_NUMBERS):
            return runs[self.column].astype("float64").eq(self._amount())
        return runs[self.column].map(self._matching()).astype(bool)

    def _matching(self) -> Callable[[Any], bool]:
        """Return the function that says of one value whether it is selected."""
        if self.column == "python_version":
            return self._is_version
        if self.column in _FLAGS:
            wanted = read_flag(self.key, self.value)
            return lambda value: bool(pd.notna(value)) and bool(value) == wanted
        return self._is_text

    def _amount(self) -> float:
        if self.column in _NUMBERS:
            return read_number(self.key, self.value)
        read = read_size if self.column in _SIZES else read_time
        return read(self.value, self.key, bare=self.key == self.column)

    def _interpreter(self, runs: pd.DataFrame) -> pd.Series[bool]:
        """Match the path, the file's name, or the beginning of the version."""
        paths = [
            runs[name].fillna("").astype("str") for name in ("interpreter", "executable") if name in runs
        ]
        by_path = [column.eq(self.value) | column.map(self._is_file) for column in paths]
        found = runs["python_version"].map(self._is_version).astype(bool)
        for matches in by_path:
            found |= matches.astype(bool)
        return found

    def _is_file(self, path: str) -> bool:
        return PurePath(path).name == self.value

    def _is_version(self, version: object) -> bool:
        """Return whether ``version`` begins with ours, part by part: 3.1 is not the beginning of 3.13."""
        return f"{version}.".startswith(f"{self.value}.")

    def _is_text(self, value: Any) -> bool:
        """Compare texts; those of two amounts, such as 1s and 1000ms, by what they mean."""
        if self.column.startswith("environment."):  # where 01 is not 1
            return bool(value == self.value)
        return bool(pd.notna(value)) and (value == self.value or _same_amount(write_knob(value), self.value))


def _same_amount(one: str, other: str) -> bool:
    for read in (float, partial(read_size, key=""), partial(read_time, key="")):
        try:
            return read(one) == read(other)
        except (ValueError, BadValue):
            continue  # it is of the other kind, or no amount at all
    return False


@dataclass(frozen=True)
class Side:
    """One side: its name (A or B), its folder, its selection, and the runs that match.

    ``runs`` are those with status ok; ``left_out`` are the others that match.
    """

    name: str
    path: Path
    conditions: tuple[Condition, ...]
    runs: pd.DataFrame
    left_out: pd.DataFrame

    def __str__(self) -> str:
        """Return folder and selection."""
        selected = ",".join(map(str, self.conditions))
        return f"{shown(self.path)}{':' if selected else ''}{selected}"


def open_side(name: str, text: str | Path, within: str | Path = LATEST_SWEEP) -> Side:
    """Open the side that ``text`` names: ``FOLDER``, ``FOLDER:key=value,...``, or ``key=value,...`` in ``within``.

    Raise BadInput if the folder is missing, a key unknown, a value unreadable, or no run matches.
    """
    folder, selection = _split(str(text), within)
    lab = load(folder)
    runs = add_knobs(lab.runs)
    conditions = tuple(_read(part, runs, name) for part in selection)
    chosen = _select(runs, conditions, f"{name}: {shown(lab.path)}")
    good = chosen["status"].eq("ok")
    side = Side(name, lab.path, conditions, chosen[good], chosen[~good])
    if side.runs.empty:
        statuses = ", ".join(sorted(side.left_out["status"].unique()))
        raise NoMatch(f"{name}: {side} has no run of status ok, only {statuses}; nothing can be compared")
    return side


def _split(text: str, within: str | Path) -> tuple[Path, list[str]]:
    if "=" not in text or Path(text).is_dir():
        return Path(text), []
    head, _, tail = text.partition("=")
    folder, _, key = head.rpartition(":")
    return Path(folder or within), f"{key}={tail}".split(",")


def _read(part: str, runs: pd.DataFrame, side: str) -> Condition:
    key, found, value = (text.strip() for text in part.partition("="))
    if not (key and found and value):
        raise BadValue(f"{side}: {part}: no selection; write key=value[,key=value...], such as model=thread")
    column = COLUMNS.get(key, key)
    knobs = [str(name) for name in runs.columns if "." in str(name)]
    factors = [name for name in FACTORS if name != "variables"]  # selected one by one, as environment.NAME
    known = [*factors, *(name for name in (*FACTS, *_FURTHER) if name in runs), *knobs]
    if column not in known:
        names = [typed(name) for name in known]
        raise UnknownName(
            f"{side}: {part}: no factor {key}{did_you_mean(key, names)}; there are {', '.join(names[: len(factors)])}, "
            "what is known of the machine and the interpreter (such as python_version), and knobs (such as measure.max_time)"
        )
    return Condition(key, column, value)


def _select(runs: pd.DataFrame, conditions: Iterable[Condition], where: str) -> pd.DataFrame:
    chosen = runs
    for condition in conditions:
        matching = condition(chosen)
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
    return (
        f"{where} has no cell with {condition}{left}{did_you_mean(condition.value, known)}; "
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

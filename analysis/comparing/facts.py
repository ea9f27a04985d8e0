"""Facts that must agree before two sides may be compared, and those that are allowed to differ."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from breakeven.analysis.choices import pick
from breakeven.analysis.comparing.dependencies import (
    count_versions,
    is_same_function,
    listed,
    recorded_modules,
    texts_by_pair,
)
from breakeven.analysis.comparing.work import compared_work
from breakeven.analysis.errors import SidesDiffer
from breakeven.base import modules, packages
from breakeven.base.conditions import AMOUNT, CODE, ENVIRONMENT, PACKAGES, SOURCES
from breakeven.base.text import plural
from breakeven.base.variables import read, write

GROUPS: dict[str, tuple[str, ...]] = {
    "host": ("hostname", "cpu_model", "cpu_count", "threads_per_core", "kernel", "virtualisation"),
    "interpreter": ("python_version", "implementation", "python_build", "gil_enabled", "jit_enabled"),
    "limits": ("cpu_count", "cpu_quota", "memory_limit_bytes"),
    "versions": (PACKAGES, "breakeven_version", CODE),
}
_SINGLE = ("engine", ENVIRONMENT, "governor", "clock_source", SOURCES, AMOUNT)
FACTS = tuple(dict.fromkeys([*(name for names in GROUPS.values() for name in names), *_SINGLE]))

_OF_A_CELL = (*GROUPS["interpreter"], PACKAGES)
"""Facts that may legitimately differ between the cells of one side; the others hold for a whole sweep."""

_KNOB = "environment."
_FOLLOW = {
    "interpreter_flags": ("gil_enabled", "jit_enabled"),
    "environment.PYTHON_GIL": ("gil_enabled",),
    "environment.PYTHON_JIT": ("jit_enabled",),
}
"""Facts that may differ if the sides were selected by a knob that sets them."""

Values = frozenset[str]


@dataclass(frozen=True)
class Difference:
    """A fact with more than one value, and the values of each side as texts; ``name`` is that of its part, if any.

    ``compared``: it may be what is compared, and needs no allowance.
    """

    fact: str
    a: Values
    b: Values
    name: str = ""
    compared: bool = False

    @property
    def what(self) -> str:
        """Return the fact in words."""
        return f"{self.fact}: {self.name}" if self.name else self.fact

    def __str__(self) -> str:
        """Return the difference in one line."""
        return f"{self.what}: {_list(self.a)} in A, {_list(self.b)} in B"


def _list(values: Values) -> str:
    return " and ".join(sorted(values)) or "none"


@dataclass(frozen=True)
class Allowance:
    """Facts that may differ.

    ``facts`` of any kind, the environment ``variables``, and with ``other_work`` packages that one side alone imports.
    """

    facts: frozenset[str] = field(default_factory=frozenset)
    other_work: bool = False
    variables: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, names: Iterable[str], selected: Iterable[str]) -> Allowance:
        """Read what ``--allow`` names, and add what follows from the ``selected`` columns; raise UnknownName.

        Selecting by a fact, or by the interpreter, allows the whole group of that fact to differ.
        """
        chosen = list(selected)
        groups = {group for group, facts in GROUPS.items() if {group, *facts} & set(chosen)}
        single = set(chosen) & set(_SINGLE)
        facts = {fact for name in (*names, *groups, *single) for fact in _expand(name)}
        facts |= {fact for name in chosen for fact in _FOLLOW.get(name, ())}
        other_work = any(name.split(".")[0] in ("workload", "function") for name in chosen)
        variables = {name.removeprefix(_KNOB) for name in chosen if name.startswith(_KNOB)}
        return cls(frozenset(facts), other_work, frozenset(variables))

    def covers(self, difference: Difference) -> bool:
        """Return whether ``difference`` is allowed."""
        one_sided = difference.fact == PACKAGES and not (difference.a and difference.b)
        chosen = difference.fact == ENVIRONMENT and difference.name in self.variables
        accepted = difference.fact in self.facts or difference.compared
        return accepted or (self.other_work and one_sided) or chosen


def _expand(name: str) -> tuple[str, ...]:
    return pick("--allow", name, {**GROUPS, **{fact: (fact,) for fact in FACTS}}, "fact")


def free_on_nodes(runs: pd.DataFrame, *, ratios: bool) -> tuple[str, ...]:
    """Return the facts that may differ between ``runs`` if all were made on nodes.

    The host, and for ``ratios`` within a run the CPU.
    """
    if runs["node"].isna().any():
        return ()
    return ("hostname", "cpu_model") if ratios else ("hostname",)


def find_differences(a: pd.DataFrame, b: pd.DataFrame) -> list[Difference]:
    """Return the facts that differ between or within the runs of two sides, some compared for each ``pair``.

    Facts of the machine must be the same in all runs: a sweep continued on another host differs within
    itself.
    """
    found: list[Difference] = []
    for fact in FACTS:
        if fact == PACKAGES:
            found += _packages(a, b)
        elif fact == ENVIRONMENT:
            found += _environment(a, b)
        elif fact == AMOUNT:
            found += _amounts(a, b)
        elif fact == SOURCES:
            found += _modules(a, b)
        elif fact in _OF_A_CELL:
            found += _compare(fact, _texts_by_pair(a, fact), _texts_by_pair(b, fact))
        else:
            found += _compare(fact, {0: _texts(a[fact])}, {0: _texts(b[fact])})
    return found


def _compare(fact: str, a: Mapping[Any, Values], b: Mapping[Any, Values], name: str = "") -> list[Difference]:
    """Join the values of all pairs that differ into one difference; return none if no pair differs."""
    return _join(fact, [(a[pair], b[pair]) for pair in a if a[pair] != b[pair] or len(a[pair]) > 1], name)


def _join(
    fact: str, differing: list[tuple[Values, Values]], name: str = "", *, compared: bool = False
) -> list[Difference]:
    if not differing:
        return []
    values_a, values_b = (frozenset[str]().union(*values) for values in zip(*differing, strict=True))
    return [Difference(fact, values_a, values_b, name, compared)]


def _texts_by_pair(runs: pd.DataFrame, fact: str) -> dict[Any, Values]:
    return {pair: _texts(values) for pair, values in runs.groupby("pair")[fact]}


def _texts(values: pd.Series[Any]) -> Values:
    return frozenset(_write(value) for value in values.unique())


def _write(value: Any) -> str:
    if pd.isna(value):
        return "none"
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _packages(a: pd.DataFrame, b: pd.DataFrame) -> list[Difference]:
    """Compare the packages one by one: only those that differ are named. A function's may be what is compared."""
    sides = [
        {
            pair: packages.versions(texts)
            for pair, texts in texts_by_pair(runs[PACKAGES], runs["pair"]).items()
        }
        for runs in (a, b)
    ]
    same = is_same_function(a, b)
    found: list[Difference] = []
    for name in sorted({name for side in sides for versions in side.values() for name in versions}):
        differing: dict[bool, list[tuple[Values, Values]]] = {True: [], False: []}
        for pair in sides[0]:
            one, other = (frozenset(side[pair].get(name, ())) for side in sides)
            mixed = max(len(one), len(other)) > 1
            if one != other or mixed:
                differing[same[pair] and not mixed].append((one, other))
        for compared, values in differing.items():
            found += _join(PACKAGES, values, name, compared=compared)
    return found


def _modules(a: pd.DataFrame, b: pd.DataFrame) -> list[Difference]:
    """Return which files are not the same in all runs of one cell, and how many versions of them a cell has at most."""
    sides = [texts_by_pair(recorded_modules(runs), runs["pair"]) for runs in (a, b)]
    mixed = sorted({name for side in sides for texts in side.values() for name in modules.mixed(texts)})
    if mixed:
        most = [max(count_versions(texts, mixed) for texts in side.values()) for side in sides]
        texts_a, texts_b = (frozenset({plural(count, "version")}) for count in most)
        return [Difference(SOURCES, texts_a, texts_b, listed(mixed))]
    return []


def _amounts(a: pd.DataFrame, b: pd.DataFrame) -> list[Difference]:
    """Compare the work of tasks that were not chosen to differ.

    Amounts of sweeps that did not store them are unknown.
    """
    by_task = [(one.task, one.known()) for one in compared_work(a, b)]
    return [
        difference
        for task, (known_a, known_b) in by_task
        for difference in _compare(AMOUNT, known_a, known_b, task)
    ]


def _environment(a: pd.DataFrame, b: pd.DataFrame) -> list[Difference]:
    """Compare the variables one by one; those of a sweep that did not record them are unknown."""
    sides = [
        {
            pair: [None if pd.isna(text) else read(text) for text in texts.unique()]
            for pair, texts in runs.groupby("pair")[ENVIRONMENT]
        }
        for runs in (a, b)
    ]
    recorded = (known for side in sides for texts in side.values() for known in texts if known is not None)
    found: list[Difference] = []
    for name in sorted({name for known in recorded for name in known}):
        of_name = [
            {pair: frozenset(_value(known, name) for known in texts) for pair, texts in side.items()}
            for side in sides
        ]
        found += _compare(ENVIRONMENT, of_name[0], of_name[1], name)
    return found


def _value(known: Mapping[str, str | None] | None, name: str) -> str:
    if known is None:
        return "unknown"
    return write({name: known[name]}).partition("=")[2] or "empty" if name in known else "unset"


def refuse_differences(
    differences: Iterable[Difference], allowance: Allowance, other: str | None = None
) -> tuple[Difference, ...]:
    """Return the differences, all allowed; raise SidesDiffer if one is not.

    ``other`` is the folder of A if that of B is another one.
    """
    found = list(differences)
    refused = [difference for difference in found if not allowance.covers(difference)]
    if refused:
        names = ",".join(dict.fromkeys(difference.fact for difference in refused))
        lines = "".join(f"  {difference}\n" for difference in refused)
        raise SidesDiffer(
            f"{_HEADS[names == AMOUNT]}:\n{lines}{_remedy(refused, other)}, or accept the differences with --allow {names}"
        )
    return tuple(found)


_HEADS = (
    "A and B were not measured under the same conditions",
    "the tasks of A and B do not do the same work",
)


def _remedy(refused: list[Difference], other: str | None) -> str:
    """Return what to measure again; tasks do as much as those of another sweep if that is asked for."""
    facts = {difference.fact for difference in refused}
    if other is None or AMOUNT not in facts:
        return "measure both under the same conditions"
    amounts = f"measure B with calibration={shlex.quote(other)}, so that its tasks do the work of A's"
    return (
        amounts
        if facts == {AMOUNT}
        else f"measure both under the same conditions, and {amounts.removeprefix('measure ')}"
    )

"""Where numbers were measured, and what was typed for it: of one sweep, or of several sides."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from breakeven.analysis.figures.context import Context
from breakeven.analysis.pages.page import fill
from breakeven.analysis.pages.settings import Measured, settings_of
from breakeven.analysis.units import format_size, plural
from breakeven.base.program import NAME
from breakeven.base.results import typed_options, typed_overrides
from breakeven.base.text import shown

_FACTS = {
    "hostname": "host",
    "cpu_model": "CPU",
    "cpu_count": "CPUs used",
    "cpu_quota": "CPU quota",
    "threads_per_core": "threads a core",
    "numa_nodes": "NUMA nodes",
    "governor": "governor",
    "memory_bytes": "memory",
    "memory_limit_bytes": "memory limit",
    "kernel": "kernel",
    "virtualisation": "virtualisation",
    "clock_source": "clock source",
    "python_build": "build",
    "gil_enabled": "GIL",
    "jit_enabled": "JIT",
    "engine": "engine",
    "breakeven_version": "breakeven",
    "commit": "commit",
}
"""Facts about the machine, the interpreter and the program, by the column of `runs`."""

_SIZES = ("memory_bytes", "memory_limit_bytes")
_STATES = {"gil_enabled": ("off", "on"), "jit_enabled": ("off", "on")}
_COMMIT = 12
_NAMED = 6
"""The most values of a fact that are listed."""


@dataclass(frozen=True)
class Provenance:
    """Where runs of a sweep come from.

    ``facts`` have all their values, of the machine and of the ``interpreters``; ``began`` is when the first of them
    did. ``command`` is what was typed last for the sweep, ``settings`` are with what it was measured; ``packages`` are
    those of the runs.
    """

    facts: Mapping[str, str]
    interpreters: tuple[str, ...]
    began: str
    command: str
    settings: Measured
    packages: str

    @property
    def place(self) -> list[str]:
        """Return the machine and the interpreters, in a few words each."""
        known = self.facts
        cpus = plural(known["CPUs used"], "CPU") if "CPUs used" in known else ""
        return [*filter(None, (known.get("host"), known.get("CPU"), cpus)), *self.interpreters]


class Said(NamedTuple):
    """A text about ``whose`` side, which is empty if there is only one; ``lines`` are its number."""

    whose: str
    text: str

    @property
    def lines(self) -> int:
        """Return the number of lines."""
        return self.text.count("\n") + 1


class Varied(NamedTuple):
    """The settings of ``whose`` cells that are not alike in all of them."""

    whose: str
    settings: Measured


@dataclass(frozen=True)
class Origin:
    """Where the numbers of a page come from.

    ``facts`` have a text for each of the ``sides``, or one that is that of all; what is alike in both is said once.
    """

    sides: tuple[str, ...]
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    commands: tuple[Said, ...]
    varied: tuple[Varied, ...]
    shared: tuple[Said, ...]
    packages: tuple[Said, ...]


def trace(path: Path, runs: pd.DataFrame) -> Provenance:
    """Return where ``runs`` of the sweep at ``path`` were made and what was typed for it."""
    typed = typed_overrides(path)
    interpreters = Context.of(runs).interpreters
    began, ended = (_moment(moment) for moment in (runs["started_at"].min(), runs["started_at"].max()))
    facts = {title: _values(runs, column) for column, title in _FACTS.items()}
    facts |= {
        "interpreters": "; ".join(interpreters),
        "measured": began if began == ended else f"{began} to {ended}",
        "results": shown(path),
    }
    packages = {line for text in runs["packages"].dropna() for line in text.split("\n") if line}
    return Provenance(
        facts={title: text for title, text in facts.items() if text},
        interpreters=interpreters,
        began=began,
        command=shlex.join([NAME, "run", *typed_options(path), *typed]) if typed else "",
        settings=settings_of(runs),
        packages="\n".join(sorted(packages)),
    )


def describe_origin(traced: Mapping[str, Provenance]) -> Markup:
    """Return the section that says where the numbers of each side come from; one side needs no name."""
    found = traced.values()
    titles = dict.fromkeys(title for one in found for title in one.facts)
    origin = Origin(
        sides=tuple(traced),
        facts=tuple((title, _once(one.facts.get(title, "") for one in found)) for title in titles),
        commands=_whose({name: one.command for name, one in traced.items()}),
        varied=_varied({name: one.settings for name, one in traced.items()}),
        shared=_whose({name: one.settings.shared for name, one in traced.items()}),
        packages=_whose({name: one.packages for name, one in traced.items()}),
    )
    return fill("origin", origin=origin)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    known = tuple(texts)
    return known[:1] if len(set(known)) == 1 else known


def _whose(texts: Mapping[str, str]) -> tuple[Said, ...]:
    """Return each text that is not empty once, with the names of all whose it is."""
    return tuple(
        Said(" and ".join(name for name, own in texts.items() if own == text), text)
        for text in dict.fromkeys(texts.values())
        if text
    )


def _varied(found: Mapping[str, Measured]) -> tuple[Varied, ...]:
    """Return what varied, and what changed between launches; alike sides are told once."""
    told: dict[tuple[Any, ...], list[str]] = {}
    for name, one in found.items():
        told.setdefault((one.cells, one.factors, one.combinations, one.changed), []).append(name)
    return tuple(
        Varied(" and ".join(names), found[names[0]])
        for names in told.values()
        if found[names[0]].factors or found[names[0]].changed
    )


def _values(runs: pd.DataFrame, column: str) -> str:
    values = sorted(runs[column].dropna().unique(), key=str)
    texts = [_write(column, value) for value in values]
    more = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def _write(column: str, value: Any) -> str:
    if column in _SIZES:
        return format_size(float(value))
    if column in _STATES:
        return _STATES[column][bool(value)]
    if column == "commit":
        return str(value)[:_COMMIT]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _moment(moment: Any) -> str:
    return "" if pd.isna(moment) else f"{moment:%Y-%m-%d %H:%M} UTC"

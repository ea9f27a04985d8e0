"""Where a sweep was measured, and what was typed for it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from breakeven.analysis.figures.context import Context
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size
from breakeven.base.program import NAME
from breakeven.base.results import last_configuration, typed_options, typed_overrides

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
    """Where a sweep comes from.

    ``facts`` have all values of its runs, ``command`` is what was typed last, ``config`` is YAML; ``interpreters`` and
    ``packages`` are those of its runs, ``began`` and ``ended`` when the first and the last of them began.
    """

    facts: tuple[tuple[str, str], ...]
    command: str
    config: str
    interpreters: tuple[str, ...]
    packages: tuple[str, ...]
    began: str
    ended: str


def trace(lab: Lab) -> Provenance:
    """Return where a sweep was measured and what was typed for it."""
    typed = typed_overrides(lab.path)
    facts = [(title, _values(lab.runs, column)) for column, title in _FACTS.items()]
    began, ended = (
        _moment(moment) for moment in (lab.runs["started_at"].min(), lab.runs["started_at"].max())
    )
    return Provenance(
        facts=tuple((title, text) for title, text in facts if text),
        command=shlex.join([NAME, "run", *typed_options(lab.path), *typed]) if typed else "",
        config=_config(lab.path),
        interpreters=Context.of(lab.runs).interpreters,
        packages=tuple(
            sorted({line for text in lab.runs["packages"].dropna() for line in text.split("\n") if line})
        ),
        began=began,
        ended=ended,
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


def _config(folder: Path) -> str:
    found = last_configuration(folder)
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100) if found else ""

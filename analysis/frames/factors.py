"""The factors by which cells differ, and names of cells made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

import pandas as pd

from breakeven.analysis.frames.asked import CROSSED
from breakeven.analysis.frames.configs import read_config
from breakeven.analysis.frames.lengths import name_lengths
from breakeven.analysis.frames.order import sort_cells
from breakeven.analysis.units import format_length, format_size, plural
from breakeven.base import units
from breakeven.base.factors import COLUMNS, FACTORS, OF_THE_SWEEP, POLICY
from breakeven.base.patterns import ECHOES
from breakeven.base.text import fill_plural

BARE = ("native", "none")
"""Channels that a label need not name: the model's own transport."""

MECHANISM = ("model", "start_method", "ipc", "interpreter", "interpreter_flags", "variables", "affinity")
"""What the name of a mechanism tells."""

_SETTING = ("workload", "payload_asked_bytes", "task_ns", "label", "variant", "pattern")

IMPLIED = ("payload_out_asked_bytes", "tasks", "window_ns")
"""What is told only if it does not follow from others, as tasks do from workers."""

_WRITE: dict[str, Callable[[float], str]] = {
    **dict.fromkeys((*CROSSED, *CROSSED.values()), format_size),
    **dict.fromkeys(("task_ns", "trial_ns", "window_ns"), format_length),
    **dict.fromkeys(("tasks", "workers"), lambda count: f"{count:.0f}"),
}
_EXACT: dict[str, Callable[[int], str]] = {
    **dict.fromkeys((*CROSSED, *CROSSED.values()), units.format_size),
    **dict.fromkeys(("task_ns", "trial_ns", "window_ns"), units.format_time),
}
"""How a value is written if another one of the sweep would look the same."""

_ID = 8
"""Characters of a cell's fingerprint that are enough to tell it from others."""

_NO_VARIANT = {"", "engine", *FACTORS, *OF_THE_SWEEP, *POLICY}
"""Overrides that make no variant of a cell: those with a column, and those of the whole sweep."""

_OTHERS = ("environment.", "engine.")
"""Knobs that make no variant either: those of a column together, and that of who measures."""

_IN_LABEL = {
    "payload_out_asked_bytes": "{} back",
    "task_ns": "task {}",
    "window_ns": "window {}",
    "tasks": "{} tasks",
}


def tidy_cells(runs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell, indexed by ``cell_id``: its factors, where it ran, its status and rounds.

    ``status`` is ok if at least one run is, else that of its first run; ``reason`` belongs to it.
    ``variant`` holds the overrides that differ between cells and have no column of their own.
    """
    ranked = runs.assign(ok=runs["status"].eq("ok")).sort_values(["ok", "order"], ascending=[False, True])
    cells = ranked.groupby("cell_id", sort=False)
    described = [
        *FACTORS,
        *CROSSED.values(),
        "verify",
        "status",
        "reason",
        "implementation",
        "python_version",
        "gil_enabled",
        "cpu_count",
    ]
    tidy = cells[
        described
    ].first()  # the first that is not null, so an ok run takes precedence over a failed one
    tidy["reason"] = tidy["reason"].where(tidy["status"] != "ok")
    tidy["rounds"] = cells.size()
    tidy["rounds_ok"] = cells["ok"].sum()
    tidy["variant"] = _variants(cells["overrides"].first())
    tidy["variant"] = _told_apart(tidy, cells["config"].first())
    tidy["variant"] = _beyond_doubt(tidy, cells["engine"].first())
    return sort_cells(tidy, (*FACTORS, "variant"))


def _variants(overrides: pd.Series[str]) -> pd.Series[str]:
    lines = overrides.fillna("").str.split("\n").explode()
    column = (
        lines.str.split("=")
        .str[0]
        .str.strip("+~ ")
        .str.replace(r"^environment\..*", "environment", regex=True)
    )
    column = column.replace(COLUMNS)
    lines = lines[~column.isin(_NO_VARIANT)]
    shared = lines.value_counts() == len(overrides)
    differing = lines[~lines.map(shared).astype(bool)]
    return differing.groupby(level=0).agg(", ".join).reindex(overrides.index, fill_value="")


def _told_apart(cells: pd.DataFrame, configs: pd.Series[str]) -> pd.Series[str]:
    """Return the variants, with the knobs added in which cells differ that are alike in all else.

    Such are those of a user's own file of choices, as in ``workload=small,large``: no override names them.
    """
    further = dict.fromkeys(cells.index, "")
    alike = cells.groupby([*FACTORS, "variant"], dropna=False, sort=False).ngroup()
    alike = alike[alike.duplicated(keep=False)]
    known = {text: read_config(text) for text in configs[alike.index].unique()}
    for _, members in alike.groupby(alike):
        texts = _differing_knobs([known[text] for text in configs[members.index]])
        further.update(zip(members.index, texts, strict=True))
    return (cells["variant"] + ", " + pd.Series(further, dtype="str")).str.strip(", ")


def _differing_knobs(cells: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the knobs in which cells differ.

    Those that have a column or are of the whole sweep are left out.
    """
    names = [
        name
        for name in dict.fromkeys(chain(*cells))
        if COLUMNS.get(name, name) not in _NO_VARIANT
        and not name.startswith(_OTHERS)
        and len({knobs.get(name) for knobs in cells}) > 1
    ]
    return [", ".join(f"{name}={knobs.get(name, 'null')}" for name in names) for knobs in cells]


def _beyond_doubt(cells: pd.DataFrame, engines: pd.Series[str]) -> pd.Series[str]:
    """Return the variants, with the measurer, or else the fingerprint, of cells that are otherwise alike."""
    variants = cells["variant"]
    names = "cell=" + pd.Series(cells.index.str.slice(0, _ID), cells.index)
    for texts in ("engine=" + engines.fillna("null"), names):
        alike = cells.assign(variant=variants).duplicated([*FACTORS, "variant"], keep=False)
        differs = len(set(texts)) > 1
        variants = variants.mask(alike & differs, (variants + ", " + texts).str.strip(", "))
    return variants


def is_varied(values: pd.Series[Any]) -> bool:
    """Return whether there are at least two different values, ignoring missing ones."""
    return len(values.dropna().unique()) > 1


def varying(cells: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return those of the columns that hold more than one value worth distinguishing."""
    return [name for name in names if is_varied(_distinguished(cells[name]))]


def _distinguished(values: pd.Series[Any]) -> pd.Series[Any]:
    """Leave out what a model has in place of a channel: it follows from the model."""
    return values[~values.isin(BARE)] if values.name == "ipc" else values


def label_mechanisms(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each cell by its mechanism: the model, and whatever else about it varies.

    An interpreter is named by implementation and version, never by its path.
    """
    return _join(cells, ["model", *varying(cells, MECHANISM[1:])], "/", skip=BARE)


def label_settings(cells: pd.DataFrame, without: Sequence[str] = ()) -> pd.Series[str]:
    """Name each cell by its work: those of workload, payload, task length, pattern ... that distinguish it.

    Values that follow from the others are left out, such as tasks that grow with workers. The length of a task is the
    measured one if ``cells`` have it and it is not about what was asked, the work that of the user's function.
    """
    cells = cells.assign(workload=name_work(cells))
    names = [name for name in varying(cells, _SETTING) if name not in without]
    fixed = [name for name in (*MECHANISM, *_SETTING, "workers") if name in cells]
    needed = _needed(cells, [name for name in IMPLIED if name not in without], fixed)
    lengths = {"task_ns": name_lengths(cells, without)}
    shown = {*drop_implied(cells, names), *_named(cells)}
    names = [name for name in names if name in shown]
    return _join(cells, [*names, *needed], ", ", written=lengths)


def _named(cells: pd.DataFrame) -> tuple[str, ...]:
    """Return the settings that are named though others imply them: the user's functions, if there are any."""
    return ("workload",) if cells["function"].notna().any() else ()


def name_cells(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each cell by what distinguishes it but for its workers: its mechanism, and its work."""
    known = cells if "variant" in cells else cells.assign(variant="")
    both = zip(label_mechanisms(known), label_settings(known), strict=True)
    names = pd.Series([", ".join(filter(None, parts)) for parts in both], cells.index, dtype="str")
    return tell_apart(known.assign(name=names), "name", ["workers"])


def tell_apart(cells: pd.DataFrame, label: str, beside: Sequence[str]) -> pd.Series[str]:
    """Return the texts of column ``label``, so that no two cells have one and are alike in all columns ``beside``, too.

    Those of which two do get, one factor after the other, what differs between them; so do all others, since
    cells that differ in nothing else belong together.
    """
    known = [name for name in (*FACTORS, "variant") if name in cells]
    which = cells.groupby(known, dropna=False, sort=False).ngroup()
    texts = cells[label]
    for name in known:
        alike = cells.assign(**{label: texts}).groupby([label, *beside], dropna=False, sort=False).ngroup()
        crowded = which.groupby(alike).transform("nunique").gt(1)
        if not crowded.any():
            break
        if name not in beside and cells[name][crowded].groupby(alike).nunique(dropna=False).gt(1).any():
            further = label_cells(cells, [name], "")
            texts = (texts + ", ").where(texts.ne("") & further.ne(""), texts) + further
    return texts


def label_cells(cells: pd.DataFrame, names: Sequence[str], between: str) -> pd.Series[str]:
    """Name each cell by the columns ``names``, joined by ``between``."""
    counts = cells["workers"].map(lambda count: plural(count, "worker"))
    written = {"task_ns": name_lengths(cells), "function": name_work(cells), "workers": counts}
    return _join(cells, names, between, skip=BARE, written=written)


def name_work(cells: pd.DataFrame) -> pd.Series[str]:
    """Return what a task of each cell computes.

    The user's function, ``module:callable``, or the built-in workload; the pattern if no workload runs.
    """
    work = cells["function"].where(cells["function"].notna(), cells["workload"])
    return work.mask(cells["pattern"].isin(ECHOES), cells["pattern"])


def drop_implied(cells: pd.DataFrame, names: list[str]) -> list[str]:
    """Drop names, the last first, without which the others still distinguish as many settings."""
    codes = pd.DataFrame({name: pd.factorize(cells[name])[0] for name in names})
    kept, count = list(names), len(codes.drop_duplicates())
    for name in reversed(names):
        others = [other for other in kept if other != name]
        if others and len(codes[others].drop_duplicates()) == count:
            kept = others
    return kept


def _needed(cells: pd.DataFrame, names: list[str], fixed: list[str]) -> list[str]:
    """Return those of ``names`` that differ among cells which are equal in all of ``fixed``."""
    differ = [name for name in fixed if len(cells[name].unique()) > 1]
    alike = cells.groupby(differ, dropna=False).ngroup() if differ else pd.Series(0, cells.index)
    return [name for name in names if cells[name].groupby(alike).nunique().max() > 1]


def _join(
    cells: pd.DataFrame,
    names: Sequence[str],
    between: str,
    skip: Sequence[str] = (),
    written: Mapping[str, pd.Series[str]] = MappingProxyType({}),
) -> pd.Series[str]:
    """Join the texts of several columns, those of ``written`` as they are there."""
    values = [written[name] if name in written else write(cells, name) for name in names]
    forms = [_IN_LABEL.get(name, _form(name)) for name in names]
    texts = [
        value.map(partial(fill_plural, form), na_action="ignore")
        for value, form in zip(values, forms, strict=True)
    ]
    rows = zip(*texts, strict=True) if texts else [()] * len(cells)
    kept = [
        between.join(text for text in row if pd.notna(text) and text and text not in skip) for row in rows
    ]
    return pd.Series(kept, index=cells.index, dtype="str")


def _form(name: str) -> str:
    """Return how a value is written: a knob without a column, such as pattern.lock, with its name."""
    return f"{name.rpartition('.')[2]}={{}}" if "." in name else "{}"


def write(cells: pd.DataFrame, factor: str) -> pd.Series[str]:
    """Return the values of ``factor`` as readable text; missing ones stay missing."""
    if factor == "interpreter":
        return _name_interpreters(cells)
    if factor == "variables":
        return _name_variables(cells)
    texts = cells[factor].map(_WRITE.get(factor, str), na_action="ignore").astype("object")
    return _exact_if_alike(cells[factor], texts, _EXACT[factor]) if factor in _EXACT else texts


def _exact_if_alike(
    values: pd.Series[Any], texts: pd.Series[str], exact: Callable[[int], str]
) -> pd.Series[str]:
    """Return ``texts``, and instead of those that several values share exact ones, such as ``1048577B``."""
    known = pd.DataFrame({"value": values, "text": texts}).dropna().drop_duplicates()
    alike = known.loc[known["text"].duplicated(keep=False), "value"]
    if alike.empty:
        return texts
    return texts.mask(values.isin(alike), values.map(lambda value: exact(int(value)), na_action="ignore"))


def _name_variables(cells: pd.DataFrame) -> pd.Series[str]:
    """Return the environment variables that ``cells`` set, without those that all of them set alike."""
    found = [set(text.split("\n")) for text in cells["variables"].fillna("").unique()]
    common = set.intersection(*found) if found else set()
    return cells["variables"].map(lambda text: _name_some(text, common), na_action="ignore").astype("object")


def _name_some(text: str, without: set[str]) -> str:
    kept = [line for line in text.split("\n") if line and line not in without]
    return " ".join(line if "=" in line else f"{line} unset" for line in kept)


def name_implementation(implementation: str) -> str:
    """Return the name of an implementation as its makers spell it."""
    return {"cpython": "CPython", "pypy": "PyPy"}.get(implementation, implementation)


def _name_interpreters(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each cell's interpreter such as ``CPython 3.14.0+GIL off``; those of one name are numbered.

    A cell that never ran has the name of another with the same interpreter, else its file's name.
    """
    known = cells.dropna(subset=["implementation", "python_version"]).drop_duplicates("interpreter")
    texts = {row["interpreter"]: _name_interpreter(row) for _, row in known.iterrows()}
    names = pd.Series({path: texts.get(path, PurePath(path).name) for path in cells["interpreter"].dropna()})
    place, total = names.groupby(names).cumcount() + 1, names.map(names.value_counts())
    names = names.where(total.eq(1), names + " #" + place.astype("str"))
    return cells["interpreter"].map(names).astype("object")


def _name_interpreter(cell: pd.Series[Any]) -> str:
    gil = "+GIL off" if cell["gil_enabled"] is False or cell["gil_enabled"] == 0 else ""
    return f"{name_implementation(str(cell['implementation']))} {cell['python_version']}{gil}"

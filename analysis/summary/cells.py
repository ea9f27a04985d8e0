"""The cells of a sweep as texts: what differs among them, then the estimates, the best of each question first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from breakeven.analysis.frames.asked import answers_alike
from breakeven.analysis.frames.factors import BARE, IMPLIED, name_work, varying, write
from breakeven.analysis.frames.hosts import SEVERAL, without_absolute
from breakeven.analysis.frames.lengths import NEAR
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.observed import name_quantity, write_quantity
from breakeven.analysis.frames.rows import Row, to_rows
from breakeven.analysis.summary.kinds import name_kind, one_row_a_kind
from breakeven.analysis.units import format_rate, format_ratio, format_size, format_time, format_times, plural
from breakeven.base.factors import FACTORS
from breakeven.base.patterns import ECHOES
from breakeven.base.text import fill_plural, printable

Text = Callable[[Row], str]

NUMBER, FLAGS = "#", ""
"""The headings of the first and the last column."""

CHOICE = ("model", "start_method", "ipc", "workers", "affinity")
"""Factors that a reader chooses; all others that vary are what the choice is made for, a question."""

DROPPED = (
    *("between processes", "between hosts"),
    *("efficiency", "with start-up", "quiet [95 %]", "disturbed", "task measured", "crossed"),
    *("tasks", "payload out", "window", "bandwidth", "startup", "throughput", "p99"),
)
"""Headings of the columns that a narrow terminal does without, the first ones first; factors only if they follow from
others."""

LEFT = ("speedup [95 %]", "round trip [95 %]", "quiet [95 %]", "kind", FLAGS)
"""Headings other than those of texts whose columns begin at the left."""


_SMALL_BYTES = 1024
"""What crosses with arguments alone is not worth a column if it is less than this."""


@dataclass(frozen=True)
class Table:
    """The cells of one pattern as ``texts``, by cell_id under the printed headings.

    There is one row a cell or kind of its rounds.

    ``about`` is what all of them have in common. ``factors`` are the headings of what distinguishes them, ``ranks`` the
    place of each row within its question, 0 for the best. ``raw`` has a row for each of ``texts`` with the numbers and
    names behind them, by the columns of `Lab.estimates`; ``sources`` names that column by heading, of the headings that
    have one.
    """

    about: str
    texts: pd.DataFrame
    factors: tuple[str, ...]
    ranks: tuple[int, ...]
    raw: pd.DataFrame = field(default_factory=pd.DataFrame)
    sources: Mapping[str, str] = field(default_factory=dict)


def tables(lab: Lab, marks: Mapping[str, Iterable[str]]) -> dict[str, Table]:
    """Return a table for each pattern, since patterns measure different things; ``marks`` are the cells by flag.

    Cells are numbered throughout.
    """
    estimates, kinds = measured(lab), _kinds(lab)
    found: dict[str, Table] = {}
    first = 1
    for pattern, cells in estimates.groupby("pattern"):
        ordered = _in_order(cells)
        own = kinds[kinds.index.get_level_values("cell_id").isin(ordered.index)]
        shown = one_row_a_kind(ordered, own)
        found[str(pattern)] = _table(ordered, shown, _flags(shown.index, marks), first, _observed(lab, shown))
        first += len(ordered)
    return found


def measured(lab: Lab) -> pd.DataFrame:
    """Return `Lab.estimates` as they are shown.

    It has work by its name, and nothing that unlike hosts do not share.
    """
    return _shared(lab, lab.estimates.assign(workload=name_work(lab.estimates)))


def _kinds(lab: Lab) -> pd.DataFrame:
    kinds = lab.kinds
    if not kinds.empty:
        kinds = kinds.assign(workload=name_work(kinds))
    return _shared(lab, kinds)


def _shared(lab: Lab, cells: pd.DataFrame) -> pd.DataFrame:
    return without_absolute(cells) if lab.unlike_hosts else cells


def _flags(cells: Iterable[str], marks: Mapping[str, Iterable[str]]) -> list[str]:
    return ["".join(flag for flag, marked in marks.items() if cell in marked) for cell in cells]


def _in_order(cells: pd.DataFrame) -> pd.DataFrame:
    """Return ``cells`` question by question, in each the best first.

    That is by the end of the interval that is surely reached.
    """
    return cells.assign(question=_questions(cells), worth=_worth(cells)).sort_values(
        ["question", "worth"], ascending=[True, False], na_position="last", kind="stable"
    )


def _questions(cells: pd.DataFrame) -> pd.Series[int]:
    """Return the number of each cell's question, in the order of their factors."""
    names = [name for name in _distinguishing(cells) if name not in CHOICE]
    if not names:
        return pd.Series(0, cells.index)
    return pd.DataFrame({name: _places(cells[name]) for name in names}, cells.index).groupby(names).ngroup()


def _places(values: pd.Series[Any]) -> pd.Series[float]:
    """Return the place of each value.

    Numbers by size, texts in the order in which they appear; a missing one is first.
    """
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64").rank(method="dense").fillna(0)
    return pd.Series(pd.factorize(values)[0].astype("float64"), values.index)


def _worth(cells: pd.DataFrame) -> pd.Series[float]:
    low = cells["speedup_low"].where(cells["speedup_low"].notna(), cells["speedup"]).astype("float64")
    high = cells["latency_p50_ns_high"].where(cells["latency_p50_ns_high"].notna(), cells["latency_p50_ns"])
    return low.where(cells["latency_p50_ns"].isna(), -high.astype("float64"))


def _distinguishing(cells: pd.DataFrame) -> list[str]:
    """Return the factors that vary among ``cells``, those of the question first.

    Those that follow from others are left out.
    """
    names = [name for name in (*FACTORS, "variant") if name != "function" and not is_constant(cells[name])]
    sure = [name for name in varying(cells, names) if name not in IMPLIED]
    needed = [name for name in names if name in sure or _is_needed(cells, name, sure)]
    return sorted(needed, key=lambda name: (name in CHOICE, name == "variant"))


def _is_needed(cells: pd.DataFrame, name: str, others: list[str]) -> bool:
    """Return whether ``name`` differs among cells that are equal in all ``others``."""
    if not others:
        return not is_constant(cells[name])
    return bool(cells.groupby(others, dropna=False)[name].nunique(dropna=False).gt(1).any())


def is_constant(values: pd.Series[Any]) -> bool:
    """Return whether all values are equal; missing ones are."""
    return len(values.unique()) == 1


def _observed(lab: Lab, shown: pd.DataFrame) -> dict[str, pd.Series[str]]:
    """Return what was observed in the parallel trials of the rows, by heading."""
    found = lab.observed[lab.observed["kind"].eq("parallel") & lab.observed["cell_id"].isin(shown.index)]
    texts = {}
    for quantity, rows in found.groupby("quantity", sort=False):
        values = rows.set_index("cell_id")["value"].reindex(shown.index)
        written = values.map(partial(write_quantity, str(quantity)), na_action="ignore")
        texts[name_quantity(str(quantity))] = written.fillna("")
    return texts


def _table(
    cells: pd.DataFrame,
    shown: pd.DataFrame,
    flags: list[str],
    first: int,
    observed: dict[str, pd.Series[str]],
) -> Table:
    """Return the table of ``shown``: the ``cells``, which are numbered from ``first`` on, or kinds in their place."""
    names = _distinguishing(cells)
    vary = varying(cells, (*FACTORS, "variant"))
    implied = [
        name
        for name in IMPLIED
        if name in vary
        and name not in names
        and not (name == "payload_out_asked_bytes" and answers_alike(cells))
    ]
    rows = to_rows(shown)
    texts = {NUMBER: pd.Series(_numbers(cells, shown, first), shown.index)}
    texts |= {heading(name): write(shown, name).fillna("") for name in [*names, *implied]}
    if "kind" in shown:
        texts["kind"] = pd.Series([name_kind(row) for row in rows], shown.index)
    for title, column, text in ESTIMATES:
        if shown[column].notna().any():
            texts[title] = pd.Series([text(row) for row in rows], shown.index)
    texts |= observed
    texts[FLAGS] = pd.Series(flags, shown.index)
    frame = pd.DataFrame(texts, index=shown.index).astype("str").map(printable)
    frame = frame[[title for title in texts if title == NUMBER or frame[title].ne("").any()]]
    ranks = cells.groupby("question").cumcount()
    factors = tuple(heading(name) for name in names) + (("kind",) if "kind" in frame else ())
    sources = {heading(name): name for name in [*names, *implied]}
    sources |= {title: column for title, column, _ in ESTIMATES}
    sources = {title: column for title, column in sources.items() if title in frame}
    ends = [f"{column}{end}" for column in sources.values() for end in ("", "_low", "_high")]
    raw = shown[[name for name in ends if name in shown]]
    return Table(_about(cells), frame, factors, tuple(ranks.loc[shown.index]), raw, sources)


def _numbers(cells: pd.DataFrame, shown: pd.DataFrame, first: int) -> list[str]:
    """Return the number of each row; those of the kinds of one cell are ``3a`` and ``3b``."""
    number = {cell: first + place for place, cell in enumerate(cells.index)}
    counts, place = shown.index.value_counts(), shown.groupby(level=0).cumcount()
    letters = [
        chr(ord("a") + at) if counts[cell] > 1 else "" for cell, at in zip(shown.index, place, strict=True)
    ]
    return [f"{number[cell]}{letter}" for cell, letter in zip(shown.index, letters, strict=True)]


_HEADINGS = {"variables": "environment", "workload": "work"}


def heading(factor: str) -> str:
    """Return the heading of a factor's column."""
    if factor in _HEADINGS:
        return _HEADINGS[factor]
    return factor.removesuffix("_bytes").removesuffix("_asked").removesuffix("_ns").replace("_", " ")


def _about(cells: pd.DataFrame) -> str:
    """Return what all ``cells`` have in common: pattern, factors, CPUs."""
    constant = [name for name in FACTORS if name != "pattern" and is_constant(cells[name])]
    if cells["pattern"].isin(ECHOES).all():
        constant = [name for name in constant if name != "workload"]  # it runs none
    if answers_alike(cells):
        constant = [name for name in constant if name != "payload_out_asked_bytes"]
    constant = [name for name in constant if name != "function"]  # the workload is written as it
    texts = {name: write(cells, name).iloc[0] for name in constant}
    named = [
        fill_plural(_COMMON.get(name, "{}"), text)
        for name, text in texts.items()
        if pd.notna(text) and text and text not in BARE
    ]
    if is_constant(cells["cpu_count"]) and cells["cpu_count"].notna().all():
        named.append(plural(int(cells["cpu_count"].iloc[0]), "CPU"))
    return printable(f"{cells['pattern'].iloc[0]}: {', '.join(named)}")


_COMMON = {
    "label": "label {}",
    "workers": "workers {}",
    "payload_out_asked_bytes": "{} back",
    "tasks": "{} tasks",
    "task_ns": "task {}",
    "window_ns": "window {}",
    "affinity": "affinity {}",
}


def _interval(column: str) -> Text:
    """Return the function that writes a ratio with its interval, such as ``1.93 [1.90, 1.95]``."""

    def text(row: Row) -> str:
        value, low, high = (row[f"{column}{end}"] for end in ("", "_low", "_high"))
        interval = f" [{format_ratio(low)}, {format_ratio(high)}]" if pd.notna(low) else ""
        return f"{format_ratio(value)}{interval}" if pd.notna(value) else ""

    return text


def _round_trip(row: Row) -> str:
    """Return the median round trip with its interval in the same unit: ``50.1 us [49.8, 50.4]``."""
    value, low, high = (row[f"latency_p50_ns{end}"] for end in ("", "_low", "_high"))
    if pd.isna(value):
        return ""
    return (
        f"{format_time(value)} [{', '.join(format_times(value, low, high))}]"
        if pd.notna(low)
        else format_time(value)
    )


def _single(column: str, form: Callable[[float], str]) -> Text:
    return lambda row: form(row[column]) if pd.notna(row[column]) else ""


def _only(pattern: str, text: Text) -> Text:
    return lambda row: text(row) if row["pattern"] == pattern else ""


def _of_several_hosts(column: str) -> Text:
    """Return the function that writes a spread, of cells that were measured on several hosts alone."""
    text = _single(column, "{:.1%}".format)
    return lambda row: text(row) if row["hosts"] >= SEVERAL else ""


def _where_disturbed(text: Text) -> Text:
    return lambda row: text(row) if row["pairs_disturbed"] > 0 else ""


def _unlike_asked(row: Row) -> str:
    """Return the measured length of a task if it differs from the configured one, else nothing."""
    asked, measured = row["task_ns"], row["task_measured_ns"]
    as_asked: bool = pd.notna(asked) and pd.notna(measured) and abs(measured / asked - 1) <= NEAR
    return "" if as_asked else _single("task_measured_ns", format_time)(row)


def _crossed(row: Row) -> str:
    """Return the payload that crossed if it differs from the one that was asked for.

    So it is if none was asked for and it is not small.
    """
    asked, crossed = row["payload_asked_bytes"], row["payload_bytes"]
    if pd.isna(crossed):
        return ""
    as_asked = abs(crossed - asked) <= NEAR * asked if pd.notna(asked) else crossed < _SMALL_BYTES
    return "" if as_asked else format_size(crossed)


ESTIMATES: tuple[tuple[str, str, Text], ...] = (
    ("speedup [95 %]", "speedup", _interval("speedup")),
    ("round trip [95 %]", "latency_p50_ns", _round_trip),
    ("p99", "latency_p99_ns", _single("latency_p99_ns", format_time)),
    ("throughput", "throughput_per_s", _only("window", _single("throughput_per_s", format_rate))),
    ("startup", "startup_ns", _single("startup_ns", format_time)),
    (
        "bandwidth",
        "bandwidth_bytes_per_s",
        _only("pingpong", _single("bandwidth_bytes_per_s", lambda rate: format_rate(rate, "B"))),
    ),
    ("task measured", "task_measured_ns", _unlike_asked),
    ("crossed", "payload_bytes", _crossed),
    ("quiet [95 %]", "speedup_quiet", _where_disturbed(_interval("speedup_quiet"))),
    ("disturbed", "pairs_disturbed", _where_disturbed(_single("pairs_disturbed", "{:.0%}".format))),
    ("with start-up", "speedup_with_startup", _single("speedup_with_startup", format_ratio)),
    ("efficiency", "efficiency", _single("efficiency", format_ratio)),
    ("between hosts", "spread_hosts", _of_several_hosts("spread_hosts")),
    ("between processes", "spread_processes", _of_several_hosts("spread_processes")),
)

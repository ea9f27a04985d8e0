"""A sweep on one screen: cells with estimates, what did not run and why, where it is, what to type next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from breakeven.analysis.frames.asked import answers_alike
from breakeven.analysis.frames.factors import label_mechanisms, varying, write
from breakeven.analysis.frames.lengths import NEAR
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.summary.cautions import MOST_EFFICIENCY, cautions
from breakeven.analysis.summary.kinds import falls_into_kinds, name_kind, one_row_a_kind
from breakeven.analysis.summary.native_threads import native_threads
from breakeven.analysis.summary.next_command import suggest
from breakeven.analysis.summary.page_faults import page_faults
from breakeven.analysis.summary.undecided import wider_than_asked
from breakeven.analysis.units import format_rate, format_ratio, format_time
from breakeven.analysis.verdicts import verdict_lines
from breakeven.base.factors import FACTORS
from breakeven.base.results import planned_runs
from breakeven.base.text import shown

Text = Callable[["pd.Series[Any]"], str]

UNBOUNDED = 10_000

ROWS = 60
"""The most cells that are printed; `Lab.estimates` has them all."""

_ALWAYS = ("workload", "model", "workers")
_NUMERIC = (
    "workers",
    "payload",
    "payload out",
    "tasks",
    "task",
    "task measured",
    "window",
    "efficiency",
    "with start-up",
    "quiet",
    "disturbed",
    "throughput",
    "p99",
    "bandwidth",
)


@dataclass(frozen=True)
class Summary:
    """What `render` prints.

    ``cells`` holds, by pattern, one row per cell with an estimate, or per kind of its rounds, as texts under the printed headings;
    ``problems`` one row per status and reason with ``cells``, ``runs`` and an ``example``; ``statuses``
    counts cells; ``cautions`` are what to know before believing the numbers, ``undecided`` is of the cells whose
    intervals are wider than asked.
    """

    path: Path
    cells: dict[str, pd.DataFrame]
    problems: pd.DataFrame
    statuses: dict[str, int]
    runs: int
    cautions: tuple[str, ...]
    next_command: str | None
    missing: int = 0
    arrived: int = 0
    undecided: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()


def print_summary(folder: Path) -> None:
    """Print the summary of the results folder ``folder``; raise BadResults."""
    render(summarise(load(folder)), Console())


def summarise(lab: Lab) -> Summary:
    """Summarise the sweep for people; see `Summary`."""
    planned, by_rule = planned_runs(lab.path), _ended_by_rule(lab)
    stored = set(lab.runs["cell_id"] + "-" + lab.runs["round"].astype("str"))
    covers_cell = bool((lab.estimates["covers"].eq("cell") | lab.estimates["precision"].notna()).all())
    return Summary(
        path=lab.path,
        cells=_write_patterns(one_row_a_kind(lab.estimates, lab.kinds)),
        problems=_group_problems(lab),
        statuses=Counter(lab.cells["status"]),
        runs=len(lab.runs),
        cautions=(
            *_missing(lab),
            *falls_into_kinds(lab),
            *cautions(lab.estimates, lab.runs),
            *native_threads(lab),
            *page_faults(lab),
        ),
        next_command=suggest(lab.path, lab.runs, covers_cell=covers_cell),
        missing=len({run for run in planned - stored if run.rpartition("-")[0] not in by_rule}),
        arrived=len(planned & stored),
        undecided=tuple(wider_than_asked(lab)),
        verdicts=tuple(verdict_lines(lab)),
    )


def _ended_by_rule(lab: Lab) -> set[str]:
    """Return the cells whose rounds end by a rule: if some are missing, other lines say so, and why."""
    return set(lab.runs.loc[lab.runs["precision"].notna(), "cell_id"])


def _missing(lab: Lab) -> Iterator[str]:
    """Tell of runs with a deleted file: figures and tables lack a part of them."""
    gone = lab.missing
    if len(gone):
        runs = _plural(len(gone[["cell_id", "round"]].drop_duplicates()), "stored run")
        tables = ", ".join(gone["table"].unique())
        yield f"files of {runs} are missing (in {tables}): run the sweep again, which measures those runs again"


def _write_patterns(estimates: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the cells of each pattern in a table of its own, since patterns measure different things."""
    patterns = estimates.groupby("pattern")
    return {str(pattern): _write_cells(cells) for pattern, cells in patterns}


def _write_cells(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return one row per cell, or kind of its rounds: the factors that vary, then the estimates that any cell has."""
    vary = varying(estimates, (*FACTORS, "variant"))
    always = _ALWAYS[1:] if estimates["pattern"].eq("pingpong").all() else _ALWAYS  # it runs no workload
    names = [name for name in (*FACTORS, "variant") if name in always or name in vary]
    if answers_alike(estimates):
        names = [name for name in names if name != "payload_out_asked_bytes"]
    texts = {_heading(name): write(estimates, name).fillna("") for name in names}
    if "kind" in estimates:
        texts["kind"] = estimates.apply(name_kind, axis=1)
    for heading, column, text in _ESTIMATES:
        if estimates[column].notna().any():
            texts[heading] = estimates.apply(text, axis=1)
    return pd.DataFrame(
        {name: text for name, text in texts.items() if text.ne("").any()}, index=estimates.index
    )


def _heading(factor: str) -> str:
    if factor == "variables":
        return "environment"
    return factor.removesuffix("_bytes").removesuffix("_asked").removesuffix("_ns").replace("_", " ")


def _interval(column: str, form: Callable[[float], str]) -> Text:
    """Return the function that writes an estimate with its interval, such as ``1.93 [1.90, 1.95]``."""

    def text(row: pd.Series[Any]) -> str:
        value, low, high = (row[f"{column}{end}"] for end in ("", "_low", "_high"))
        interval = f" [{form(low)}, {form(high)}]" if pd.notna(low) else ""
        return f"{form(value)}{interval}" if pd.notna(value) else ""

    return text


def _single(column: str, form: Callable[[float], str]) -> Text:
    return lambda row: form(row[column]) if pd.notna(row[column]) else ""


def _only(pattern: str, text: Text) -> Text:
    return lambda row: text(row) if row["pattern"] == pattern else ""


def _where_disturbed(text: Text) -> Text:
    return lambda row: text(row) if row["pairs_disturbed"] > 0 else ""


def _unlike_asked(row: pd.Series[Any]) -> str:
    """Return the measured length of a task if it differs from the configured one, else nothing."""
    asked, measured = row["task_ns"], row["task_measured_ns"]
    as_asked = pd.notna(asked) and pd.notna(measured) and abs(measured / asked - 1) <= NEAR
    return "" if as_asked else _single("task_measured_ns", format_time)(row)


def _remark(row: pd.Series[Any]) -> str:
    """Return what to know before trusting a row's numbers; ``verify`` is none where nobody compared results."""
    remarks = (
        ("not the same work", row["efficiency_low"] > MOST_EFFICIENCY),
        ("not verified", row["verify"] == "none"),
    )
    return ", ".join(remark for remark, applies in remarks if applies)


_ESTIMATES: tuple[tuple[str, str, Text], ...] = (
    ("task measured", "task_measured_ns", _unlike_asked),
    ("speedup [95 %]", "speedup", _interval("speedup", format_ratio)),
    ("quiet", "speedup_quiet", _where_disturbed(_single("speedup_quiet", format_ratio))),
    ("disturbed", "pairs_disturbed", _where_disturbed(_single("pairs_disturbed", "{:.0%}".format))),
    ("with start-up", "speedup_with_startup", _single("speedup_with_startup", format_ratio)),
    ("efficiency", "efficiency", _single("efficiency", format_ratio)),
    ("throughput", "throughput_per_s", _only("window", _single("throughput_per_s", format_rate))),
    ("round trip p50 [95 %]", "latency_p50_ns", _interval("latency_p50_ns", format_time)),
    ("p99", "latency_p99_ns", _single("latency_p99_ns", format_time)),
    (
        "bandwidth",
        "bandwidth_bytes_per_s",
        _only("pingpong", _single("bandwidth_bytes_per_s", lambda rate: format_rate(rate, "B"))),
    ),
    ("remark", "model", _remark),
)


def _group_problems(lab: Lab) -> pd.DataFrame:
    """Count runs that are not ok by status and reason, the most frequent first."""
    bad = lab.runs[lab.runs["status"].ne("ok")]
    bad = bad.assign(example=label_mechanisms(lab.runs), reason=bad["reason"].fillna("no reason was stored"))
    groups = bad.groupby(["status", "reason"], as_index=False, sort=False)
    counted = groups.agg(cells=("cell_id", "nunique"), runs=("cell_id", "size"), example=("example", "first"))
    return counted.sort_values("cells", ascending=False, kind="stable", ignore_index=True)


def render(summary: Summary, console: Console) -> None:
    """Print ``summary``: as a table if the console is wide enough, else as plain text that is never cut."""
    for line in summary.verdicts:
        _say(console, line)
    for pattern, cells in summary.cells.items():
        _say(console, f"{pattern}:")
        _print_cells(cells.head(ROWS), console)
        if len(cells) > ROWS:
            more = _count(len(cells) - ROWS)
            _say(console, f"... and {more} more: load({shown(summary.path)!r}).estimates")
    counts = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
    _say(console, f"{_count(sum(summary.statuses.values()))} ({counts}) in {_plural(summary.runs, 'run')}")
    if summary.missing:
        planned = summary.missing + summary.arrived
        _say(
            console,
            f"incomplete: {summary.missing} of {_plural(planned, 'planned run')} missing; run the sweep again, which carries on",
        )
    for caution in summary.cautions:
        _say(console, caution)
    for _, problem in summary.problems.head(ROWS).iterrows():
        count = _count(problem["cells"])
        _say(
            console,
            f"{problem['status']}, {count}: {_shorten(problem['reason'])} (such as {problem['example']})",
        )
    for line in summary.undecided:
        _say(console, line)
    _say(console, f"results: {shown(summary.path)}")
    if summary.next_command:
        _say(console, f"next: {summary.next_command}")


def _print_cells(cells: pd.DataFrame, console: Console) -> None:
    headings, rows = cells.columns.tolist(), cells.to_numpy().tolist()
    table = Table(header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True, justify="right" if heading in _NUMERIC else "left")
    for row in rows:
        table.add_row(*row)
    if not console.is_terminal:
        for line in _align([headings, *rows]):
            _say(console, line)
    elif Measurement.get(console, console.options.update_width(UNBOUNDED), table).maximum <= console.width:
        console.print(table)
    else:
        for row in rows:
            pairs = zip(headings, row, strict=True)
            _say(console, ", ".join(f"{heading} {text}" for heading, text in pairs if text))


def _align(rows: list[list[str]]) -> list[str]:
    """Return rows as lines of columns padded with spaces."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _count(cells: int) -> str:
    return _plural(cells, "cell")


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _shorten(reason: str) -> str:
    """Return the last line, which in a traceback says what happened, and the number of lines."""
    lines = reason.strip().splitlines() or [reason]
    return lines[-1].strip() + (f" (last of {len(lines)} lines)" if len(lines) > 1 else "")


def _say(console: Console, text: str) -> None:
    """Print text verbatim: do not interpret markup in a reason, do not break a path in two."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)

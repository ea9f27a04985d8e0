"""A comparison as text for a terminal or a log, and as Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table

from breakeven.analysis.comparing.comparison import CORRECTION, Comparison
from breakeven.analysis.comparing.measures import MEASURES
from breakeven.analysis.comparing.verdict import VERDICTS
from breakeven.analysis.units import format_ratio, plural
from breakeven.base.results import left_out
from breakeven.base.schema import TABLES
from breakeven.base.terminal import print_plain
from breakeven.base.text import printable, shown
from breakeven.runner.cell.intervals import LEVEL

WIDE = 100
"""Width of a terminal from which the values of both sides fit."""

ROWS = 60
"""The most pairs shown as text, the most informative first; every other format has all."""

FIRST = ("slower", "faster", "cannot tell", "same")
"""Verdicts, the most informative first."""
HEADINGS = ("verdict", f"effect [{LEVEL * 100:.0f} %]", "p adj.", "A", "B", "rounds", "cell")
_NARROW = ("verdict", HEADINGS[1], "p adj.", "cell")


def to_text(comparison: Comparison, *, width: int, terminal: bool, colour: bool = False) -> str:
    """Return ``comparison`` for people: a table that fits ``width`` on a terminal, else one line per pair."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=terminal, color_system="standard" if colour else None
    )
    rows = _rows(comparison)
    for line in header(comparison):
        print_plain(console, line)
    if terminal:
        console.print(_table(rows.head(ROWS), width))
    else:
        for line in _align(rows.head(ROWS)):
            print_plain(console, line)
    if len(rows) > ROWS:
        print_plain(console, f"... and {plural(len(rows) - ROWS, 'cell')} more: --format csv has all")
    for line in footer(comparison):
        print_plain(console, line)
    return out.getvalue()


def to_markdown(comparison: Comparison) -> str:
    """Return ``comparison`` as Markdown: the conditions as a list, all pairs as a table, the counts last."""
    rows = _rows(comparison)
    table = [list(rows.columns), ["---"] * len(rows.columns), *rows.to_numpy().tolist()]
    lines = [f"- {_escape(line)}" for line in header(comparison)]
    body = [f"| {' | '.join(map(_escape, row))} |" for row in table]
    ends = [f"- {_escape(line)}" for line in footer(comparison)]
    return "\n".join([*lines, "", *body, "", *ends]) + "\n"


def header(comparison: Comparison) -> list[str]:
    """Return the lines on what is compared, by which measure, and with which allowed differences."""
    return [*name_sides(comparison), *conditions(comparison)]


def name_sides(comparison: Comparison) -> list[str]:
    """Return a line on each side."""
    return [
        f"{side.name}: {side} ({plural(side.runs['cell_id'].nunique(), 'cell')}, {plural(len(side.runs), 'run')})"
        for side in (comparison.a, comparison.b)
    ]


def write_band(comparison: Comparison) -> str:
    """Return the noise band in per cent."""
    return f"{comparison.question.band * 100:.3g} %"


def conditions(comparison: Comparison) -> list[str]:
    """Return the lines on the measure and the rule, and on what differs between the sides."""
    measures = ", ".join(MEASURES[name].column for name in comparison.cells["measure"].unique())
    return [
        f"compared: {measures}; noise band {write_band(comparison)}; p adjusted by {CORRECTION}",
        "effect: how many times as fast B is, above 1 where it is faster",
        *(f"differs: {line}" for line in comparison.differs),
        *(f"allowed: {one}" for one in comparison.allowed if not one.compared),
        *(f"warning: {warning}" for warning in comparison.warnings),
        *_strangers(comparison),
        *(f"not checked: {note}" for note in comparison.notes),
    ]


def _strangers(comparison: Comparison) -> Iterator[str]:
    """Yield what is said of files in either folder that are not breakeven's."""
    for path in dict.fromkeys(side.path for side in (comparison.a, comparison.b)):
        text = left_out(path, TABLES)
        if text:
            yield f"{shown(path)}: {text}"


def footer(comparison: Comparison) -> list[str]:
    """Return the lines on undecided, unpaired and left-out cells, and the counts of verdicts."""
    alone = [f"{name} ({reason})" for name, reason in unpaired(comparison)]
    why = [
        f"cannot tell, {plural(count, 'cell')}: {reason}"
        for reason, count in count_reasons(comparison).items()
    ]
    counts = ", ".join(f"{comparison.counts[verdict]} {verdict}" for verdict in VERDICTS)
    lonely = f"; {plural(len(alone), 'cell')} without partner" if alone else ""
    compared = f"{plural(len(comparison.cells), 'cell')} compared: {counts}{lonely}"
    return [*why, *alone, *runs_not_compared(comparison), compared]


def count_reasons(comparison: Comparison) -> dict[str, int]:
    """Return in how many cells nothing can be decided, by the reason, the most frequent first."""
    reasons = comparison.cells["reason"]
    return {str(reason): count for reason, count in reasons[reasons.ne("")].value_counts().items()}


def unpaired(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the cells that one side alone has, each with the reason."""
    return [(f"only in {row.side}: {row.cell}", str(row.reason)) for row in comparison.unpaired.itertuples()]


def runs_not_compared(comparison: Comparison) -> list[str]:
    """Return the lines on runs that failed, and on rounds of the longer side of a pair."""
    sides = (comparison.a, comparison.b)
    left_out = [line for side in sides for line in _left_out(side.name, side.left_out)]
    return [*left_out, *_not_compared(comparison.cells)]


def _not_compared(cells: pd.DataFrame) -> list[str]:
    """Return the line on rounds of the longer side of a pair, if there are any."""
    of_a, of_b = (int(cells[f"left_out_{side}"].sum()) for side in "ab")
    if not of_a + of_b:
        return []
    pairs = int((cells["left_out_a"] + cells["left_out_b"]).gt(0).sum())
    what = f"{plural(of_a, 'round')} of A and {of_b} of B in {plural(pairs, 'cell')}"
    why = "rounds=auto chose their number by their spread: the first rounds count, as many of one side as of the other"
    return [f"not compared: {what}, since {why}"]


def _left_out(side: str, runs: pd.DataFrame) -> list[str]:
    counts = ", ".join(f"{count} {status}" for status, count in runs["status"].value_counts().items())
    return [f"left out of {side}: {plural(len(runs), 'run')} ({counts})"] if counts else []


def _rows(comparison: Comparison) -> pd.DataFrame:
    """Return one row of texts per pair."""
    rows = [write_pair(row) for _, row in in_order(comparison.cells).iterrows()]
    return pd.DataFrame(rows, columns=list(HEADINGS))


def in_order(cells: pd.DataFrame) -> pd.DataFrame:
    """Return ``cells`` with the most informative verdicts and the largest effects first."""
    place = cells["verdict"].map(FIRST.index)
    size = cells["effect"].map(lambda effect: abs(effect - 1) if pd.notna(effect) else -1.0)
    ordered = cells.assign(place=place, size=-size).sort_values(["place", "size"], kind="stable")
    return ordered[cells.columns]


def write_effect(row: pd.Series[Any], unit: str = "") -> str:
    """Return the effect of a pair with its interval."""
    interval = f" [{format_ratio(row['low'])}, {format_ratio(row['high'])}]" if pd.notna(row["low"]) else ""
    return f"{format_ratio(row['effect'])}{unit}{interval}"


def write_disturbed(row: pd.Series[Any]) -> str:
    """Return which share of the trials of either side of a pair were disturbed at most; empty for none."""
    disturbed = max((share for share in row[["disturbed_a", "disturbed_b"]] if pd.notna(share)), default=0.0)
    return f"({disturbed:.0%} disturbed)" if disturbed > 0 else ""


def write_pair(row: pd.Series[Any]) -> tuple[str, ...]:
    """Return the texts of a pair under `HEADINGS`."""
    measure = MEASURES[row["measure"]]
    return (
        row["verdict"],
        write_effect(row),
        f"{row['p_adjusted']:.2g}" if pd.notna(row["p_adjusted"]) else "-",
        measure.write(row["value_a"]),
        measure.write(row["value_b"]),
        f"{row['rounds_a']} v {row['rounds_b']}",
        " ".join(filter(None, (row["cell"], write_disturbed(row)))),
    )


_STYLES = {"faster": "green", "slower": "red", "same": "dim", "cannot tell": "yellow"}


def _table(rows: pd.DataFrame, width: int) -> Table:
    """Return the table for a terminal; a narrow one omits the values of both sides and wraps names."""
    table = Table(box=box.SIMPLE_HEAD, padding=0, header_style="bold", pad_edge=False)
    names = HEADINGS if width >= WIDE else _NARROW
    for name in names:
        table.add_column(name, no_wrap=name != "cell", overflow="fold")
    for row in rows[list(names)].itertuples(index=False, name=None):
        table.add_row(*map(_plain, row), style=_STYLES[row[0]])
    return table


def _plain(text: str) -> str:
    return printable(text).replace("[", r"\[")


def _align(rows: pd.DataFrame) -> list[str]:
    """Return rows as lines of columns padded with spaces; the name, which may be long, comes last."""
    table = [list(rows.columns), *rows.to_numpy().tolist()]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def _escape(text: str) -> str:
    return printable(text.replace("\n", " ")).replace("|", r"\|")

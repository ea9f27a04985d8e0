"""A sweep on one screen: what to decide, its cells, what to know before believing them, what to type next."""

from __future__ import annotations

import io
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from breakeven.analysis.advice import (
    advice_lines,
    advise,
    crossing_lines,
    crossings,
    write_advice,
    write_crossings,
)
from breakeven.analysis.frames.disturbed import say_disturbed
from breakeven.analysis.frames.factors import is_varied, label_mechanisms, name_cells, name_work
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.frames.missing import describe_missing
from breakeven.analysis.summary.caution import FLAGS, MISSING, Caution, in_order
from breakeven.analysis.summary.cautions import cautions, parts_taken
from breakeven.analysis.summary.cells import Table, tables
from breakeven.analysis.summary.forecast import too_wide
from breakeven.analysis.summary.hosts import on_hosts
from breakeven.analysis.summary.kinds import falls_into_kinds
from breakeven.analysis.summary.layout import INDENT, lay_out
from breakeven.analysis.summary.native_threads import native_threads
from breakeven.analysis.summary.next_command import show, suggest
from breakeven.analysis.summary.page_faults import faults_alone, page_faults
from breakeven.analysis.summary.undecided import Undecided, wider_than_asked
from breakeven.analysis.units import plural
from breakeven.analysis.verdicts import brief_lines, iter_verdict_lines, write_verdicts
from breakeven.base.results import how_to_resume, left_out, name_of
from breakeven.base.schema import TABLES
from breakeven.base.terminal import columns, height, print_plain
from breakeven.base.text import printable, shown, what_happened
from breakeven.base.wrapping import wrap, wrap_command

WORST = 3
"""How many cautions, and how many reasons of failed runs, are shown by default."""

ROWS = 20
"""The most rows of a table if nothing says how high the screen is."""

_CONTINUED = 2 * INDENT
_FEWEST_ROWS, _OTHER_LINES = 8, 16
NARROWEST = 40


@dataclass(frozen=True)
class View:
    """How much is shown: ``all`` cells and columns, or those that fit; ``verbose``: all cautions in full."""

    all: bool = False
    verbose: bool = False


DEFAULT = View()


def _no_verdicts(_: int, __: bool) -> list[str]:
    return []


@dataclass(frozen=True)
class Summary:
    """What `render` prints.

    ``cells`` are the tables by pattern; ``problems`` has one row per status and reason with ``cells``, ``runs`` and an
    ``example``; ``statuses`` counts cells; ``cautions`` are what to know before believing the numbers, the most
    important first; ``flags`` are the letters that mark a cell; ``undecided`` is about the cells whose intervals are
    wider than asked; ``left_out`` names files that are not breakeven's; of a ``race`` or bisection, most of whose cells
    were measured once, the table is shown on demand; ``notice`` is what to know before reading ``verdicts``, which
    returns what follows, in lines of a width, with all details or in brief.
    """

    path: Path
    cells: dict[str, Table]
    problems: pd.DataFrame
    statuses: dict[str, int]
    runs: int
    cautions: tuple[Caution, ...]
    next_command: str | None
    flags: tuple[str, ...] = ()
    missing: int = 0
    arrived: int = 0
    undecided: Undecided | None = None
    left_out: str | None = None
    notice: str = ""
    verdicts: Callable[[int, bool], Iterable[str]] = _no_verdicts
    race: bool = False


def sum_up(folder: Path, *, silent: bool = False) -> None:
    """Leave the verdicts in the results folder ``folder``; print its summary, unless ``silent``; raise BadResults."""
    lab = load(folder)
    if not silent:
        render(summarise(lab, folder), open_console())
    write_verdicts(lab)
    advice = advise(lab)
    if advice is not None:
        write_advice(advice, lab.path)
    write_crossings(lab)


def open_console() -> Console:
    """Return a console for standard output that prints any text; its width is that of standard output alone."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return Console(soft_wrap=True, width=columns(sys.stdout), height=height(sys.stdout))


def summarise(lab: Lab, typed: str | Path | None = None, *, shown_now: bool = False) -> Summary:
    """Summarise the sweep for people, under the name that was ``typed`` for its folder; see `Summary`.

    What comes next depends on whether it is ``shown_now`` by `breakeven show`, or has just been measured.
    """
    path = lab.path if typed is None else name_of(Path(typed), lab.path)
    planned, by_rule = lab.planned, _ended_by_rule(lab)
    stored = set(lab.runs["cell_id"] + "-" + lab.runs["round"].astype("str"))
    covers_cell = bool((lab.estimates["covers"].eq("cell") | lab.estimates["precision"].notna()).all())
    found = list(_cautions(lab))
    marks = _marks(lab, found)
    race = (
        advise(lab) is not None or crossings(lab) is not None
    )  # which measures what tells, and says what is open
    undecided = None if race else wider_than_asked(lab, path)
    return Summary(
        path=path,
        cells=tables(lab, marks),
        problems=_group_problems(lab),
        statuses=Counter(lab.cells["status"]),
        runs=len(lab.runs),
        cautions=in_order(caution for caution in found if caution.text),
        next_command=suggest(
            path,
            lab.runs,
            covers_cell=covers_cell,
            shown_now=shown_now,
            narrows=undecided is not None and undecided.command is not None,
        ),
        flags=tuple(marks),
        missing=0
        if race
        else len({run for run in planned - stored if run.rpartition("-")[0] not in by_rule}),
        arrived=len(planned & stored),
        undecided=undecided,
        left_out=left_out(lab.path, TABLES),
        notice=say_disturbed(lab.runs),
        verdicts=partial(_verdicts, lab),
        race=race,
    )


def _verdicts(lab: Lab, width: int, in_full: bool) -> Iterable[str]:
    advice = advise(lab)
    if advice is not None:
        return advice_lines(advice, width, in_full=in_full)
    found = crossings(lab)
    if found is not None:
        return crossing_lines(found, width)
    return iter_verdict_lines(lab, width) if in_full else brief_lines(lab, width)


def _cautions(lab: Lab) -> Iterator[Caution]:
    yield from _missing(lab)
    yield from on_hosts(lab)
    yield from falls_into_kinds(lab)
    yield from cautions(lab.estimates, lab.runs)
    if advise(lab) is None:  # which says it itself
        yield from parts_taken(lab.runs)
    yield from native_threads(lab)
    yield from faults_alone(lab)
    yield from page_faults(lab)


def _marks(lab: Lab, found: Iterable[Caution]) -> dict[str, set[str]]:
    """Return the cells in the tables by the letter that marks them; letters that mark none are left out."""
    marks: dict[str, set[str]] = defaultdict(set)
    for caution in found:
        if caution.flag:
            marks[caution.flag] |= caution.cells
    failed = lab.runs.loc[lab.runs["status"].ne("ok"), "cell_id"]
    marks["x"] |= set(failed)
    marks["v"] |= set(lab.estimates.index[lab.estimates["verify"].eq("none")])
    marks["w"] |= set(too_wide(lab.estimates).index)
    there = set(lab.estimates.index)
    return {flag: marks[flag] & there for flag in FLAGS if marks[flag] & there}


def _ended_by_rule(lab: Lab) -> set[str]:
    """Return the cells whose rounds end by a rule: if some are missing, other lines say so, and why."""
    return set(lab.runs.loc[lab.runs["precision"].notna(), "cell_id"])


def _missing(lab: Lab) -> Iterator[Caution]:
    """Report runs with a deleted file: figures and tables lack a part of them."""
    gone = lab.missing
    if len(gone):
        yield Caution(MISSING, describe_missing(gone), frozenset(gone["cell_id"]))


def _group_problems(lab: Lab) -> pd.DataFrame:
    """Count runs that are not ok by status, reason and work, the most frequent first.

    What cannot be does not depend on the work.
    """
    bad = lab.runs[lab.runs["status"].ne("ok")]
    if bad.empty:
        return pd.DataFrame(columns=["status", "reason", "work", "cells", "runs", "example"])
    ran = bad["status"].ne("incompatible")
    names = name_cells(lab.cells)[bad["cell_id"]].set_axis(bad.index).where(ran, label_mechanisms(lab.runs))
    names = names.where(
        bad["function"].isna() | is_varied(name_work(lab.cells)), bad["function"] + ", " + names
    )
    reasons = bad["reason"].fillna("no reason was stored")
    bad = bad.assign(example=names, reason=reasons, work=name_work(bad).where(ran, ""))
    groups = bad.groupby(["status", "reason", "work"], as_index=False, sort=False)
    counted = groups.agg(cells=("cell_id", "nunique"), runs=("cell_id", "size"), example=("example", "first"))
    return counted.sort_values("cells", ascending=False, kind="stable", ignore_index=True)


def render(summary: Summary, console: Console, view: View = DEFAULT) -> None:
    """Print ``summary``: no line is wider than the console, but a word of a command to type."""
    render_verdicts(summary, console, view)
    render_cells(summary, console, view)


def render_verdicts(summary: Summary, console: Console, view: View = DEFAULT) -> None:
    """Print the first part of ``summary``: what follows."""
    _print(_decided(summary, _width(console), view), console)


def render_cells(summary: Summary, console: Console, view: View = DEFAULT) -> None:
    """Print the rest of ``summary``: its cells, what to know of them, and what to type next."""
    rows = max(_FEWEST_ROWS, console.height - _OTHER_LINES) if console.is_terminal else ROWS
    _print(lines(summary, _width(console), rows, view), console)


def _width(console: Console) -> int:
    return max(console.width, NARROWEST)


def _print(texts: Iterable[str], console: Console) -> None:
    for line in texts:
        print_plain(console, line)


def _decided(summary: Summary, width: int, view: View) -> Iterator[str]:
    """Yield what follows, in brief unless ``view`` asks for more, and an empty line; nothing if nothing follows."""
    in_full = view.all or view.verbose
    decided = list(summary.verdicts(width, in_full))
    if not decided:
        return
    if summary.notice:
        yield from wrap(summary.notice, width)
        yield ""
    yield from decided
    in_full_too = zip_longest(decided, summary.verdicts(width, True)) if not in_full else ()
    if any(brief != full for brief, full in in_full_too):
        yield from wrap_command("more: ", show(summary.path, "--verbose"), width, INDENT)
    yield ""


def lines(summary: Summary, width: int, rows: int, view: View = DEFAULT) -> Iterator[str]:
    """Yield the lines of ``summary`` without what follows; see `render_cells`."""
    for table in summary.cells.values() if view.all or not summary.race else ():
        yield from wrap(table.about, width, INDENT)
        yield from lay_out(table, width, None if view.all else rows)
        if not view.all and len(table.texts) > rows:
            more = len(table.texts) - rows
            yield from wrap_command(f"{INDENT}{more} more: ", show(summary.path, "--all"), width, _CONTINUED)
        yield ""
    before_the_end = [
        *_known(summary, width, view),
        *_problems(summary, width, view),
        *_unmeasured(summary, width),
        *(wrap(summary.left_out, width, INDENT) if summary.left_out else []),
    ]
    if before_the_end:
        yield from before_the_end
        yield ""
    yield from wrap(f"results: {shown(summary.path)}", width)
    if summary.next_command:
        yield from wrap_command("next: ", summary.next_command, width, INDENT)


def _known(summary: Summary, width: int, view: View) -> Iterator[str]:
    """Yield the worst cautions in full, behind their letter if they have one, and what the other letters stand for."""
    told = summary.cautions if view.verbose else summary.cautions[:WORST]
    letters = [caution.flag for caution in told]
    without_table = summary.race and not view.all
    for caution in told:
        text = f"{caution.text}; {caution.typed}" if caution.typed else caution.text
        yield from _behind("-" if without_table else caution.flag or "-", text, width)
    for flag in () if without_table else summary.flags:
        if flag not in letters:
            yield from _behind(flag, FLAGS[flag], width)
    if len(told) < len(summary.cautions):
        more = len(summary.cautions) - len(told)
        yield from wrap_command(f"{INDENT}{more} more: ", show(summary.path, "--verbose"), width, _CONTINUED)


def _behind(mark: str, text: str, width: int) -> Iterator[str]:
    first, *others = wrap(text, width - len(INDENT))
    yield mark.ljust(len(INDENT)) + first
    yield from (INDENT + line for line in others)


def _problems(summary: Summary, width: int, view: View) -> Iterator[str]:
    """Yield why runs are not ok, the most frequent reasons first."""
    told = summary.problems if view.verbose else summary.problems.head(WORST)
    for _, problem in told.iterrows():
        reason = _shorten(problem["reason"])
        yield from wrap(
            printable(f"{name_problem(problem)}: {reason} (such as {problem['example']})"), width, INDENT
        )
    if len(told) < len(summary.problems):
        more = plural(len(summary.problems) - len(told), "reason")
        yield from wrap_command(f"{INDENT}{more} more: ", show(summary.path, "--verbose"), width, _CONTINUED)


def _unmeasured(summary: Summary, width: int) -> Iterator[str]:
    """Yield how many cells there are in which state, what is missing, and what is undecided."""
    yield from wrap(count_cells(summary), width, INDENT)
    if summary.missing:
        yield from wrap(count_missing(summary), width, INDENT)
    if summary.undecided is not None:
        yield from wrap(summary.undecided.text, width, INDENT)
        if summary.undecided.command:
            yield from wrap_command("  ", summary.undecided.command, width, _CONTINUED)


def name_problem(problem: pd.Series[Any]) -> str:
    """Return the status of a row of `Summary.problems`, and how many cells and runs have it."""
    cells, runs = plural(problem["cells"], "cell"), plural(problem["runs"], "run")
    count = cells if problem["cells"] == problem["runs"] else f"{runs} of {cells}"
    return f"{problem['status']}, {count}"


def count_cells(summary: Summary) -> str:
    """Return how many cells there are in which state."""
    counts = ", ".join(f"{count} {status}" for status, count in summary.statuses.items())
    cells = plural(sum(summary.statuses.values()), "cell")
    return f"{cells} ({counts}) in {plural(summary.runs, 'run')}"


def count_missing(summary: Summary) -> str:
    """Return how many planned runs are missing, and what brings them."""
    planned = plural(summary.missing + summary.arrived, "planned run")
    return f"incomplete: {summary.missing} of {planned} missing; {how_to_resume(summary.path)}"


def _shorten(reason: str) -> str:
    """Return what happened, and of how many lines that is if the reason has several."""
    count = len(reason.strip().splitlines())
    return what_happened(reason) + (f" (of {count} lines)" if count > 1 else "")

"""The command ``breakeven status``: show the state of a sweep, while it runs or afterwards."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from breakeven.base.arguments import Parser
from breakeven.base.events import OVER_BUDGET
from breakeven.base.exit_codes import ALL_DONE, SOME_FAILED
from breakeven.base.json_text import json_text
from breakeven.base.output import write
from breakeven.base.results import left_out
from breakeven.base.schema import TABLES
from breakeven.base.terminal import columns
from breakeven.base.text import one_line, plural, printable, shown
from breakeven.base.units import format_clock, format_left
from breakeven.runner.status.state import RUNNING, STARTING, Sight

_EPILOG = (
    "Nothing is written or locked. Exit code: 0 all runs are done and ok, "
    "1 some failed or are still to be made, 2 no such results folder."
)


def main(arguments: Sequence[str]) -> int:
    """Show the sweep in ``arguments``; return 0 if all its runs are done and ok, else 1; raise BadInput."""
    options = _options(arguments)
    sight = Sight.of(Path(options.folder))
    text = json_text(sight.as_data(options.lines)) + "\n" if options.json else _drawn(sight, options.lines)
    write(text)
    return ALL_DONE if sight.is_complete else SOME_FAILED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="breakeven status",
        description="Show the state of a sweep: runs done, running and failed, and the end of its log.",
        epilog=_EPILOG,
    )
    parser.add_argument("folder", nargs="?", default="outputs/latest", help="results folder (outputs/latest)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lines", type=_count, default=10, metavar="N", help="lines of the log to show (10)")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{printable(text)} is not a count; write one such as 20")
    return int(text)


def _drawn(sight: Sight, lines: int) -> str:
    console = Console(markup=False, highlight=False, emoji=False)
    console.width = columns(sys.stdout)
    with console.capture() as captured:
        for part in _picture(sight, lines):
            console.print(part)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def _picture(sight: Sight, lines: int) -> Iterator[RenderableType]:
    yield Text(f"{shown(sight.path)}: {_state(sight)}")
    yield Text(_counts(sight))
    if sight.nodes:
        yield Text(_queue(sight))
        yield from _nodes(sight)
    elif sight.present is not None:
        yield Text(_present(sight))
    if sight.failed:
        yield Text()
        yield _failures(sight)
    for path, why in sight.stored.damaged.items():
        yield Text(f"damaged: {printable(str(path.relative_to(sight.path)))}: {why}")
    strange = left_out(sight.path, TABLES)
    if strange:
        yield Text(strange)
    tail = sight.log(lines)
    if tail:
        yield Text("\nsweep.log:")
        yield from (Text(printable(line)) for line in tail)


def _state(sight: Sight) -> str:
    if sight.writer is None:
        over = sight.state == OVER_BUDGET
        return "ended: the budget was over" if over else sight.state.replace("_", " ")
    who = f"pid {sight.writer.pid or 'unknown'} on host {sight.writer.host or 'unknown'}"
    if sight.state == STARTING:
        return f"starting, or waiting for the machine, for {_length(sight.seconds)} by {who}"
    return f"{RUNNING} for {_length(sight.seconds)} by {who}, {format_left(sight.seconds_left)}"


def _counts(sight: Sight) -> str:
    there = [f"{count} {name}" for name, count in sight.counts.items() if count or name == "ok"]
    return ", ".join([*there, *([f"{len(sight.stored.damaged)} damaged"] if sight.stored.damaged else [])])


def _present(sight: Sight) -> str:
    began = sight.present or {}
    known = (began.get("number", "?"), began.get("of", "?"))
    place = "/".join(printable(str(part)) for part in known if part is not None)
    return f"now: {place} {printable(str(began.get('cell')))}, for {_length(sight.present_seconds)}"


def _queue(sight: Sight) -> str:
    count, free = len(sight.nodes), len(sight.free_nodes)
    return f"{plural(count, 'node')}, {free} free; {plural(sight.queued, 'run')} queued"


def _nodes(sight: Sight) -> Iterator[RenderableType]:
    """Yield where each run under way is; nothing if none is."""
    if not sight.under_way:
        return
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("node", overflow="fold")
    table.add_column("run", overflow="fold")
    table.add_column("round", justify="right")
    table.add_column("for", justify="right", no_wrap=True)
    for run in sight.under_way:
        place = run["node"] or "waits for a node"
        texts = (place, str(run["cell"]), str(run["round"]), _length(run["seconds"]))
        table.add_row(*(Text(printable(text)) for text in texts))
    yield table


def _failures(sight: Sight) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("status", no_wrap=True)
    table.add_column("cell", overflow="fold")
    table.add_column("round", justify="right")
    table.add_column("reason", overflow="fold")
    for run in sight.failed:
        reason = one_line(run["reason"] or "")
        texts = (run["status"], run["cell"], str(run["round"]), reason)
        table.add_row(*(Text(printable(text)) for text in texts))
    return table


def _length(seconds: float | None) -> str:
    return "?:??" if seconds is None else format_clock(seconds)

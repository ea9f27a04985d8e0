"""The command ``breakeven export``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from breakeven.analysis.choices import pick
from breakeven.analysis.errors import TraceUnwritable
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.traces import FORMATS
from breakeven.analysis.traces._abc import FLOWS, Format
from breakeven.analysis.traces.choice import Asked, choose
from breakeven.analysis.traces.export import export
from breakeven.analysis.traces.places import PLACES
from breakeven.analysis.traces.timeline import Counts
from breakeven.analysis.units import format_size, plural
from breakeven.base.arguments import Parser
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.layout import LATEST_SWEEP, SweepPaths, stem
from breakeven.base.output import write
from breakeven.base.text import shown

_EPILOG = """\
Examples:
  breakeven export                                       the newest sweep
  breakeven export outputs/tour --cell model=process,workers=2
  breakeven export outputs/tour --cell 9ca20e6a --all-runs --format chrome
docs/traces.md says how to read what you see."""
_HELP = {
    "format": f"one of {', '.join(FORMATS)} (default: %(default)s)",
    "cell": "the cells, repeatable: an id or its beginning, or key=value[,key=value...] as breakeven compare takes it (default: all that recorded phases)",
    "round": "the run of this number of each cell (default: the first one that recorded phases)",
    "place": f"where runs lie in time: one of {', '.join(PLACES)} (default: %(default)s)",
    "output": "the file to write (default: one in the results folder, traces/)",
}


def main(arguments: Sequence[str]) -> int:
    """Write the trace that ``arguments`` ask for, say what it holds, and return the exit code; raise BadInput."""
    options = _parse(arguments)
    format_ = pick("--format", options.format, FORMATS)
    place = pick("--place", options.place, PLACES)
    lab = load(options.folder)
    choice = choose(lab, Asked(options.cell, options.round, options.all_runs))
    path = options.output or _default(lab, choice.runs, format_)
    counts = export(lab, choice.runs, path, format_=format_, place=place)
    lines = (*_describe(path, choice.runs, counts, format_), *choice.left_out)
    write("".join(f"{line}\n" for line in (*lines, format_.OPEN.format(file=shlex.quote(shown(path))))))
    return ALL_DONE


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="breakeven export",
        description="Write what workers did when, in a sweep's traced trials, to a file for a viewer of traces.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder", nargs="?", default=LATEST_SWEEP, help="results folder (default: %(default)s)"
    )
    parser.add_argument("--format", default="perfetto", help=_HELP["format"])
    parser.add_argument("--cell", "--select", action="append", default=[], metavar="CELL", help=_HELP["cell"])
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument("--round", type=int, metavar="N", help=_HELP["round"])
    runs.add_argument("--all-runs", action="store_true", help="all runs of each cell")
    parser.add_argument("--place", default="in-turn", help=_HELP["place"])
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=_HELP["output"])
    return parser.parse_args(argv)


def _default(lab: Lab, runs: pd.DataFrame, format_: type[Format]) -> Path:
    """Return the file in the results folder, named after the run if there is only one; make its folder."""
    folder = SweepPaths(lab.path).traces
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise TraceUnwritable(
            f"cannot make the folder {folder}: {error.strerror}; name a file with -o"
        ) from error
    only = runs.iloc[0]
    name = stem(str(only["cell_id"]), int(only["round"])) if len(runs) == 1 else "runs"
    return folder / f"{name}{format_.SUFFIX}"


def _describe(path: Path, runs: pd.DataFrame, counts: Counts, format_: type[Format]) -> list[str]:
    """Return the lines that say what was written."""
    first, last = int(runs["round"].min()), int(runs["round"].max())
    rounds = f"round {first}" if first == last else f"rounds {first} to {last}"
    what = [
        f"{plural(counts.runs, 'run')} of {plural(runs['cell_id'].nunique(), 'cell')} ({rounds})",
        plural(counts.phases, "phase"),
        *([] if FLOWS in format_.LACKS else [plural(counts.arrows, "arrow")]),
    ]
    lines = [f"{shown(path)}: {', '.join(what)}, {format_size(path.stat().st_size)}"]
    if format_.LACKS:
        lines.append(f"left out what this format has no place for: {', '.join(format_.LACKS)}")
    if counts.unplaced:
        lines.append(f"left out {plural(counts.unplaced, 'phase')}: these runs do not say when they were")
    return lines

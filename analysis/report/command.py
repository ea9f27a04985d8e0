"""The command ``breakeven report``: write the page of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from breakeven.analysis.frames.load import load
from breakeven.analysis.pages.files import refuse_early, save
from breakeven.analysis.report.sweep import describe_sweep
from breakeven.base.arguments import Parser
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.layout import LATEST_SWEEP, SweepPaths
from breakeven.base.output import write

_OUTPUT = "-o"


def main(arguments: Sequence[str]) -> int:
    """Write the page that ``arguments`` request, say where it is, and return the exit code; raise BadInput."""
    parser = Parser(
        prog="breakeven report",
        description="Write one HTML file about a sweep, to open from disk or to send to somebody: it needs no network.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(LATEST_SWEEP),
        help="results folder (default: %(default)s)",
    )
    parser.add_argument(
        _OUTPUT,
        "--output",
        type=Path,
        metavar="FILE",
        help="the file to write (default: report.html in the folder)",
    )
    parser.add_argument(
        "--mix-hosts",
        action="store_true",
        help="compare times and rates of hosts with unlike CPUs all the same",
    )
    options = parser.parse_args(arguments)
    lab = load(options.folder, mix_hosts=options.mix_hosts)
    target: Path = options.output or SweepPaths(lab.path).report
    refuse_early(target, _OUTPUT)
    write(save(describe_sweep(lab, options.folder), target, _OUTPUT))
    return ALL_DONE

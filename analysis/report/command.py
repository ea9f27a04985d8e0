"""The command ``breakeven report``: write the page of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from breakeven.analysis.errors import ReportUnwritable
from breakeven.analysis.frames.load import load
from breakeven.analysis.report.page import render
from breakeven.analysis.report.sweep import describe_sweep
from breakeven.analysis.units import format_size
from breakeven.base.arguments import Parser
from breakeven.base.aside import written_aside
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.layout import LATEST_SWEEP, SweepPaths
from breakeven.base.output import write
from breakeven.base.text import shown


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
        "-o",
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
    _refuse_early(target)
    page = render(describe_sweep(lab, options.folder))
    size = save(page, target)
    write(f"{shown(target)}: {format_size(size)}, one file, to open in a browser or to send\n")
    return ALL_DONE


def _refuse_early(target: Path) -> None:
    """Raise ReportUnwritable if the page surely cannot be written, before it is made."""
    if target.is_dir():
        raise ReportUnwritable(
            f"cannot write the report to {target}: it is a folder; name a file in it with -o"
        )
    if not target.parent.is_dir():
        raise ReportUnwritable(
            f"cannot write the report to {target}: there is no folder {target.parent}; make it, or name another file with -o"
        )


def save(page: str, target: Path) -> int:
    """Write ``page`` to ``target``, whole or not at all, and return its size in bytes; raise ReportUnwritable."""
    content = page.encode("utf-8", "backslashreplace")
    try:
        with written_aside(target) as aside:
            aside.write_bytes(content)
    except OSError as error:
        raise ReportUnwritable(
            f"cannot write the report to {target}: {error.strerror}; free or unlock its folder, or name another file with -o"
        ) from error
    return len(content)

"""The command ``breakeven compact``: merge the files of a sweep's finished runs into larger ones."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from breakeven.base.arguments import Parser
from breakeven.base.errors import ResultsMissing
from breakeven.base.exit_codes import ALL_DONE, EXIT_INTERRUPTED, SOME_FAILED
from breakeven.base.layout import SweepPaths
from breakeven.base.output import write
from breakeven.base.results import no_folder, other_folders
from breakeven.base.text import plural, printable, shown
from breakeven.runner.errors import NotStored
from breakeven.runner.locks import CompactorLock
from breakeven.runner.store import Merged, Stored, Sweep

_EPILOG = (
    "All rows stay as they are, and everything reads the folder as before; a sweep may be under way. Whatever ends this command, "
    "nothing is lost, and the same command resumes it. Exit code: 0 done, 1 a file could not be written, 2 no such results folder, "
    "or another process compacts it."
)
_NICE = 19


def main(arguments: Sequence[str]) -> int:
    """Compact the folder in ``arguments`` and return the exit code; raise BadInput."""
    options = _options(arguments)
    folder = Path(options.folder)
    if not SweepPaths(folder).exists():
        raise ResultsMissing(
            f"{no_folder(folder, empty=True)}; name {other_folders(folder.parent, empty=True)}"
        )
    sweep = Sweep(folder.resolve())  # `latest` may be moved to another sweep meanwhile
    os.nice(_NICE)  # what is measured meanwhile should not notice
    try:
        with CompactorLock(sweep.path).held() as note:
            if note:
                sys.stderr.write(f"{note}\n")
            return _compact(sweep)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; all runs are kept, and the same command resumes\n")
        return EXIT_INTERRUPTED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="breakeven compact",
        description="Merge the files of a sweep's finished runs into a few larger ones, which are faster to read.",
        epilog=_EPILOG,
    )
    parser.add_argument("folder", nargs="?", default="outputs/latest", help="results folder (outputs/latest)")
    return parser.parse_args(arguments)


def _compact(sweep: Sweep) -> int:
    tables = list[Merged]()
    try:
        stored = sweep.compact(tables.append)
    except NotStored as error:
        sys.stderr.write(f"{error}\n")
        return SOME_FAILED
    lines = [
        f"{merged.table}: {plural(merged.before, 'file')} {'is' if merged.before == 1 else 'are'} now {merged.after}"
        for merged in tables
    ]
    if not tables:
        lines = [f"{shown(sweep.path)}: nothing to merge, {plural(len(stored.rows), 'run')}"]
    if stored.damaged:
        lines.append(_left(sweep, stored))
    write("".join(f"{line}\n" for line in lines))
    return ALL_DONE


def _left(sweep: Sweep, stored: Stored) -> str:
    """Return the line on the files that stay as they are, with what is wrong with the first."""
    count = len(stored.damaged)
    path, why = next(iter(stored.damaged.items()))
    others = f" and {count - 1} more" if count > 1 else ""
    return (
        f"{count} damaged, not merged: {printable(str(path.relative_to(sweep.path)))}: {why}{others}; "
        "run the same sweep again, which repeats those runs"
    )

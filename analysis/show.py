"""The command ``breakeven show``: draw a sweep's figures and print its summary."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from rich.console import Console

from breakeven.analysis.errors import UnknownName
from breakeven.analysis.figures import FIGURES, NothingToDraw, draw
from breakeven.analysis.figures.save import FORMATS, save
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.summary.screen import View, open_console, render, summarise
from breakeven.base.arguments import Parser
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.text import shown

_EPILOG = "breakeven compare A B compares two sweeps, or two parts of one; see breakeven compare --help."


def main(arguments: Sequence[str]) -> int:
    """Draw and print what ``arguments`` request and return the exit code; raise BadInput."""
    options = _parse(arguments)
    console = open_console()
    figures, formats = (
        _choose("figure", options.only, FIGURES),
        _choose("format", options.format, FORMATS),
    )
    lab = load(options.folder)
    if not options.no_figures:
        _draw_all(lab, figures, formats, console)
    render(summarise(lab), console, View(all=options.all, verbose=options.verbose))
    return ALL_DONE


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="breakeven show", description="Draw and summarise a sweep.", epilog=_EPILOG)
    parser.add_argument(
        "folder", nargs="?", default="outputs/latest", help="results folder (default: %(default)s)"
    )
    parser.add_argument(
        "--only",
        default=",".join(FIGURES),
        help="figures to draw, separated by commas (default: all, %(default)s)",
    )
    parser.add_argument(
        "--format",
        default=",".join(FORMATS),
        help=f"file formats, separated by commas: any of {', '.join(FORMATS)} (default: %(default)s)",
    )
    parser.add_argument("--all", action="store_true", help="print all cells with all columns")
    parser.add_argument("--verbose", action="store_true", help="print all cautions in full")
    parser.add_argument("--no-figures", action="store_true", help="print the summary only")
    return parser.parse_args(argv)


def _choose(what: str, asked: str, known: Mapping[str, object]) -> list[str]:
    names = [name.strip() for name in asked.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownName(f"no {what} {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def _draw_all(lab: Lab, figures: Sequence[str], formats: Sequence[str], console: Console) -> None:
    """Draw those of ``figures`` that the sweep has data for, and print why the others are missing."""
    for name in figures:
        try:
            paths = save(draw(name, lab), lab.path / "figures", name, formats)
        except NothingToDraw as reason:
            console.print(f"no figure {name}: {reason}", markup=False, highlight=False)
        else:
            console.print(f"figure {', '.join(map(shown, paths))}", markup=False, highlight=False)

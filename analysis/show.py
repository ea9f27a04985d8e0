"""The command ``breakeven show``: draw a sweep's figures and print its summary."""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from breakeven.analysis.errors import UnfitOption, UnknownName
from breakeven.analysis.figures import FIGURES, NothingToDraw, Roles, check_options, choose, draw_roles
from breakeven.analysis.figures.formats import FORMATS
from breakeven.analysis.frames.budget import begin_to_sum
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.summary.layout import INDENT
from breakeven.analysis.summary.next_command import show
from breakeven.analysis.summary.screen import (
    NARROWEST,
    View,
    open_console,
    render_cells,
    render_verdicts,
    summarise,
)
from breakeven.base.arguments import Parser
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.suggestions import did_you_mean
from breakeven.base.terminal import print_plain
from breakeven.base.text import shown
from breakeven.base.wrapping import wrap, wrap_command

_OPTIONS = ("x", "hue", "facet", "select")
_LONGEST = 80
"""The most characters of a choice in the name of a file."""

_EPILOG = "breakeven compare A B compares two sweeps, or two parts of one; see breakeven compare --help."


def main(arguments: Sequence[str]) -> int:
    """Draw and print what ``arguments`` request and return the exit code; raise BadInput."""
    options = _parse(arguments)
    console = open_console()
    figures = _choose("figure", options.only or ",".join(FIGURES), FIGURES)
    formats = _choose("format", options.format, FORMATS)
    lab = load(options.folder, mix_hosts=options.mix_hosts)
    asked = {name: getattr(options, name) for name in _OPTIONS}
    chosen, roles = choose(lab, **asked)
    begin_to_sum(chosen)
    if options.only:
        for figure in figures:
            check_options(figure, roles)
    summary = summarise(chosen, options.folder, shown_now=True)
    view = View(all=options.all, verbose=options.verbose)
    render_verdicts(summary, console, view)
    if not options.no_figures:
        typed = {name: text for name, text in asked.items() if text is not None}
        suffix = _name_choice(typed)
        missing = _draw_all(
            Pictures(lab.path / "figures", suffix, formats), figures, (chosen, roles), console
        )
        if missing:
            _say_missing(missing, console, "" if options.only else _ask_why(missing, summary.path, typed))
    render_cells(summary, console, view)
    return ALL_DONE


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="breakeven show", description="Draw and summarise a sweep.", epilog=_EPILOG)
    parser.add_argument(
        "folder", nargs="?", default="outputs/latest", help="results folder (default: %(default)s)"
    )
    parser.add_argument(
        "--figure",
        "--only",
        dest="only",
        help=f"figures to draw, separated by commas (default: all, {','.join(FIGURES)})",
    )
    parser.add_argument(
        "--format",
        default=",".join(FORMATS),
        help=f"file formats, separated by commas: any of {', '.join(FORMATS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--all", action="store_true", help="print all cells with all columns, and all that the verdicts say"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="print all cautions in full, and all that the verdicts say"
    )
    parser.add_argument("--x", metavar="FACTOR", help="the factor along x, such as workers")
    parser.add_argument(
        "--hue", metavar="FACTOR", help="the factors that colours tell apart, such as model,ipc"
    )
    parser.add_argument(
        "--facet", metavar="FACTOR", help="the factors that panels tell apart, such as payload"
    )
    parser.add_argument(
        "--select",
        metavar="KEY=VALUE",
        help="the cells to draw and to print, such as model=process,payload=1MiB",
    )
    parser.add_argument(
        "--mix-hosts",
        action="store_true",
        help="compare times and rates of hosts with unlike CPUs all the same",
    )
    parser.add_argument("--no-figures", action="store_true", help="print the summary only")
    return parser.parse_args(argv)


def _choose(what: str, asked: str, known: Mapping[str, object]) -> list[str]:
    names = [name.strip() for name in asked.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        meant = did_you_mean(unknown[0], known)
        raise UnknownName(f"no {what} {', '.join(unknown)}{meant}; there are {', '.join(known)}")
    return names


def _name_choice(asked: Mapping[str, str]) -> str:
    """Return what the files of a choice have after the figure's name, so that they replace no others.

    It is empty if there is no choice.
    """
    text = "".join(f"_{name}={value}" for name, value in asked.items())
    plain = re.sub(r"[^\w.,=:-]", "-", text)
    if plain == text and len(text) <= _LONGEST:
        return text
    return f"{plain[:_LONGEST]}_{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class Pictures:
    """Where figures are saved: the folder, what follows their names, and the formats."""

    folder: Path
    suffix: str
    formats: Sequence[str]


def _draw_all(
    pictures: Pictures, figures: Sequence[str], drawn: tuple[Lab, Roles], console: Console
) -> dict[str, str]:
    """Draw those of ``figures`` that the sweep has data for, and return why the others are missing."""
    from breakeven.analysis.figures.save import save  # noqa: PLC0415  # matplotlib, which a summary alone does not need

    missing = {}
    for name in figures:
        try:
            figure = draw_roles(name, *drawn)
        except (NothingToDraw, UnfitOption) as reason:
            missing[name] = str(reason).removeprefix(f"figure {name} ")
            continue
        paths = save(figure, pictures.folder, f"{name}{pictures.suffix}", pictures.formats)
        console.print(f"figure {', '.join(map(shown, paths))}", markup=False, highlight=False)
    return missing


def _ask_why(missing: Mapping[str, str], folder: Path, typed: Mapping[str, str]) -> str:
    """Return the command that says why the first of the figures is ``missing``."""
    options = [part for name, text in typed.items() for part in (f"--{name}", text)]
    return show(folder, "--figure", next(iter(missing)), *options)


def _say_missing(missing: Mapping[str, str], console: Console, why: str) -> None:
    """Print which figures are missing and the command that says ``why``; without one, the reason of each."""
    if not why:
        lines = [f"no figure {name}: {reason}" for name, reason in missing.items()]
    else:
        width = max(console.width, NARROWEST)
        lines = wrap(f"no figure for: {', '.join(missing)}", width, INDENT)
        lines += wrap_command(f"{INDENT}why: ", why, width, 2 * INDENT)
    for line in lines:
        print_plain(console, line)

"""The command ``breakeven compare A B``."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from breakeven.analysis.choices import pick
from breakeven.analysis.comparing.comparison import Comparison, Question
from breakeven.analysis.comparing.export import to_csv, to_json
from breakeven.analysis.comparing.facts import GROUPS
from breakeven.analysis.comparing.measures import MEASURES
from breakeven.analysis.comparing.select import open_side
from breakeven.analysis.comparing.show import to_markdown, to_text
from breakeven.analysis.comparing.verdict import VERDICTS
from breakeven.analysis.errors import ReportUnwritable, UnknownName
from breakeven.analysis.frames.quantities import read_share
from breakeven.analysis.pages.files import refuse_early, save
from breakeven.base.arguments import Parser
from breakeven.base.aside import written_aside
from breakeven.base.layout import LATEST_SWEEP
from breakeven.base.loading import load

_EPILOG = """\
A and B are each a results folder, FOLDER:key=value[,key=value...], or key=value[,key=value...] of the folder
that --in names. Examples:
  breakeven compare outputs/before outputs/after --fail-on slower
  breakeven compare model=thread model=process,start_method=fork --in outputs/tour
  breakeven compare outputs/tour:interpreter=3.13 outputs/tour:interpreter=3.14 --by speedup
Exit code: 0; 1 if a verdict is one of --fail-on; 2 if the sides cannot be compared."""

_PAGE = "--page"
_DESCRIBE = "breakeven.analysis.comparing.page:describe_comparison"
"""What describes a page, imported if one is asked for: the explorer takes its time."""

UNPAIRED = "unpaired"
_FAIL_ON = {verdict.replace(" ", "-"): verdict for verdict in VERDICTS} | {UNPAIRED: UNPAIRED}
_WITHOUT_TERMINAL = 80
_HELP = {
    "in": "results folder of selections (default: %(default)s)",
    "by": f"one of {', '.join(MEASURES)} (default: latency_p50 for pingpong; speedup within a sweep if both sides have the same serial baseline; else throughput)",
    "band": "noise band, a share: smaller differences are ignored (default: 5%%)",
    "allow": f"what may differ, repeatable or with commas: a fact, or all of {', '.join(GROUPS)}",
    "page": "write the comparison as one HTML file as well, to open from disk or to send",
    "fail_on": f"exit with 1 if one of these is found: {', '.join(_FAIL_ON)}",
}


def main(arguments: Sequence[str]) -> int:
    """Compare as ``arguments`` ask, print or write the report, and return the exit code; raise BadInput."""
    options = _parse(arguments)
    fail_on = [pick("--fail-on", name, _FAIL_ON) for name in _verdicts(options.fail_on)]
    write = pick("--format", options.format, _FORMATS)
    question = Question(options.by, read_share("--band", options.band), _names(",".join(options.allow)))
    if options.page is not None:
        refuse_early(options.page, _PAGE)
    a, b = (open_side(name, text, options.within) for name, text in (("A", options.a), ("B", options.b)))
    comparison = Comparison.of(a, b, question)
    _put(write(comparison, options.output is None), options.output)
    if options.page is not None:
        page = load(_DESCRIBE)(comparison, arguments)
        sys.stderr.write(save(page, options.page, _PAGE))
    found = comparison.counts | {UNPAIRED: len(comparison.unpaired)}
    return int(any(found[verdict] for verdict in fail_on))


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="breakeven compare",
        description="Compare two sweeps, or two selections of one, cell by cell.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("a", metavar="A", help="the baseline")
    parser.add_argument("b", metavar="B", help="compared with A: an effect above 1 means that B is faster")
    parser.add_argument("--in", dest="within", default=LATEST_SWEEP, metavar="FOLDER", help=_HELP["in"])
    parser.add_argument("--by", help=_HELP["by"])
    parser.add_argument("--band", default="5%", help=_HELP["band"])
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help=_HELP["allow"])
    parser.add_argument("--fail-on", metavar="VERDICTS", help=_HELP["fail_on"])
    parser.add_argument("--format", default="text", help=f"{', '.join(_FORMATS)} (default: %(default)s)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there instead of printing")
    parser.add_argument(_PAGE, type=Path, metavar="FILE", help=_HELP["page"])
    return parser.parse_args(argv)


def _verdicts(asked: str | None) -> tuple[str, ...]:
    """Return the names of verdicts; refuse an empty text, so that an unset variable does not disable a gate."""
    if asked is not None and not _names(asked):
        raise UnknownName(f"--fail-on: no verdict is named; leave it out, or name of {', '.join(_FAIL_ON)}")
    return _names(asked or "")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _text(comparison: Comparison, printed: bool) -> str:
    terminal = printed and sys.stdout.isatty()
    width = shutil.get_terminal_size((_WITHOUT_TERMINAL, 0)).columns
    return to_text(comparison, width=width, terminal=terminal, colour=terminal)


_FORMATS: dict[str, Callable[[Comparison, bool], str]] = {
    "text": _text,
    "markdown": lambda comparison, _: to_markdown(comparison),
    "csv": lambda comparison, _: to_csv(comparison),
    "json": lambda comparison, _: to_json(comparison),
}


def _put(text: str, path: Path | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        with written_aside(path) as aside:
            aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReportUnwritable(
            f"cannot write the comparison to {path}: {error.strerror}; name another file with --output, or print it without"
        ) from error

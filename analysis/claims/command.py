"""The command ``breakeven claims``: judge common claims by what a sweep measured."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from breakeven.analysis.choices import pick
from breakeven.analysis.claims import CLAIMS
from breakeven.analysis.claims.export import to_json, to_markdown, write_claims
from breakeven.analysis.claims.rules import rules
from breakeven.analysis.claims.text import lines
from breakeven.analysis.claims.verdict import Verdict, judge
from breakeven.analysis.errors import UnlikeHosts
from breakeven.analysis.frames.disturbed import say_disturbed
from breakeven.analysis.frames.load import load
from breakeven.analysis.pages.files import refuse_early, save
from breakeven.base.arguments import Parser
from breakeven.base.exit_codes import ALL_DONE
from breakeven.base.json_text import json_text
from breakeven.base.layout import LATEST_SWEEP, SweepPaths
from breakeven.base.loading import load as find
from breakeven.base.output import write
from breakeven.base.results import name_of
from breakeven.base.terminal import columns
from breakeven.base.text import shown

_PAGE = "--page"
_DESCRIBE = "breakeven.analysis.claims.page:describe_claims"
"""What describes a page, imported if one is asked for: figures take their time."""

NARROWEST = 40
"""The columns of the narrowest screen that is written for."""

_EPILOG = """\
Any sweep can be judged; a claim that it has no cells for names the settings that measure them.
breakeven run +experiment=claims has cells for all. Files claims.json and claims.md are written to the folder.
docs/claims.md has every rule. Examples:
  breakeven claims outputs/tour
  breakeven claims outputs/tour --only C04,C09"""


_UNLIKE = "{folder} is of hosts with unlike CPUs ({models}), whose times do not compare; judge a sweep of one of them, or add --mix-hosts"


def main(arguments: Sequence[str]) -> int:
    """Judge as ``arguments`` ask, print it, and return the exit code; raise BadInput.

    All verdicts are left in the results folder.
    """
    options = _parse(arguments)
    form = pick("--format", options.format, _FORMATS)
    ids = {pick("--only", name.strip().upper(), CLAIMS).id for name in _names(options.only)}
    if options.rules:
        write(rules(CLAIMS[name] for name in CLAIMS if name in ids))
        return ALL_DONE
    if options.page is not None:
        refuse_early(options.page, _PAGE)
    lab = load(options.folder, mix_hosts=options.mix_hosts)
    if lab.unlike_hosts:
        raise UnlikeHosts(_UNLIKE.format(folder=shown(lab.path), models="; ".join(lab.unlike_hosts)))
    verdicts, folder = judge(lab), shown(name_of(options.folder, lab.path))
    chosen = [verdict for verdict in verdicts if verdict.claim.id in ids]
    notice = say_disturbed(lab.runs)
    write(form(chosen, folder, options.all or options.only is not None, notice))
    if options.page is not None:  # first: it may be elsewhere than results that cannot be written
        sys.stderr.write(save(find(_DESCRIBE)(lab, chosen, folder), options.page, _PAGE))
    write_claims(verdicts, SweepPaths(lab.path), folder, notice)
    return ALL_DONE


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = Parser(
        prog="breakeven claims",
        description="Judge twenty common claims about threads and processes by what a sweep measured.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(LATEST_SWEEP),
        help="results folder (default: %(default)s)",
    )
    parser.add_argument(
        "--only", metavar="IDS", help="claims to print, in full, such as C04,C09 (default: all, in brief)"
    )
    parser.add_argument("--all", action="store_true", help="print rules, cells and commands as well")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--rules", action="store_true", help="print the rules as Markdown; needs no sweep")
    either.add_argument(
        _PAGE,
        type=Path,
        metavar="FILE",
        help="write the claims as one HTML file as well, to open from disk or to send",
    )
    parser.add_argument("--format", default="text", help=f"{', '.join(_FORMATS)} (default: %(default)s)")
    parser.add_argument(
        "--mix-hosts", action="store_true", help="compare times of hosts with unlike CPUs all the same"
    )
    return parser.parse_args(argv)


def _names(only: str | None) -> Iterable[str]:
    return CLAIMS if only is None else only.split(",")


def _text(verdicts: Sequence[Verdict], folder: str, full: bool, notice: str) -> str:
    width = max(columns(sys.stdout), NARROWEST)
    return "".join(f"{line}\n" for line in lines(verdicts, folder, width, full=full, notice=notice))


_FORMATS: dict[str, Callable[[Sequence[Verdict], str, bool, str], str]] = {
    "text": _text,
    "markdown": lambda verdicts, folder, _, notice: to_markdown(verdicts, folder, notice),
    "json": lambda verdicts, _folder, _full, notice: json_text(to_json(verdicts, notice), indent=1) + "\n",
}

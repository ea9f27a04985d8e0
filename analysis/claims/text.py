"""Verdicts on claims in words: a few lines each, or everything about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from breakeven.analysis.claims.expectation import CONTRADICTED, DECISIONS, INCONCLUSIVE, SUPPORTED, Part
from breakeven.analysis.claims.verdict import Verdict
from breakeven.analysis.units import plural
from breakeven.base.program import command
from breakeven.base.wrapping import wrap, wrap_command

EXPERIMENT = "+experiment=claims"
"""The sweep that has cells for every claim."""

MARKS = {SUPPORTED: "+", CONTRADICTED: "-", INCONCLUSIVE: "?"}
_LEGEND = "+ as the claim says, - against it, ? open"
_INDENT = "  "


class Detail(NamedTuple):
    """Words about a verdict beyond its first lines, and whether they are a command."""

    label: str
    text: str
    command: bool = False


def lines(verdicts: Sequence[Verdict], folder: str, width: int, *, full: bool, notice: str = "") -> list[str]:
    """Return ``verdicts`` on the sweep ``folder`` as lines of at most ``width`` columns, after the ``notice``.

    Words that are longer are not broken.
    """
    found = [*wrap(notice, width, _INDENT), ""] if notice else []
    for own in by_interpreter(verdicts).values():
        found += [*wrap(headline(own, folder), width, _INDENT), ""]
        for verdict in own:
            found += _about(verdict, folder, width, full=full)
    return [*found, "", *wrap(_last(verdicts, folder, full=full), width, _INDENT)]


def headline(verdicts: Sequence[Verdict], folder: str) -> str:
    """Return how many claims about a folder are decided in which way."""
    return f"{folder}: {count(verdicts)}"


def count(verdicts: Sequence[Verdict]) -> str:
    """Return how many claims about one interpreter are decided in which way."""
    counts = Counter(verdict.decision for verdict in verdicts)
    said = ", ".join(f"{counts[decision]} {decision}" for decision in DECISIONS if counts[decision])
    about = f" on {verdicts[0].interpreter}" if verdicts[0].interpreter else ""
    return f"{plural(len(verdicts), 'claim')}{about}: {said}"


def by_interpreter(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return the verdicts on each interpreter, in their order."""
    names = dict.fromkeys(verdict.interpreter for verdict in verdicts)
    return {name: [verdict for verdict in verdicts if verdict.interpreter == name] for name in names}


def _last(verdicts: Sequence[Verdict], folder: str, *, full: bool) -> str:
    """Return what the marks mean, and what to type next."""
    missing = any(part.run in part.lacks for verdict in verdicts for part in verdict.parts)
    more = "" if full else f"; rules, cells and commands: {command('claims', folder, '--all')}, or --only C01"
    measure = f"; what has no cells here: {command('run', EXPERIMENT)}, or as named" if missing else ""
    return f"{_LEGEND}{more}{measure}"


def _about(verdict: Verdict, folder: str, width: int, *, full: bool) -> Iterator[str]:
    claim = verdict.claim
    yield from wrap(f"{claim.id} {verdict.decision}: {claim.text}", width, _INDENT)
    for part in verdict.parts:
        said = f"{MARKS[part.decision]} {measured(part)}"
        yield from (f"{_INDENT}{line}" for line in wrap(said, width - len(_INDENT), _INDENT))
    if full:
        for detail in details(verdict, folder):
            yield from _detail(detail, width)
        yield ""


def _detail(detail: Detail, width: int) -> list[str]:
    if detail.command:
        return wrap_command(f"{_INDENT}{detail.label}: ", detail.text, width, 3 * _INDENT)
    rows = wrap(f"{detail.label}: {detail.text}", width - len(_INDENT), _INDENT)
    return [f"{_INDENT}{row}" for row in rows]


def measured(part: Part) -> str:
    """Return the effect of a part with its interval, and what is missing if that decides nothing."""
    return f"{part.what}: {effect(part)}"


def effect(part: Part) -> str:
    """Return the same without the quantity."""
    needs = f"needs {part.lacks}" if part.lacks else ""
    return "; ".join(filter(None, (part.said, needs)))


def details(verdict: Verdict, folder: str) -> Iterator[Detail]:
    """Yield the rule, what would change the verdict, the cells, and the commands that draw and repeat them."""
    for part in verdict.parts:
        yield Detail("rule", part.rule)
    yield Detail("would change it", verdict.claim.changes)
    yield Detail("figure", figure(verdict, folder), command=True)
    if verdict.cells:
        yield Detail("cells", ", ".join(verdict.cells))
    if verdict.again:
        yield Detail("again", verdict.again, command=True)


def figure(verdict: Verdict, folder: str) -> str:
    """Return the command that draws the figure that shows it."""
    name, select = verdict.claim.figure
    narrowed = ("--select", select) if select else ()
    return command("show", folder, "--figure", name, *narrowed)

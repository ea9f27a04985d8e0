"""The page of claims: which of them hold, what was measured of each and by which rule, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from breakeven.analysis.claims.expectation import Part, write
from breakeven.analysis.claims.pictures import KEY, TONES, Drawn, draw_figures, picture
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.claims.text import by_interpreter, count, effect, figure
from breakeven.analysis.claims.verdict import Verdict
from breakeven.analysis.frames.disturbed import say_disturbed
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.pages.page import Page, Section, asset, fill
from breakeven.analysis.pages.provenance import describe_origin, trace
from breakeven.analysis.pages.sheets import Cell, Row, Sheet, to_fields, to_plain
from breakeven.analysis.pages.strips import Strip
from breakeven.analysis.units import plural
from breakeven.base.program import command

_HEADINGS = ("claim", "verdict", "quantity", "of", "measured [95 %]", "cells")
_COLUMNS = (
    *("claim", "interpreter", "decision", "quantity", "unit", "name", "value", "low", "high"),
    *("events", "trials", "disturbed", "cells"),
)
_RULE = (
    """A claim is contradicted if any of its expectations is not met, supported if all are met, and inconclusive otherwise; \
the rules were written down before any data were collected.""",
    """An expectation is met if the whole 95 % interval lies within its range, and not met if the whole interval lies outside; one \
event proves that something occurs, and that it never does is concluded from enough observations without one.""",
    """Times and speedups of cells of which most pairs of trials were disturbed are those of the undisturbed pairs, if two \
processes or more have some; otherwise they decide nothing.""",
)


class Measured(NamedTuple):
    """What became of an expectation: the quantity, its effect, its rule, and the picture of it."""

    what: str
    effect: str
    rule: str
    decision: str
    tone: str
    strip: Strip | None


class Told(NamedTuple):
    """All about a claim on one interpreter; ``seen`` are the cells behind it."""

    anchor: str
    id: str
    interpreter: str
    text: str
    decision: str
    tone: str
    parts: Sequence[Measured]
    changes: str
    figure: Drawn
    seen: Sequence[tuple[str, str, str]]
    commands: Sequence[tuple[str, str]]


def describe_claims(lab: Lab, verdicts: Sequence[Verdict], folder: str) -> Page:
    """Return the page about the ``verdicts`` on a sweep, whose folder is called ``folder``."""
    origin, sheet = trace(lab.path, lab.runs), _sheet(verdicts)
    apart = len(by_interpreter(verdicts)) > 1
    told = [
        _tell(verdict, drawn, folder, apart=apart)
        for verdict, drawn in zip(verdicts, draw_figures(lab, verdicts), strict=True)
    ]
    key = KEY if any(part.strip for claim in told for part in claim.parts) else ()
    sections = [
        *_overview(told),
        Section("claims", "Claim by claim", fill("claims", claims=told, key=key, apart=apart)),
        Section("cells", "All that was measured", fill("sheets", tables=[sheet], flags=[])),
        Section("rule", "By which rule", fill("notes", lines=_RULE, listed=[], command="")),
        Section("origin", "Where it comes from", describe_origin({"": origin})),
    ]
    return Page(
        source=folder,
        headline=_headline(verdicts),
        facts=[*origin.place, plural(len(lab.cells), "cell"), origin.began],
        sections=sections,
        data={"tables": [to_plain(sheet)]},
        scripts=[asset("table.js")],
        notice=say_disturbed(lab.runs),
    )


def _headline(verdicts: Sequence[Verdict]) -> str:
    return "; ".join(map(count, by_interpreter(verdicts).values()))


def _overview(told: Sequence[Told]) -> Iterator[Section]:
    """Yield a section for each interpreter: every claim in a line."""
    for number, name in enumerate(dict.fromkeys(claim.interpreter for claim in told)):
        own = [claim for claim in told if claim.interpreter == name]
        title = f"What holds on {name}" if name else "What holds"
        yield Section(f"verdicts-{number}", title, fill("overview", claims=own))


def _anchor(verdict: Verdict, *, apart: bool) -> str:
    name = "".join(char if char.isalnum() else "-" for char in verdict.interpreter)
    return f"{verdict.claim.id}-{name}" if apart else verdict.claim.id


def _tell(verdict: Verdict, drawn: Drawn, folder: str, *, apart: bool) -> Told:
    claim = verdict.claim
    return Told(
        anchor=_anchor(verdict, apart=apart),
        id=claim.id,
        interpreter=verdict.interpreter,
        text=claim.text,
        decision=verdict.decision,
        tone=TONES[verdict.decision],
        parts=[_measured(part) for part in verdict.parts],
        changes=claim.changes,
        figure=drawn,
        seen=[(one.name, write(one, part.unit), " ".join(one.cells)) for part, one in _seen(verdict)],
        commands=list(_commands(verdict, folder)),
    )


def _measured(part: Part) -> Measured:
    rule = part.rule.removeprefix(f"{part.what}: ")
    return Measured(part.what, effect(part), rule, part.decision, TONES[part.decision], picture(part))


def _seen(verdict: Verdict) -> Iterator[tuple[Part, Seen]]:
    yield from ((part, one) for part in verdict.parts for one in part.seen)


def _commands(verdict: Verdict, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the commands that measure a claim again, or the cells that it lacks, and that draw its figure."""
    if verdict.again:
        yield "Measures its cells again:", verdict.again
    for run in dict.fromkeys(run for lacks, run in verdict.lacks if run in lacks):
        yield "Measures the cells that are missing:", f"{command('run')} {run}"
    yield "Draws its figure:", figure(verdict, folder)


def _sheet(verdicts: Sequence[Verdict]) -> Sheet:
    """Return all that was measured as a table; its lines of CSV have the numbers."""
    rows = [_row(verdict, part, one) for verdict in verdicts for part, one in _seen(verdict)]
    numeric = tuple(heading.startswith("measured") for heading in _HEADINGS)
    about = f"{plural(len(rows), 'number')}, each of a cell or of a pair of cells"
    return Sheet("measured", about, _HEADINGS, numeric, _COLUMNS, tuple(rows))


def _row(verdict: Verdict, part: Part, one: Seen) -> Row:
    claim, cells = verdict.claim.id, " ".join(one.cells)
    known = (claim, verdict.interpreter, part.decision, part.what, part.unit, one.name)
    counts = (one.events, one.trials) if one.trials else (None, None)
    texts = (claim, part.decision, part.what, one.name, write(one, part.unit), cells)
    keys = (*texts[:4], *to_fields([one.value]), cells)
    return Row(
        id=cells,
        cells=tuple(map(Cell, texts, keys)),
        fields=to_fields((*known, one.value, one.low, one.high, *counts, one.disturbed or None, cells)),
    )

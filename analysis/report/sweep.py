"""The page of a sweep.

Conclusions, its figures, its cells to explore, what to know before believing them, where they come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from breakeven.analysis.advice import advice_lines, advise, crossing_lines, crossings
from breakeven.analysis.advice.text import sentence
from breakeven.analysis.figures import FIGURES, NothingToDraw, draw_roles
from breakeven.analysis.figures.answers import describe_answers
from breakeven.analysis.findings import Finding, findings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.pages.drawings import draw_inline
from breakeven.analysis.pages.library import vega
from breakeven.analysis.pages.page import Page, Section, asset, fill
from breakeven.analysis.pages.provenance import Provenance, describe_origin, trace
from breakeven.analysis.pages.sheets import to_plain
from breakeven.analysis.pages.statements import Statement, tell
from breakeven.analysis.report.explorer import explore
from breakeven.analysis.report.strips import KEY, draw_strips
from breakeven.analysis.report.tables import describe_tables
from breakeven.analysis.summary.caution import FLAGS
from breakeven.analysis.summary.screen import Summary, count_cells, count_missing, name_problem, summarise
from breakeven.analysis.units import plural
from breakeven.analysis.verdicts.answer import Answer, answers
from breakeven.analysis.verdicts.sentences import Words
from breakeven.analysis.verdicts.table import verdicts
from breakeven.base.text import what_happened

_COLUMNS = 76
"""The width of what is laid out as text."""

_DECISIONS = {
    "parallel": ("good", "pays"),
    "serial": ("even", "stay serial"),
    "undecided": ("open", "not decided"),
    "fastest": ("good", "fastest"),
}
"""How a decision looks, and what it is called."""


def describe_sweep(lab: Lab, typed: Path) -> Page:
    """Return the page of a sweep, whose folder was ``typed``."""
    summary, origin = summarise(lab, typed), trace(lab.path, lab.runs)
    sheets = describe_tables(summary)
    sections = [
        _verdicts(lab),
        _figures(lab),
        Section("explore", "Explore the cells", fill("explorer"), scripted=True),
        Section("cells", "All cells", fill("sheets", tables=sheets, flags=_letters(summary))),
        _cautions(summary),
        Section("origin", "Where it comes from", describe_origin({"": origin})),
    ]
    return Page(
        source=summary.path.name,
        headline=_headline(lab),
        facts=_facts(origin, summary),
        notice=summary.notice,
        sections=[section for section in sections if section.body],
        data={**explore(lab), "tables": list(map(to_plain, sheets))},
        scripts=[asset("table.js"), asset("explorer.js")],
        libraries=[vega()],
    )


def _headline(lab: Lab) -> str:
    """Return what follows from the whole sweep in one clause."""
    advice, found = advise(lab), verdicts(lab)
    if advice is not None:
        return sentence(advice)
    clauses = [describe_answers(found[found["cells"].isna()])] if len(found) else []
    clauses += [finding.sentence for finding in findings(lab)]
    return next(filter(None, clauses), f"Nothing is decided by {plural(len(lab.cells), 'cell')} so far")


def _facts(origin: Provenance, summary: Summary) -> list[str]:
    return [*origin.place, *filter(None, (count_cells(summary), origin.began))]


def _verdicts(lab: Lab) -> Section:
    advice, lines = advise(lab), crossings(lab)
    text = advice_lines(advice, _COLUMNS) if advice is not None else []
    text = crossing_lines(lines, _COLUMNS) if advice is None and lines is not None else text
    found = [] if text else [*_answered(answers(lab)), *map(_found, findings(lab))]
    return Section(
        "verdicts", "Conclusions", fill("text", text="\n".join(text)) if text else tell(found, KEY)
    )


def _answered(found: Sequence[Answer]) -> Iterator[Statement]:
    for answer, strip in zip(found, draw_strips(found), strict=True):
        words = Words(answer)
        said = words.sentence().removeprefix(f"For {answer.question.about}: ").removesuffix(".")
        head, _, rest = said.partition("; ")
        tone, label = _DECISIONS[answer.ranking.decision]
        details = words.beyond_the_sentence()
        yield Statement(answer.question.text, tone, label, head, rest, details, strip)


def _found(finding: Finding) -> Statement:
    return Statement(finding.question, "even", finding.decision, finding.sentence, details=finding.details)


def _figures(lab: Lab) -> Section:
    """Return those figures that the sweep has data for, as `breakeven show` chooses them."""
    drawn: list[dict[str, Any]] = []
    for name in FIGURES:
        try:
            figure = draw_roles(name, lab)
        except NothingToDraw:
            continue
        drawn.append({"name": name, "svg": draw_inline(figure, name)})
    return Section("figures", "Figures", fill("figures", figures=drawn) if drawn else Markup())


def _cautions(summary: Summary) -> Section:
    state = [count_cells(summary), *([count_missing(summary)] if summary.missing else [])]
    if summary.left_out:
        state.append(summary.left_out)
    body = fill(
        "cautions",
        cautions=summary.cautions,
        problems=list(map(_problem, summary.problems.to_dict("records"))),
        state=state,
        undecided=summary.undecided,
    )
    return Section("cautions", "Before you believe it", body)


def _problem(row: dict[Any, Any]) -> dict[str, str]:
    reason = str(row["reason"]).strip()
    brief = what_happened(reason)
    return {
        "name": name_problem(pd.Series(row)),
        "reason": brief,
        "whole": reason if reason != brief else "",
        "example": str(row["example"]),
    }


def _letters(summary: Summary) -> list[tuple[str, str]]:
    return [(letter, FLAGS[letter]) for letter in summary.flags]

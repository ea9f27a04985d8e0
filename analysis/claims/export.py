"""The verdicts on claims as ``claims.json`` and ``claims.md`` in the results folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from breakeven.analysis.claims.expectation import Part
from breakeven.analysis.claims.text import by_interpreter, details, headline, measured
from breakeven.analysis.claims.verdict import Verdict
from breakeven.analysis.frames.aside import write_aside
from breakeven.base.json_text import json_text
from breakeven.base.layout import SweepPaths
from breakeven.base.version import __version__

SCHEMA = 1
"""Changes if a key changes its meaning or is removed; keys may be added."""


def to_json(verdicts: Sequence[Verdict], notice: str = "") -> dict[str, Any]:
    """Return the verdicts as what JSON knows; a number that is missing or infinite is null.

    `docs/claims.md` lists the keys.
    """
    return {
        "schema": SCHEMA,
        "breakeven_version": __version__,
        "notice": notice or None,
        "claims": [_verdict(verdict) for verdict in verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    claim = verdict.claim
    return {
        "id": claim.id,
        "claim": claim.text,
        "interpreter": verdict.interpreter,
        "decision": verdict.decision,
        "measured": [_part(part) for part in verdict.parts],
        "changes": claim.changes,
        "cells": list(verdict.cells),
        "again": verdict.again or None,
        "figure": claim.figure.name,
        "select": claim.figure.select or None,
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "quantity": part.what,
        "rule": part.rule,
        "decision": part.decision,
        "unit": part.unit,
        "sentence": measured(part),
        "lacks": part.lacks or None,
        "run": part.run,
        "seen": [
            {
                "name": seen.name,
                "value": _finite(seen.value),
                "low": _finite(seen.low),
                "high": _finite(seen.high),
                "cells": list(seen.cells),
                "events": seen.events if seen.trials else None,
                "trials": seen.trials or None,
                "disturbed": seen.disturbed or None,
                "undisturbed_pairs_only": seen.undisturbed,
            }
            for seen in part.seen
        ],
    }


def _finite(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def to_markdown(verdicts: Sequence[Verdict], folder: str, notice: str = "") -> str:
    """Return the verdicts as Markdown: a table of all below the ``notice``, then a section for each."""
    return "\n".join(_markdown(verdicts, folder, notice)) + "\n"


def _markdown(verdicts: Sequence[Verdict], folder: str, notice: str) -> Iterator[str]:
    for own in by_interpreter(verdicts).values():
        yield f"# {_escape(headline(own, folder))}"
        yield from ("", _escape(notice)) if notice else ()
        yield from ("", "| | verdict | claim |", "|---|---|---|")
        yield from (
            f"| {verdict.claim.id} | {verdict.decision} | {_escape(verdict.claim.text)} |" for verdict in own
        )
        for verdict in own:
            yield from _section(verdict, folder)


def _section(verdict: Verdict, folder: str) -> Iterator[str]:
    yield from ("", f"## {verdict.claim.id}: {verdict.decision}", "", _escape(verdict.claim.text), "")
    yield from (f"- {part.decision}: {_escape(measured(part))}" for part in verdict.parts)
    for detail in details(verdict, folder):
        yield f"- {detail.label}: {f'`{detail.text}`' if detail.command else _escape(detail.text)}"


def _escape(text: str) -> str:
    for special in "\\|*_<>`[]":
        text = text.replace(special, f"\\{special}")
    return text


def write_claims(
    verdicts: Sequence[Verdict], paths: SweepPaths, folder: str, notice: str = ""
) -> tuple[Path, Path]:
    """Write both files, each of which is whole or absent, and return them; raise VerdictsUnwritable."""
    text = json_text(to_json(verdicts, notice), indent=1) + "\n"
    markdown = to_markdown(verdicts, folder, notice)
    write_aside(paths.claims, lambda aside: aside.write_text(text, encoding="utf-8"))
    write_aside(paths.claims_page, lambda aside: aside.write_text(markdown, encoding="utf-8"))
    return paths.claims, paths.claims_page

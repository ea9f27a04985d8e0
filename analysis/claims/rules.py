"""The rule of every claim in words, which needs no data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from breakeven.analysis.claims.claim import Claim


def rules(claims: Iterable[Claim]) -> str:
    """Return the rules of ``claims`` as Markdown.

    What each leads one to expect, what measures it, and what would change the verdict.
    """
    sections = ("".join(f"{line}\n" for line in _rule(claim)) for claim in claims)
    return "\n".join(sections)


def _rule(claim: Claim) -> Iterator[str]:
    yield from (f"### {claim.id}", "", claim.text, "")
    for expectation in claim.expects:
        yield f"- {expectation.rule}. Measured by `{expectation.run}`"
    select = f", of `{claim.figure.select}`" if claim.figure.select else ""
    yield from (f"- Figure `{claim.figure.name}`{select}", f"- Would change it: {claim.changes}")

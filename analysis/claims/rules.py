"""The rule of every claim in words, which needs no data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from breakeven.analysis.claims.claim import Claim
from breakeven.base.wrapping import wrap

_WIDTH, _INDENT = 120, "  "

_PREFACE = """\
The sentences in quotation marks are what people say, not what breakeven says, and some of them are false. Below each
you find what the claim leads one to expect (*quantity: range, in which cells*), the knobs that measure it (to type
after `breakeven run`), the figure that shows it (`breakeven show --figure NAME`), and what would change the verdict.

"""


def rules(claims: Iterable[Claim]) -> str:
    """Return the rules of ``claims`` as Markdown.

    Each has what it leads one to expect, what measures it, and what would change the verdict.
    """
    sections = ("".join(f"{line}\n" for line in _rule(claim)) for claim in claims)
    return _PREFACE + "\n".join(sections)


def _rule(claim: Claim) -> Iterator[str]:
    yield from (f"### {claim.id}", "", *wrap(f'"{claim.text}"', _WIDTH), "")
    runs = dict.fromkeys(expectation.run for expectation in claim.expects)
    for expectation in claim.expects:
        yield from wrap(f"- {expectation.rule}", _WIDTH, _INDENT)
        if len(runs) > 1:
            yield f"{_INDENT}Measured by `{expectation.run}`"
    if len(runs) == 1:
        yield f"- Measured by `{next(iter(runs))}`"
    select = f" with `--select {claim.figure.select}`" if claim.figure.select else ""
    yield f"- Figure `{claim.figure.name}`{select}"
    yield from wrap(f"- Would change the verdict: {claim.changes}", _WIDTH, _INDENT)

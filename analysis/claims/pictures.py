"""Claims in pictures: what was seen of each expectation on the range that it names, and the figure that shows it."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import NamedTuple

from markupsafe import Markup

from breakeven.analysis.claims.claim import Figure
from breakeven.analysis.claims.expectation import (
    CONTRADICTED,
    INCONCLUSIVE,
    RATIO,
    SHARE,
    SIZE,
    SUPPORTED,
    TIME,
    Part,
)
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.claims.verdict import Verdict
from breakeven.analysis.errors import NoMatch
from breakeven.analysis.figures import NothingToDraw, choose, draw_roles
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.pages.drawings import draw_inline
from breakeven.analysis.pages.strips import Scale, Strip, Value, Write, draw, write_ratio, write_time
from breakeven.analysis.units import format_share, format_size, trim_zeros

TONES = {SUPPORTED: "good", CONTRADICTED: "bad", INCONCLUSIVE: "open"}

KEY = (
    ("band", "the range that the claim leads one to expect"),
    ("good", "within it, with its 95 % interval"),
    ("bad", "beyond it"),
    ("open", "not decided"),
)
"""What stands in a picture."""

_LABELS: dict[str, Write] = {
    RATIO: write_ratio,
    TIME: write_time,
    SIZE: format_size,
    SHARE: lambda share: trim_zeros(format_share(share)),
}


_BESIDE = (0.92, 1.08)
"""Where the ends of a range are seen, beside its very ends."""


class Drawn(NamedTuple):
    """A figure in words and as markup, or where on the page it stands.

    The markup is empty if the sweep has no data for it.
    """

    about: str
    anchor: str
    svg: Markup
    elsewhere: str = ""


def picture(part: Part) -> Strip | None:
    """Return what was seen of a quantity, above the range that is expected of it; None of what is only counted."""
    values = [_value(one) for one in part.seen]
    if part.within is None or not values:
        return None
    positive = all(end > 0 for value in values for end in value if isfinite(end))
    logarithmic = part.unit != SHARE and positive
    beside = [end * factor for end in part.within for factor in _BESIDE]
    scale = Scale.of(values, beside, logarithmic=logarithmic)
    if scale is None:
        return None
    tones = (TONES[lies] for lies in part.lies)
    marks = zip(tones, values, strict=True)
    return draw(marks, scale, _LABELS[part.unit], one=part.unit == RATIO, band=part.within)


def _value(seen: Seen) -> Value:
    return Value(seen.value, seen.low, seen.high)


def draw_figures(lab: Lab, verdicts: Iterable[Verdict]) -> list[Drawn]:
    """Return the figure of each verdict: drawn for the first one that it shows, and of the others where that is."""
    known: dict[Figure, Drawn] = {}
    found: list[Drawn] = []
    for verdict in verdicts:
        figure = verdict.claim.figure
        if figure in known:
            found.append(known[figure]._replace(elsewhere=known[figure].anchor if known[figure].svg else ""))
        elif verdict.cells:
            known[figure] = _draw(lab, figure, f"figure-{len(known)}")
            found.append(known[figure])
        else:
            found.append(Drawn(_about(figure), "", Markup()))
    return found


def _draw(lab: Lab, figure: Figure, anchor: str) -> Drawn:
    try:
        drawn = draw_roles(figure.name, *choose(lab, select=figure.select or None))
    except (NothingToDraw, NoMatch):
        return Drawn(_about(figure), anchor, Markup())
    return Drawn(_about(figure), anchor, draw_inline(drawn, anchor))


def _about(figure: Figure) -> str:
    return f"{figure.name}, of {figure.select}" if figure.select else figure.name

"""What follows, sentence by sentence, each with a picture beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from breakeven.analysis.pages.page import fill
from breakeven.analysis.pages.strips import Strip

FOLDED = 12
"""The most statements that are seen without unfolding the others."""

Key = Sequence[tuple[str, str]]
"""What the tones of the marks stand for."""


@dataclass(frozen=True)
class Statement:
    """What follows for a question: its sentence in two parts, what else there is to say, and the picture beside it.

    ``label`` is the decision in a word or two, ``tone`` how it looks: good, bad, open or even.
    """

    about: str
    tone: str
    label: str
    head: str
    rest: str = ""
    details: tuple[str, ...] = ()
    strip: Strip | None = None


def tell(found: Sequence[Statement], key: Key = ()) -> Markup:
    """Return ``found`` as a list, all but the first ones folded, above the ``key`` to its pictures.

    Nothing of nothing.
    """
    if not found:
        return Markup()
    drawn = any(one.strip for one in found)
    return fill("statements", shown=found[:FOLDED], folded=found[FOLDED:], key=key if drawn else ())

"""One thing that follows from observations."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """What is asked, in words; what follows in one word and in a sentence; and the cells behind it.

    ``decision`` is one of the words of its rule, or ``undecided``. ``details`` are further sentences for who asks for
    all, ``clause`` says the same in a few words, for the title of a figure.
    """

    question: str
    decision: str
    sentence: str
    cells: tuple[str, ...]
    details: tuple[str, ...] = ()
    clause: str = ""

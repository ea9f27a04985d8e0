"""The look of figures, as far as it is more than seaborn's."""

from __future__ import annotations

import re

from matplotlib.colors import to_rgb

from breakeven.analysis.figures.style import GREY_OF_THE_PALETTE, PALETTE
from breakeven.analysis.pages.page import asset


def test_the_explorer_of_a_page_has_the_colours_of_the_figures() -> None:
    """In their order."""
    (listed,) = re.findall(r"const PALETTE = \[(.*)\];", asset("explorer.js"))
    assert listed.replace('"', "").split(", ") == list(PALETTE)


def test_the_grey_of_the_palette_is_known() -> None:
    """It is left out where grey says that nothing is decided."""
    assert [len(set(to_rgb(color))) == 1 for color in PALETTE].index(True) == GREY_OF_THE_PALETTE

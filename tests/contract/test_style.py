"""The look of figures, as far as it is more than seaborn's."""

from __future__ import annotations

from matplotlib.colors import to_rgb

from breakeven.analysis.figures.style import GREY_OF_THE_PALETTE, PALETTE


def test_the_grey_of_the_palette_is_known() -> None:
    """It is left out where grey says that nothing is decided."""
    assert [len(set(to_rgb(color))) == 1 for color in PALETTE].index(True) == GREY_OF_THE_PALETTE

"""The look of figures stands in numbers; they are those of the library that would take half a second to import."""

from __future__ import annotations

import matplotlib as mpl
import seaborn as sns
from matplotlib.colors import to_rgb

from breakeven.analysis.figures.style import GREY_OF_THE_PALETTE, PALETTE, STYLE

_OURS = {"image.cmap", "font.sans-serif"}
"""What seaborn sets as well: a map that no figure uses, and letters that `look` chooses."""


def test_the_style_is_that_of_seaborn() -> None:
    """Each setting that seaborn makes, with the same value."""
    style = sns.axes_style("whitegrid") | sns.plotting_context("paper", font_scale=1.15)
    with mpl.rc_context():
        mpl.rcParams.update({name: value for name, value in style.items() if name not in _OURS})
        wanted = {name: mpl.rcParams[name] for name in style if name not in _OURS}
    with mpl.rc_context():
        mpl.rcParams.update(STYLE)
        found = {name: mpl.rcParams[name] for name in STYLE}
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        is_number = isinstance(value, float)
        assert abs(found[name] - value) < 1e-9 if is_number else found[name] == value, name


def test_the_palette_is_that_of_seaborn() -> None:
    """Its colours in its order, and the place of the grey one."""
    assert list(PALETTE) == sns.color_palette("colorblind").as_hex()
    assert [len(set(to_rgb(color))) == 1 for color in PALETTE].index(True) == GREY_OF_THE_PALETTE

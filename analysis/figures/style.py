"""The numbers behind the common look: seaborn's ``whitegrid`` in the size of its context ``paper`` times 1.15, and its palette ``colorblind``.

They stand here since seaborn, which brings SciPy's statistics, takes as long to import as a figure to draw; a test compares them.
"""

from __future__ import annotations

from typing import Any

PALETTE = (
    *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"),
    *("#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
)
"""Ten colours that the colour-blind can tell apart."""

GREY_OF_THE_PALETTE = 7
"""The place of its grey."""

_INK, _LETTER, _SMALL_LETTER, _LINE, _TICK = ".15", 11.04, 10.12, 0.8, 4.8

STYLE: dict[Any, Any] = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), "white"),
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), _INK),
    **dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize", "legend.title_fontsize"), _LETTER),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "legend.fontsize"), _SMALL_LETTER),
    **dict.fromkeys(("xtick.bottom", "xtick.top", "ytick.left", "ytick.right"), False),
    **dict.fromkeys(("xtick.direction", "ytick.direction"), "out"),
    **dict.fromkeys(("xtick.major.width", "ytick.major.width", "axes.linewidth"), 1.0),
    **dict.fromkeys(("xtick.major.size", "ytick.major.size", "lines.markersize"), _TICK),
    **dict.fromkeys(("xtick.minor.width", "ytick.minor.width", "grid.linewidth", "patch.linewidth"), _LINE),
    **dict.fromkeys(("xtick.minor.size", "ytick.minor.size"), 3.2),
    **dict.fromkeys((f"axes.spines.{side}" for side in ("left", "bottom", "right", "top")), True),
    "axes.axisbelow": True,
    "axes.edgecolor": ".8",
    "axes.grid": True,
    "grid.color": ".8",
    "grid.linestyle": "-",
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "font.family": ["sans-serif"],
}
"""Settings of matplotlib."""

"""The common look of all figures.

seaborn's style ``whitegrid``, its context ``paper`` times 1.15, and its palette ``colorblind``.
"""

from __future__ import annotations

from typing import Any

import seaborn as sns

PALETTE: tuple[str, ...] = tuple(sns.color_palette("colorblind").as_hex())
"""Ten colours that the colour-blind can tell apart."""

GREY_OF_THE_PALETTE = 7
"""The place of its grey."""

STYLE: dict[Any, Any] = sns.axes_style("whitegrid") | sns.plotting_context("paper", font_scale=1.15)
"""Settings of matplotlib."""

"""The files that figures are saved as; nothing here needs what draws them."""

from __future__ import annotations

from typing import Any

DPI = 150
"""Pixels per inch of a saved picture: texts are fitted at that resolution, since hinting makes letters wider or
narrower."""

FORMATS: dict[str, dict[str, Any]] = {
    "png": {"dpi": DPI, "metadata": {"Software": None}},
    "svg": {"metadata": {"Date": None}},
}
"""The formats, with the arguments of `Figure.savefig` for each, which make the same bytes from the same data."""

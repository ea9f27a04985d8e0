"""The library that draws on a page: Vega-Lite, with its interpreter of expressions, so that no text becomes code."""

from __future__ import annotations

from functools import cache

import vl_convert


@cache
def vega() -> str:
    """Return the code of Vega, Vega-Lite and Vega-Embed as one script; it sets ``vegaEmbed``."""
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle

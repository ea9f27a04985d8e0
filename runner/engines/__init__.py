"""Engines, which carry runs to machines.

The registry holds names only: a plan must not import an engine, which imports everything that measures.
"""

REGISTRY = {
    "local": "breakeven.runner.engines.local:Local",
    "debug": "breakeven.runner.engines.debug:Debug",
    "dask": "breakeven.runner.engines.dask:Dask",
    "ray": "breakeven.runner.engines.ray:Ray",
}

KINDS: dict[str, dict[str, str]] = {
    "local": {},
    "debug": {},
    "dask": {"address": "text", "placement": "block|any", "patience": "time"},
    "ray": {"address": "text", "placement": "block|any", "patience": "time"},
}
"""The knobs of each engine and their kinds; an engine without any measures on this machine."""

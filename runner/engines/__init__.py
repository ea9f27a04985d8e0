"""Engines, which carry runs to machines.

The registry holds names only: a plan must not import an engine, which imports everything that measures.
"""

REGISTRY = {
    "local": "breakeven.runner.engines.local:Local",
    "debug": "breakeven.runner.engines.debug:Debug",
}

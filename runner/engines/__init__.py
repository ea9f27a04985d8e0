"""Engines: who carries runs to machines.

Their names are known without them: a plan needs no engine, and an engine needs all that measures.
"""

REGISTRY = {
    "local": "breakeven.runner.engines.local:Local",
    "debug": "breakeven.runner.engines.debug:Debug",
}

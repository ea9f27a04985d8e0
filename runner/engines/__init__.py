"""Engines, which carry runs to machines.

The registry holds names only: a plan must not import an engine, which imports everything that measures.
"""

REGISTRY = {
    "local": "breakeven.runner.engines.local:Local",
    "debug": "breakeven.runner.engines.debug:Debug",
    "dask": "breakeven.runner.engines.dask:Dask",
    "ray": "breakeven.runner.engines.ray:Ray",
    "slurm": "breakeven.runner.engines.slurm:Slurm",
}

KINDS: dict[str, dict[str, str]] = {
    "local": {},
    "debug": {},
    "dask": {"address": "text", "placement": "block|any", "patience": "patience"},
    "ray": {"address": "text", "placement": "block|any", "patience": "patience"},
    "slurm": {
        "nodes": "count",
        "partition": "text?",
        "allocation": "per_run|shared",
        "placement": "block|any",
        "patience": "patience",
        "folder": "text?",
        "sbatch": "list",
    },
}
"""The knobs of each engine and their kinds; an engine without any measures on this machine."""

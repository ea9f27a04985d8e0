"""What cells differ by: columns of `runs`, and the knobs that set them."""

FACTORS = (
    "label",
    "workload",
    "model",
    "start_method",
    "ipc",
    "pattern",
    "workers",
    "payload_bytes",
    "payload_out_bytes",
    "tasks",
    "task_ns",
    "window_ns",
    "interpreter",
    "affinity",
)
"""Columns of `runs` that were chosen, not measured: what one cell differs from another by."""

COLUMNS = {
    "payload": "payload_bytes",
    "payload_out": "payload_out_bytes",
    "task": "task_ns",
    "window": "window_ns",
    "interpreter.path": "interpreter",
    "model.start_method": "start_method",
    "engine.name": "engine",
    **{f"{family}.name": family for family in ("workload", "model", "ipc", "pattern")},
}
"""Columns of `runs` by the names of their knobs, if those differ."""

OF_THE_SWEEP = ("sweep", "outputs", "rounds")
"""Knobs of where a sweep is stored and how often a cell is measured: nothing that cells differ by."""

POLICY = ("dry_run", "retry_failed", "on_change", "on_failure", "max_failures", "on_busy", "progress")
"""Knobs of how a sweep is carried out: nothing that cells differ by."""

"""The factors that distinguish cells: columns of `runs`, and the knobs that set them."""

FACTORS = (
    "label",
    "workload",
    "function",
    "model",
    "start_method",
    "ipc",
    "pattern",
    "workers",
    "payload_asked_bytes",
    "payload_out_asked_bytes",
    "tasks",
    "task_ns",
    "window_ns",
    "interpreter",
    "interpreter_flags",
    "variables",
    "affinity",
)
"""Columns of `runs` that were chosen, not measured; cells differ in these."""

COLUMNS = {
    "payload": "payload_asked_bytes",
    "payload_out": "payload_out_asked_bytes",
    "task": "task_ns",
    "trial": "trial_ns",
    "window": "window_ns",
    "interpreter.path": "interpreter",
    "interpreter.flags": "interpreter_flags",
    "environment": "variables",
    "workload.target": "function",
    "model.start_method": "start_method",
    "engine.name": "engine",
    **{f"{family}.name": family for family in ("workload", "model", "ipc", "pattern")},
}
"""Columns of `runs` by the name of their knob, if it differs from that of the column."""

OF_THE_SWEEP = ("sweep", "outputs", "preset", "rounds", "precision", "max_rounds")
"""Knobs for where a sweep is stored and how often a cell is measured; not factors."""

POLICY = (
    *("budget", "compare_by", "calibration", "calibrate_on"),
    *("dry_run", "retry_failed", "on_change", "on_failure", "max_failures", "on_busy", "progress"),
)
"""Knobs for how a sweep is carried out; not factors."""

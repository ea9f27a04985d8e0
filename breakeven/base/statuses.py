"""The values of the column ``status`` of `runs`: how a run can end."""

OK = "ok"
INCOMPATIBLE = "incompatible"
FAILED = ("failed", "crashed", "timeout")
"""Statuses of runs that went wrong; `retry_failed` reruns these."""

FINAL = (OK, INCOMPATIBLE)
"""Statuses of runs that are done: the run went well, or the combination cannot exist."""

STATUSES = (OK, *FAILED, INCOMPATIBLE)

"""How a run can end: the values of the column ``status`` of `runs`."""

OK = "ok"
INCOMPATIBLE = "incompatible"
FAILED = ("failed", "crashed", "timeout")
"""Statuses of runs that went wrong; `retry_failed` makes these again."""

FINAL = (OK, INCOMPATIBLE)
"""Statuses of runs that are done: the pair cannot exist, or all went well."""

STATUSES = (OK, *FAILED, INCOMPATIBLE)

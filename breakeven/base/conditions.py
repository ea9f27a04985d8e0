"""Under which conditions a run was measured: what must be alike in runs that are one measurement."""

CODE = "code"
CONDITIONS = {
    CODE: "breakeven's own code",
    "python_version": "Python",
    "implementation": "implementation of Python",
    "python_build": "build of Python",
    "source": "source of the function",
    "hostname": "host",
    "cpu_model": "CPU",
    "cpu_count": "CPUs",
    "kernel": "kernel",
}
"""Columns of `runs` that hold the conditions, and what to call them."""

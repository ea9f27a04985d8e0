"""The conditions of a run: they must be equal in all runs of one measurement."""

CODE = "code"
ENVIRONMENT = "environment"
AMOUNT = "task_amount"
SOURCES = "sources"
PACKAGES = "packages"
CPU_MODEL = "cpu_model"
CONDITIONS = {
    CODE: "breakeven's own code",
    "python_version": "Python",
    "implementation": "Python implementation",
    "python_build": "Python build",
    ENVIRONMENT: "environment",
    SOURCES: "source of the function",
    PACKAGES: "packages",
    AMOUNT: "calibrated work of a task",
    "hostname": "host",
    CPU_MODEL: "CPU",
    "cpu_count": "CPUs",
    "kernel": "kernel",
}
"""Columns of `runs` that hold the conditions, and their names in messages."""

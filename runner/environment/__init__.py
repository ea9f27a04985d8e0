"""Facts about the machine, what this process may use of it, and the source that measures on it."""

from runner.environment.code import own_code
from runner.environment.cpu import cpu_count, cpu_model
from runner.environment.machine import lasting_facts, machine_facts
from runner.environment.repository import project_version, repository_of

__all__ = [
    "cpu_count",
    "cpu_model",
    "lasting_facts",
    "machine_facts",
    "own_code",
    "project_version",
    "repository_of",
]

"""Facts about the machine, what this process may use of it, and the source that measures on it."""

from breakeven.runner.environment.code import own_code
from breakeven.runner.environment.contents import content_hash
from breakeven.runner.environment.cpu import cpu_count, cpu_model
from breakeven.runner.environment.machine import lasting_facts, machine_facts
from breakeven.runner.environment.repository import repository_of

__all__ = [
    "content_hash",
    "cpu_count",
    "cpu_model",
    "lasting_facts",
    "machine_facts",
    "own_code",
    "repository_of",
]

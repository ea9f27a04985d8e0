"""Values that YAML files may refer to, beside those of OmegaConf."""

from __future__ import annotations

from omegaconf import OmegaConf

from breakeven.runner.environment import cpu_count


def register() -> None:
    """Let files write ``${breakeven.cpus:}`` for the CPUs that this process may use.

    ``${breakeven.cpus:2}`` is twice as many.
    """
    OmegaConf.register_new_resolver("breakeven.cpus", _cpus, replace=True)


def _cpus(factor: float = 1) -> int:
    return max(round(factor * cpu_count()), 1)

"""Look up engines by name."""

from __future__ import annotations

from breakeven.base import loading
from breakeven.runner.engines import REGISTRY
from breakeven.runner.engines._abc import Calibrated, Engine

__all__ = ["Calibrated", "Engine", "load"]


def load(name: str) -> type[Engine]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    found: type[Engine] = loading.load(REGISTRY[name])
    return found

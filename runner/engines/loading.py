"""Look up engines by name."""

from __future__ import annotations

from pathlib import Path

from breakeven.base import loading
from breakeven.runner.config.engine import ChosenEngine
from breakeven.runner.engines import REGISTRY
from breakeven.runner.engines._abc import SWEEP, Calibrated, Engine

__all__ = ["Calibrated", "Engine", "load", "open_engine"]


def load(name: str) -> type[Engine]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    found: type[Engine] = loading.load(REGISTRY[name])
    return found


def open_engine(chosen: ChosenEngine, sweep: Path) -> Engine:
    """Return the engine, ready to take the runs of a sweep; raise EngineUnusable."""
    kind = load(chosen.name)
    return kind(**({} if chosen.here else {"options": {**chosen.options, SWEEP: sweep}}))

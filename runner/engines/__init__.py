"""Engines: who carries runs to machines."""

from __future__ import annotations

from importlib import import_module

from breakeven.runner.engines._abc import Engine, Outcome, Run, Source

REGISTRY = {
    "local": "local:Local",
    "debug": "debug:Debug",
}


def load(name: str) -> type[Engine]:
    """Give the class registered as ``name``; raises KeyError where there is none."""
    module, _, attribute = REGISTRY[name].partition(":")
    found: type[Engine] = getattr(import_module(f".{module}", __name__), attribute)
    return found


__all__ = ["REGISTRY", "Engine", "Outcome", "Run", "Source", "load"]

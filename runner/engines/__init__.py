"""Engines: who carries runs to machines."""

from __future__ import annotations

from importlib import import_module

from breakeven.runner.engines._abc import Engine

REGISTRY = {
    "local": "local:Local",
    "debug": "debug:Debug",
}


def load(name: str) -> type[Engine]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    module, _, attribute = REGISTRY[name].partition(":")
    found: type[Engine] = getattr(import_module(f".{module}", __name__), attribute)
    return found


__all__ = ["REGISTRY", "Engine", "load"]

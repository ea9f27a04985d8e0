"""Patterns: how a trial uses workers and channel."""

from __future__ import annotations

from ..registry import member
from ._abc import Pattern

REGISTRY = {
    "map": "map:Map",
    "window": "window:Window",
    "pingpong": "pingpong:PingPong",
    "memory": "memory:Memory",
    "scatter": "scatter:Scatter",
    "counter": "counter:Counter",
    "shared_pipe": "shared_pipe:SharedPipe",
    "deadlock": "deadlock:Deadlock",
    "stream": "stream:Stream",
    "heartbeat": "heartbeat:Heartbeat",
    "switching": "switching:Switching",
    "pipeline": "pipeline:Pipeline",
}


def load(name: str) -> type[Pattern]:
    """Return the class registered as ``name``; raise KeyError if there is none."""
    found: type[Pattern] = member(__name__, REGISTRY, name)
    return found


__all__ = ["REGISTRY", "Pattern", "load"]

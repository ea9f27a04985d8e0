"""What both sides know of patterns."""

from __future__ import annotations

ECHOES = ("pingpong", "counter", "shared_pipe", "deadlock", "stream", "switching")
"""Patterns that run no workload: what they do is named by the pattern alone. A test compares them with the registry."""

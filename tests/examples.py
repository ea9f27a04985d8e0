"""How many examples a property is tried with, where each of them costs more than most."""

from __future__ import annotations

from hypothesis import settings


def at_most(examples: int) -> settings:
    """Return settings with at most ``examples``: fewer if the profile asks for fewer, as that of `make test-contract` does."""
    default = settings()
    return settings(default, max_examples=min(examples, default.max_examples))

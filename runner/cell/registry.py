"""Members of a family by name, imported on demand, so that a measured process loads only what it uses."""

from __future__ import annotations

import importlib
from typing import Any


def member(package: str, registry: dict[str, str], name: str) -> Any:
    """Return the class that ``registry`` lists as ``module:Class``; raise KeyError for an unknown name."""
    module, _, attribute = registry[name].partition(":")
    return getattr(importlib.import_module(f".{module}", package), attribute)

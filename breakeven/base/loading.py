"""Import on demand, by the reference in a registry."""

from importlib import import_module
from typing import Any


def load(reference: str) -> Any:
    """Import the module of ``module:attribute`` and return the attribute, or the module if none is named."""
    module, _, attribute = reference.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found

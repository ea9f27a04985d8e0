"""Modules that are imported when they are needed, by the text that a registry holds."""

from importlib import import_module
from typing import Any


def load(reference: str) -> Any:
    """Import the module of ``module:attribute`` and return the attribute; the module itself if none is named."""
    module, _, attribute = reference.partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found

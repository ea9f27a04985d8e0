"""The names of interpreters: versions, programs and paths."""

from __future__ import annotations

import os
import re

_VERSION = re.compile(r"(?:python|cpython)?(?P<version>[23]\.\d+(?:\.\d+)?t?)")
_NAME = re.compile(r"current|(?:python|pypy)[0-9][\w.]*")


def canonical(name: str) -> str:
    """Return the one name of an interpreter that goes by several: ``python3.14`` for 3.14; others as they are."""
    version = version_of(name)
    return name if version is None else f"python{version}"


def version_of(name: str) -> str | None:
    """Return the version that a name consists of, such as 3.13t; None if it is another kind of name."""
    found = _VERSION.fullmatch(name)
    return found and found["version"]


def looks_like_interpreter(text: str) -> bool:
    """Return whether a text is a version, the name of a Python, or a path."""
    return os.sep in text or bool(_VERSION.fullmatch(text) or _NAME.fullmatch(text))

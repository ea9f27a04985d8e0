"""Errors in a user's request, shared by runner and analysis: one line, exit code 2."""

from __future__ import annotations

from pathlib import Path
from typing import Self


class BadInput(Exception):
    """Raised when a request cannot be carried out as it stands.

    The message is one line: the value, where it was found, the remedy, the known alternatives.
    The command line prints it and exits with code 2.
    """


class UnknownChoice(BadInput):
    """Raised when a key or the name of a choice is unknown."""


class BadValue(BadInput):
    """Raised when a value cannot be read: a unit, a count, a share or a size."""


class ResultsMissing(BadInput):
    """Raised when there is no results folder at the given path."""


class ResultsUnreadable(BadInput):
    """Raised when a file or folder of results cannot be read, whatever it holds."""

    @classmethod
    def from_os_error(cls, error: OSError, path: str | Path) -> Self:
        """Return the error for ``path``."""
        remedy = "make it readable for you" if isinstance(error, PermissionError) else "look at its disk"
        if isinstance(error, FileNotFoundError):
            remedy = "it was moved or merged meanwhile: type the same again"
        return cls(f"cannot read {path}: {error.strerror}; {remedy}, or name another folder")

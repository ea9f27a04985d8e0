"""Errors of planning, which come before anything is measured, and of storing results."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from breakeven.base.errors import BadInput


class InterpreterUnusable(BadInput):
    """Raised when the chosen interpreter does not exist or cannot run the measured side."""


class InterpreterMissing(InterpreterUnusable):
    """Raised when there is no interpreter of that name on this machine."""


class FunctionUnusable(BadInput):
    """Raised when the user's function or input maker cannot be imported or called."""


class ModuleMissing(FunctionUnusable):
    """Raised when an interpreter lacks a module that the user's function imports."""


class OutputsUnwritable(BadInput):
    """Raised when the results folder cannot be created or written."""

    @classmethod
    def from_os_error(
        cls, error: OSError, what: str | Path, otherwise: str = "choose another with outputs=FOLDER"
    ) -> Self:
        """Return the error for ``what``, which cannot be written; ``otherwise`` is the alternative remedy."""
        return cls(f"cannot write {what}: {error.strerror}; free or unlock that folder, or {otherwise}")


class ConditionsChanged(BadInput):
    """Raised when stored runs were measured under other conditions and the policy is to stop."""


class OutputsUnreadable(BadInput):
    """Raised when the results folder holds a file that this user may not read."""

    @classmethod
    def from_os_error(cls, error: OSError, otherwise: str = "choose another folder") -> Self:
        """Return the error for the file that ``error`` names; ``otherwise`` is the alternative remedy."""
        return cls(f"cannot read {error.filename}: {error.strerror}; make it readable, or {otherwise}")


class SweepBusy(BadInput):
    """Raised when another process is writing the sweep's folder."""


class MachineBusy(BadInput):
    """Raised when this machine is measuring and who asked does not wait; ``measured`` names the sweep and its user."""

    def __init__(self, message: str, measured: str = "another sweep") -> None:
        super().__init__(message)
        self.measured = measured


class LockUnusable(BadInput):
    """Raised when the lock that keeps two sweeps from measuring at once cannot be used."""


class EngineUnusable(BadInput):
    """Raised when the engine cannot be used: its package, its scheduler or its nodes are missing."""


class EngineLost(Exception):
    """Raised when an engine can make no further run: its scheduler or its last node is gone."""


class PlanOutdated(Exception):
    """Raised when a run would not measure what was planned, because code or function were edited since."""


class NotStored(Exception):
    """Raised when a result cannot be stored while a sweep runs: a full disk, a deleted folder."""

    @classmethod
    def from_os_error(
        cls, error: OSError, what: str, *, kept: str = "what was stored before is kept"
    ) -> Self:
        """Return the error for a failed ``what``, such as ``write FILE``; ``kept`` names the safe data."""
        return cls(f"cannot {what}: {error.strerror}; {kept}")

    @classmethod
    def for_want_of_space(cls, what: str, error: OSError | None) -> Self:
        """Return the error for a temporary file or folder ``what`` that could not be created."""
        return cls(
            f"cannot create {what}: {error}; free some space there, or choose another folder with TMPDIR=FOLDER"
        )


class Interrupted(KeyboardInterrupt):
    """Raised in the main thread when a signal asks the sweep to end; not by a function that is measured."""

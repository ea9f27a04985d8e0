"""What can go wrong before anything is measured, and what can while results are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from breakeven.base.errors import BadInput


class InterpreterUnusable(BadInput):
    """Raised when the interpreter asked for does not exist or cannot run the measured side."""


class FunctionUnusable(BadInput):
    """Raised when the user's function or input maker cannot be imported or called."""


class OutputsUnwritable(BadInput):
    """Raised when the results folder cannot be created or written."""

    @classmethod
    def from_os_error(cls, error: OSError, what: str | Path) -> Self:
        """Return the refusal for ``what`` cannot be written."""
        return cls(
            f"cannot write {what}: {error.strerror}; "
            "free or unlock that folder, or choose another with outputs=FOLDER"
        )


class ConditionsChanged(BadInput):
    """Raised when stored runs were measured with other code, interpreter or host, and the policy is to stop."""


class OutputsUnreadable(BadInput):
    """Raised when the results folder holds what this user may not read."""

    @classmethod
    def from_os_error(
        cls, error: OSError, otherwise: str = "choose another folder with outputs=FOLDER or sweep=NAME"
    ) -> Self:
        """Return the refusal for the file that ``error`` names; ``otherwise`` is what to do but to make it readable."""
        return cls(f"cannot read {error.filename}: {error.strerror}; make that readable, or {otherwise}")


class SweepBusy(BadInput):
    """Raised when another process is writing the sweep's folder."""


class MachineBusy(BadInput):
    """Raised when this machine is measuring for another sweep and nobody is to wait."""


class LockUnusable(BadInput):
    """Raised when the file that keeps two sweeps from measuring at once cannot be used."""


class PlanOutdated(Exception):
    """Raised when a run would measure something else than was planned: code or function were edited meanwhile."""


class NotStored(Exception):
    """Raised when a result cannot be stored while a sweep runs: a full disk, a folder that is gone."""

    @classmethod
    def from_os_error(
        cls, error: OSError, what: str, *, kept: str = "what was stored before is kept"
    ) -> Self:
        """Return the error for ``what`` could not be done, such as ``write FILE``; ``kept`` says what is not lost."""
        return cls(f"cannot {what}: {error.strerror}; {kept}")

    @classmethod
    def for_want_of_space(cls, what: str, error: OSError | None) -> Self:
        """Return the error for ``what`` could not be made among the temporary files."""
        return cls(
            f"cannot make {what}: {error}; free some space there, or choose another place with TMPDIR=FOLDER"
        )

"""What can go wrong before anything is measured, and what can while results are stored."""


class BadInput(Exception):
    """Raised when a request cannot be carried out as it stands; nothing has run yet.

    The message is one line: the value, where it stands, the remedy, the known alternatives.
    The command line prints it and exits with code 2.
    """


class UnknownChoice(BadInput):
    """Raised when a key or the name of a choice is not known."""


class BadValue(BadInput):
    """Raised when a value cannot be read: a unit, a count, a share or a size."""


class InterpreterUnusable(BadInput):
    """Raised when the interpreter asked for does not exist or cannot run the measured side."""


class FunctionUnusable(BadInput):
    """Raised when the user's function or input maker cannot be imported or called."""


class OutputsUnwritable(BadInput):
    """Raised when the results folder cannot be created or written."""


class ConditionsChanged(BadInput):
    """Raised when stored runs were measured with other code, interpreter or host, and the policy is to stop."""


class OutputsUnreadable(BadInput):
    """Raised when the results folder holds what this user may not read."""


class ResultsMissing(BadInput):
    """Raised when there is no results folder where one was named."""


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

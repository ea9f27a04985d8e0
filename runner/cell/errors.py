"""What can go wrong inside a run."""


class TaskFailed(Exception):
    """Raised when the task itself raises in a worker; carries the worker's traceback as text."""


class ModuleHidden(Exception):
    """Raised when a user's module has the name of one of the standard library, and so cannot be imported."""


class FirstCallFailed(Exception):
    """Raised when the first call of the task, in a process apart, raised; carries the error as text."""


class WrongResult(Exception):
    """Raised when a result differs from the serial one."""


class VerificationFailed(Exception):
    """Raised when the user's function that compares results raises."""


class MessageTooLarge(Exception):
    """Raised when a message does not fit the channel's slots."""


class WorkersMissing(Exception):
    """Raised when not all workers are ready for a trial in time."""

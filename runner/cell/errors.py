"""What can go wrong inside a run."""


class TaskFailed(Exception):
    """Raised when the task itself raises in a worker; carries the worker's traceback as text."""


class ModuleHidden(Exception):
    """Raised when a user's module cannot be imported because the standard library has one of its name."""


class WrongResult(Exception):
    """Raised when a result differs from the serial one."""


class MessageTooLarge(Exception):
    """Raised when a message does not fit the channel's slots."""


class WorkersMissing(Exception):
    """Raised when the workers do not synchronize in time for a trial."""

"""What can go wrong inside a run, and how its messages count."""


class RunFailed(Exception):
    """Base of the errors whose message alone is the reason of a failed run."""


class TaskFailed(RunFailed):
    """Raised when the task itself raises in a worker; carries the worker's traceback as text."""


class PoolFailed(RunFailed):
    """Raised when a package's pool breaks and no worker said why: one may have ended, which is seen a moment later."""


class ModuleHidden(Exception):
    """Raised when a user's module has the name of one of the standard library, and so cannot be imported."""


class RunsNothing(RunFailed):
    """Raised when a call of a user's function runs none of its code: it only makes a generator."""


class InputsUnusable(RunFailed):
    """Raised when what should list or make the inputs of a user's function does not."""


class FirstCallFailed(RunFailed):
    """Raised when the first call of the task, in a process apart, raised.

    It carries the error and its traceback as text.
    """

    def __init__(self, reason: str, traceback_text: str) -> None:
        super().__init__(reason)
        self.traceback_text = traceback_text


class WorkerDied(BaseException):
    """Raised when a worker process ended in the middle of a run, in a process that goes on after the run.

    It comes at any moment, as KeyboardInterrupt does, and what a function catches does not hold it back.
    """


class WrongResult(RunFailed):
    """Raised when a result differs from the serial one."""


class VerificationFailed(RunFailed):
    """Raised when the user's function that compares results raises."""


class ServerFailed(RunFailed):
    """Raised when the server of a workload does not start; its own error is in what the run wrote."""


class HookFailed(RunFailed):
    """Raised when the user's set-up or tear-down of a trial raises."""


class NotPicklable(RunFailed):
    """Raised when an input or a result cannot travel to or from a worker that needs its pickle."""


class MessageTooLarge(RunFailed):
    """Raised when a message does not fit the channel's slots."""


class TimeTooShort(RunFailed):
    """Raised when the trials that a run must have take longer than its limit."""


class NoRoom(RunFailed):
    """Raised when the file system in memory is too small for a run."""


class WorkersMissing(RunFailed):
    """Raised when not all workers are ready for a trial in time."""


def plural(number: int, what: str) -> str:
    """Return ``1 worker`` or ``2 workers``, for messages."""
    return f"{number} {what}{'s' * (number != 1)}"

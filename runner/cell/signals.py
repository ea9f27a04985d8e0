"""The signal that ends workers, as this process needs it whatever it was started with."""

import signal


def accept_termination() -> None:
    """Let SIGTERM end this process, and so its workers, also if the command was started with it ignored or blocked.

    Both are inherited from a shell or a service, and `Process.terminate` would then have no effect on a worker.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

"""Where a process stands, written by itself to its stderr: when it crashes, and when it is asked to because it hangs."""

from __future__ import annotations

import faulthandler
import signal

ASK = signal.SIGUSR1
_STDERR = 2  # by number: code that is measured may put another object in the place of sys.stderr


def listen() -> None:
    """Heed crashes and `ASK` from now on, in processes that are forked from this one as well."""
    faulthandler.enable(_STDERR)
    if hasattr(faulthandler, "register"):
        faulthandler.register(ASK, _STDERR, all_threads=True)

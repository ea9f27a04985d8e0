"""How `multiprocessing` starts interpreters: without the working directory in front of the standard library.

It starts them with ``-c``, for which Python looks for modules in the working directory first, so that a ``queue.py`` of
the user's is taken for the standard library's. Option ``-P`` forbids that and is passed on, but is of Python 3.11; before,
and where this process was started without it, the code after ``-c`` is made to take the directory away itself.
"""

from __future__ import annotations

import sys
from multiprocessing import util
from typing import Any

_TAKEN_AWAY = "import sys; sys.path[:] = [folder for folder in sys.path if folder]; "
_start: Any = util.spawnv_passfds  # which starts all of them: spawned workers, fork server, resource tracker


def keep_working_directory_out() -> None:
    """Let interpreters that are started from now on look for modules as this one does; idempotent."""
    if not getattr(sys.flags, "safe_path", False):
        util.spawnv_passfds = _start_elsewhere


def _start_elsewhere(path: Any, args: Any, passfds: Any) -> Any:
    arguments = list(args)
    if "-c" in arguments:
        code = arguments.index("-c") + 1
        arguments[code] = _TAKEN_AWAY + arguments[code]
    return _start(path, arguments, passfds)

"""Make `multiprocessing` start interpreters without the working directory in front of the standard library.

It starts them with ``-c``, with which Python looks for modules in the working directory first and would take
a ``queue.py`` of the user for the standard library's. Option ``-P`` prevents that and is inherited, but
exists only from Python 3.11 on; before, and if this process was started without it, the code after ``-c``
removes the directory.
"""

from __future__ import annotations

import sys
from multiprocessing import util
from typing import Any

_TAKEN_AWAY = "import sys; sys.path[:] = [folder for folder in sys.path if folder]; "
_start: Any = util.spawnv_passfds  # starts all of them: spawned workers, fork server, resource tracker


def keep_working_directory_out() -> None:
    """Make interpreters started from now on look for modules as this one does; idempotent."""
    if not getattr(sys.flags, "safe_path", False):
        util.spawnv_passfds = _start_elsewhere


def _start_elsewhere(path: Any, args: Any, passfds: Any) -> Any:
    arguments = list(args)
    if "-c" in arguments:
        code = arguments.index("-c") + 1
        arguments[code] = _TAKEN_AWAY + arguments[code]
    return _start(path, arguments, passfds)

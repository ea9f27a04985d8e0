"""Make `multiprocessing` start interpreters that search the standard library first, as this process does.

It starts them with ``-c``, with which Python looks for modules in the working directory first and would take
a ``queue.py`` of the user for the standard library's. Option ``-P`` prevents that and is inherited, but
exists only from Python 3.11 on, and leaves the folders of PYTHONPATH where they are. So the code after ``-c``
begins with importing `multiprocessing` from the standard library alone, and goes on with this process's
search path.
"""

from __future__ import annotations

import os
import sys
from multiprocessing import util
from typing import Any

from .search_path import standard_library

_start: Any = util.spawnv_passfds  # starts all of them: spawned workers, fork server, resource tracker


def search_library_first() -> None:
    """Make interpreters started from now on look for modules as this one does; idempotent."""
    if not getattr(sys.flags, "safe_path", False) or os.environ.get("PYTHONPATH"):
        util.spawnv_passfds = _start_with_this_path


def _start_with_this_path(path: Any, args: Any, passfds: Any) -> Any:
    arguments = list(args)
    if "-c" in arguments:
        code = arguments.index("-c") + 1
        folders = [folder for folder in sys.path if folder]
        first = f"import sys; sys.path[:] = {standard_library()!r}; import multiprocessing.util"
        arguments[code] = f"{first}; sys.path[:] = {folders!r}; {arguments[code]}"
    return _start(path, arguments, passfds)

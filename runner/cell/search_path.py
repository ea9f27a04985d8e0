"""Where modules are looked for: the standard library's first, whatever a folder of a user's holds."""

from __future__ import annotations

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # of a clone


def extend_path(path: tuple[str, ...]) -> None:
    """Let a user's function be imported from ``path``: behind the standard library, before installed packages.

    So a ``queue.py`` of the user's is not mistaken for the standard library's, which imports many of its modules late.
    """
    at = after_standard_library()
    sys.path[at:at] = [folder for folder in path if folder not in sys.path[:at]]


def after_standard_library() -> int:
    """Return the place in `sys.path` behind the folders of the standard library; 0 if they are not there."""
    pure = os.path.dirname(os.path.abspath(os.__file__))
    places = [
        place
        for place, folder in enumerate(sys.path, 1)
        if folder and (os.path.abspath(folder) == pure or os.path.basename(folder) == "lib-dynload")
    ]
    return max(places, default=0)


def put_working_directory_behind() -> None:
    """Take the working directory, which ``python -m`` puts first, to the end of `sys.path`.

    In a clone it stays before installed packages, so that the clone's own files are run.
    """
    here = os.getcwd()
    if sys.flags.safe_path or not sys.path or sys.path[0] not in ("", here):
        return
    del sys.path[0]
    at = after_standard_library() if os.path.realpath(here) == _ROOT else len(sys.path)
    sys.path.insert(at, here)

"""The search path: modules of the standard library come first, whatever the user's folders contain."""

from __future__ import annotations

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # the root of a clone


def extend_path(path: tuple[str, ...]) -> None:
    """Add ``path`` for a user's function, behind the standard library and before installed packages.

    A ``queue.py`` of the user is thus not mistaken for the standard library's, which imports many modules
    late.
    """
    at = after_standard_library()
    sys.path[at:at] = [folder for folder in path if folder not in sys.path[:at]]


def after_standard_library() -> int:
    """Return the index in `sys.path` behind the folders of the standard library; 0 if they are not in it."""
    pure = os.path.dirname(os.path.abspath(os.__file__))
    places = [
        place
        for place, folder in enumerate(sys.path, 1)
        if folder and (os.path.abspath(folder) == pure or os.path.basename(folder) == "lib-dynload")
    ]
    return max(places, default=0)


def put_working_directory_behind() -> None:
    """Move the working directory, which ``python -m`` puts first, to the end of `sys.path`.

    In a clone it stays before installed packages, so that the clone's own files run.
    """
    here = os.getcwd()
    if sys.flags.safe_path or not sys.path or sys.path[0] not in ("", here):
        return
    del sys.path[0]
    at = after_standard_library() if os.path.realpath(here) == _ROOT else len(sys.path)
    sys.path.insert(at, here)

"""The search path: modules of the standard library come first, whatever the user's folders contain.

Imports nothing that Python has not imported already when it starts: before this module has put the path in
order, a file of the user's may be found for any other name.
"""

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))  # the root of a clone


def put_standard_library_first() -> None:
    """Move the folders of the standard library before all others, those of PYTHONPATH included."""
    sys.path.sort(key=lambda folder: not _is_standard(folder))


def put_users_folders_aside() -> None:
    """Search the standard library, then installed packages, and no folder of PYTHONPATH until `extend_path`.

    The standard library tries to import modules of other systems, such as ``msvcrt``, and would find a
    user's.
    """
    put_standard_library_first()
    users = _python_path()
    sys.path[:] = [folder for folder in sys.path if _is_standard(folder) or folder not in users]


def extend_path(path: tuple[str, ...]) -> None:
    """Add ``path`` and PYTHONPATH for a user's function, before installed packages.

    They come behind the standard library, which imports many modules late: a ``queue.py`` of the user is not
    mistaken for its own.
    """
    library = standard_library()
    folders = list(dict.fromkeys([*path, *_python_path()]))  # each once
    sys.path[:] = [*library, *folders, *(folder for folder in sys.path if folder not in library + folders)]


def standard_library() -> list[str]:
    """Return the folders of the standard library, in their order."""
    return [folder for folder in sys.path if _is_standard(folder)]


def after_standard_library() -> int:
    """Return the index in `sys.path` behind the folders of the standard library; 0 if they are not in it."""
    return max((place for place, folder in enumerate(sys.path, 1) if _is_standard(folder)), default=0)


def put_working_directory_aside() -> None:
    """Remove the working directory, which ``python -m`` puts first, from `sys.path`, as the script does.

    In a clone it stays before installed packages, so that the clone's own files run.
    """
    here = os.getcwd()
    started_here = not sys.flags.safe_path and bool(sys.path) and sys.path[0] in ("", here)
    if started_here:
        del sys.path[0]
    put_standard_library_first()
    if started_here and os.path.realpath(here) == _ROOT:
        sys.path.insert(after_standard_library(), here)


def _is_standard(folder: str) -> bool:
    """Return whether a folder, or the archive ``python311.zip``, holds modules of the standard library."""
    if not folder:
        return False
    name = os.path.basename(folder)
    archive = name.startswith("python") and name.endswith(".zip") and name[6:-4].rstrip("t").isdigit()
    pure = os.path.dirname(os.path.abspath(os.__file__))
    return archive or name == "lib-dynload" or os.path.abspath(folder) == pure


def _python_path() -> list[str]:
    """Return the folders of PYTHONPATH."""
    if sys.flags.ignore_environment:
        return []
    return [
        os.path.abspath(folder) for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep) if folder
    ]

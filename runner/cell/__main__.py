"""Entry point of the measured interpreter, started by path; reads a specification or a question from stdin.

The package is loaded under a private name from this file's folder, and the folder is taken off the search
path, so that neither its modules nor anything beside it can be mistaken for a user's. A process that
`multiprocessing` spawns or forks from a server executes this file again, as ``__mp_main__``, and so finds the
package too.
"""

import atexit
import os
import sys
from os.path import abspath, dirname, join

_FOLDER = dirname(abspath(__file__))
_NAME = "breakeven_cell"


def _load() -> None:
    """Make the package importable as `breakeven_cell`."""
    _clean_path()
    from importlib.util import module_from_spec, spec_from_file_location  # noqa: PLC0415  # the path is clean only now

    spec = spec_from_file_location(_NAME, join(_FOLDER, "__init__.py"), submodule_search_locations=[_FOLDER])
    if spec is None or spec.loader is None:
        raise ImportError(f"no package at {_FOLDER}")
    sys.modules[_NAME] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[_NAME])


def _clean_path() -> None:
    """Remove this folder and the user's from the search path, and put the standard library first."""
    folders = [folder for folder in sys.path if not folder or abspath(folder) != _FOLDER]
    sys.path[:] = [_FOLDER]  # alone: PYTHONPATH may lead to any other module of this name
    import search_path  # type: ignore[import-not-found]  # noqa: PLC0415  # a moment before the package can be found

    del sys.modules[search_path.__name__]
    sys.path[:] = folders
    search_path.put_users_folders_aside()


if _NAME not in sys.modules:
    _load()

from breakeven_cell.stacks import listen  # type: ignore[import-not-found]  # noqa: E402  # loaded above

listen()  # in every spawned process, too


def main() -> None:
    """Answer the request on stdin and exit with its code, whatever streams and threads the user's function left."""
    from breakeven_cell.entry import answer  # type: ignore[import-not-found]  # noqa: PLC0415  # loaded above, and only in the process that measures

    code = answer(sys.stdin.read())
    atexit._run_exitfuncs()  # noqa: SLF001  # what the interpreter does first, and then waits for threads
    from breakeven_cell.leaving import flush  # type: ignore[import-not-found]  # noqa: PLC0415  # as above

    flush()
    os._exit(code)


if __name__ == "__main__":
    main()

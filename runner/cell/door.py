"""Executed by path in a worker that another library started: load this package, and find a function.

``ASKED`` is set by `runner.cell.gate.Door`, which travels to the worker as a call of this file.
"""

import importlib
import runpy
import sys

_PACKAGE, _FOLDERS, _MAIN, _MODULE, _FUNCTION = ASKED  # type: ignore[name-defined]  # noqa: F821  # see above

if _PACKAGE not in sys.modules:
    sys.path[:] = _FOLDERS
    if _MAIN:
        runpy.run_path(_MAIN, run_name="__mp_main__")  # as `multiprocessing` does in a process that it spawns

found = getattr(importlib.import_module(_MODULE), _FUNCTION)

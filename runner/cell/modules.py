"""The files of the user's modules that this process has imported, whatever imported them.

A module is the user's if it is neither of the standard library nor where packages are installed. What is
installed as editable lies elsewhere, and so is the user's.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Optional

from .facts import SITES, attributes
from .search_path import standard_library

_OURS = ("__main__", "__mp_main__", __name__.partition(".")[0])
_present: set[str] = set()  # files of modules that this process had imported before it measured anything


def users_files() -> tuple[str, ...]:
    """Return the files of all imported modules of the user's, sorted; takes microseconds for each imported module.

    A module in an archive has a path that continues that of the archive.
    """
    others = _Others()
    files = {
        file
        for name, module in list(sys.modules.items())  # another thread may import meanwhile
        if name.partition(".")[0] not in _OURS and (file := _file(name, module)) and not others.hold(file)
    }
    return tuple(sorted(files - _present))


def leave_out_present() -> None:
    """Count no module imported so far as the user's: a program that measures within itself has its own."""
    if not _present:
        _present.update(users_files())


class _Others:
    """The folders whose modules are not the user's."""

    def __init__(self) -> None:
        sites = [folder for folder in sys.path if os.path.basename(folder.rstrip(os.sep)) in SITES]
        library = [*standard_library(), os.path.dirname(os.__file__)]
        self._roots = tuple(os.path.join(os.path.abspath(folder), "") for folder in (*sites, *library))
        self._known: dict[str, bool] = {}

    def hold(self, file: str) -> bool:
        """Return whether a file lies in one of the folders."""
        folder = os.path.dirname(file)
        if folder not in self._known:
            self._known[folder] = os.path.join(os.path.abspath(folder), "").startswith(self._roots)
        return self._known[folder]


def _file(name: str, module: Any) -> Optional[str]:
    """Return the file of a module; None for one that is built in, made by a program, or a namespace."""
    known = attributes(module)
    spec = known.get("__spec__")
    file = spec.origin if isinstance(spec, ModuleSpec) and spec.has_location else known.get("__file__")
    if file is None and not isinstance(module, ModuleType):  # what a module has put in its own place
        file = _found(name)
    return os.path.abspath(file) if isinstance(file, str) else None


def _found(name: str) -> Optional[str]:
    """Return the file that is imported under a name, without importing it."""
    parent = name.rpartition(".")[0]
    path = attributes(sys.modules.get(parent)).get("__path__") if parent else None
    spec = PathFinder.find_spec(name, path)
    return spec.origin if spec is not None and spec.has_location else None

"""Names such as ``module:callable`` to what they name in the user's modules."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import Any, Optional

from .boot import import_module
from .errors import ModuleHidden
from .search_path import after_standard_library

_LACKING = re.compile(
    r"module '(\w+)' has no attribute|cannot import name '\w+' from (?:partially initialized module )?'(\w+)'"
)


def resolve(target: str) -> Callable[..., Any]:
    """Import ``module:callable``; raise ModuleHidden, TypeError, or what importing the module raises."""
    found = find(target)
    if not callable(found):
        raise TypeError(f"{target} is not callable")
    result: Callable[..., Any] = found
    return result


def find(target: str) -> Any:
    """Import ``module:name``, whatever it is; raise ModuleHidden, or what importing the module raises."""
    module, _, name = target.partition(":")
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (AttributeError, ImportError) as error:
        hidden = _hiding(module.partition(".")[0]) or hidden_module(str(error))
        if hidden is None:
            raise
        raise ModuleHidden(hidden) from error
    return found


def hidden_module(message: str) -> Optional[str]:
    """Return a sentence on the user's file that an error's message is about; None if it is about no such file."""
    found = _LACKING.search(message)
    return _hiding(found[1] or found[2]) if found else None


def _hiding(module: str) -> Optional[str]:
    file = hidden_file(module)
    return file and f"{file} is hidden by the module {module} of Python's standard library; rename it"


def hidden_file(module: str) -> Optional[str]:
    """Return the user's file that the standard library's ``module`` hides; None if there is no such file."""
    loaded = getattr(sys.modules.get(module), "__spec__", None)
    if loaded is None or loaded.origin is None:
        return None
    folders = sys.path[after_standard_library() :]
    home = os.path.dirname(loaded.origin)
    if home in folders or (loaded.submodule_search_locations and os.path.dirname(home) in folders):
        return None
    names = (f"{module}.py", os.path.join(module, "__init__.py"))
    files = [os.path.join(folder, name) for folder in folders for name in names]
    return next((file for file in files if os.path.exists(file)), None)


def definition(target: str) -> str:
    """Return where a resolved ``module:name`` is defined, such as ``photos.py:12``; the file alone if no line is known.

    Empty for what is in no file, such as a function that is built in.
    """
    module, _, name = target.partition(":")
    code = _code(find(target))
    if code is not None:
        return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}"
    file = getattr(sys.modules[module], "__file__", None) or ""
    if not file.endswith(".py"):
        return ""
    line = _line(file, name.split(".")[0])
    return os.path.basename(file) + (f":{line}" if line else "")


def _code(found: Any) -> Any:
    """Return the code of a function or a method, through what wraps it; None if there is none."""
    while not hasattr(found, "__code__"):
        inner = (
            getattr(found, "__func__", None)
            or getattr(found, "__wrapped__", None)
            or getattr(found, "func", None)
        )
        if inner is None or isinstance(found, type):
            return None
        found = inner
    return found.__code__


def _line(file: str, name: str) -> Optional[int]:
    """Return the line on which a module assigns, defines or imports a name for the last time."""
    import ast  # noqa: PLC0415  # takes milliseconds, for a message alone

    with open(file, "rb") as source:
        statements = ast.parse(source.read()).body
    lines = [statement.lineno for statement in statements if name in _bound(statement)]
    return lines[-1] if lines else None


def _bound(statement: Any) -> set[str]:
    """Return the names that a statement of a module binds, plain assignments, definitions and imports."""
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    names = {getattr(target, "id", None) for target in targets} | {getattr(statement, "name", None)}
    for alias in getattr(statement, "names", ()):
        names.add(getattr(alias, "asname", None) or getattr(alias, "name", None))
    return {name for name in names if isinstance(name, str)}

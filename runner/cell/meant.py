"""What was probably meant by a target that cannot be imported: a name that the module, or the folder, does have."""

from __future__ import annotations

import difflib
import pkgutil
import sys
from collections.abc import Iterable

from .search_path import after_standard_library

_INSTALLED = ("site-packages", "dist-packages")


def meant(target: str, error: BaseException) -> str:
    """Return `` (did you mean X?)`` if ``error`` says that a part of ``target`` is missing, and another is close."""
    module, _, name = target.partition(":")
    if isinstance(error, ModuleNotFoundError):
        top = module.partition(".")[0]
        return _close(top, _users_modules()) if error.name == top else ""
    found = sys.modules.get(module)
    if not isinstance(error, AttributeError) or found is None:
        return ""
    for part in name.split("."):
        if not hasattr(found, part):
            return _close(part, dir(found))
        found = getattr(found, part)
    return ""


def _users_modules() -> Iterable[str]:
    """Return the modules beside which the user's would be, without what is installed."""
    folders = [folder for folder in sys.path[after_standard_library() :] if not folder.endswith(_INSTALLED)]
    return (found.name for found in pkgutil.iter_modules(folders))


def _close(name: str, known: Iterable[str]) -> str:
    public = [other for other in known if not other.startswith("_") or name.startswith("_")]
    close = difflib.get_close_matches(name, public, n=1)
    return f" (did you mean {close[0]}?)" if close else ""

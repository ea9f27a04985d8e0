"""A script of ours in a process of its own, which sees the standard library alone."""

from __future__ import annotations

import os
import sys
from typing import Any

_HOME = "PYTHONHOME"
_RUN = """\
import sys
sys.path = [*filter(None, sys.path)]
del sys.argv[0]
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def isolated(script: str, *arguments: str) -> dict[str, Any]:
    """Return what `subprocess` needs to start a script: ``args`` and ``env``.

    Neither its folder nor the working directory is on its search path, and of Python's variables only PYTHONHOME
    holds. Not by ``-I``: an interpreter that was unpacked, not installed, finds its library by that variable alone.
    """
    kept = {
        name: value for name, value in os.environ.items() if name == _HOME or not name.startswith("PYTHON")
    }
    return {"args": [sys.executable, "-S", "-c", _RUN, script, *arguments], "env": kept}

"""The probe, if there is a transport to probe: `multiprocessing.connection` takes milliseconds to load."""

from __future__ import annotations

import sys
from typing import Any


def loaded_probe() -> Any:
    """Return the module `probe`; None as long as nothing has loaded what it wraps, so that no message can pass."""
    if "multiprocessing.connection" not in sys.modules:
        return None
    from . import probe  # noqa: PLC0415  # it loads what it wraps

    return probe

"""The environment of a process that this program starts: what it inherits, and what is set for it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from breakeven.base.variables import matters, read, write

_KEPT_FROM_IT = ("HYDRA_FULL_ERROR", "PYTHONINSPECT")
"""Set by this program's own command, and what would let a process wait for input after a run."""


def process_environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return this process's environment with ``changes``, of which None removes a variable."""
    kept = {name: value for name, value in os.environ.items() if name not in _KEPT_FROM_IT}
    return {name: value for name, value in (kept | dict(changes)).items() if value is not None}


def environment_that_matters(changes: Mapping[str, str | None], inherited: str | None = None) -> str:
    """Return the variables, set or inherited, that a process with ``changes`` has and that matter to speed.

    It inherits from this process, or ``inherited``: what `inherited_environment` returned in another one.
    """
    present = {**read(inherited_environment() if inherited is None else inherited), **changes}
    return write({name: value for name, value in present.items() if value is not None})


def inherited_environment() -> str:
    """Return the variables of this process that matter to the speed of one that inherits them."""
    return write({name: value for name, value in process_environment({}).items() if matters(name)})

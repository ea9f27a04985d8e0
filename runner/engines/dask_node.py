"""What runs on a Dask worker: an order, in the environment that the worker's command was given.

A worker with a nanny, which is the default, gets variables from it that a measured program must not see: glibc then
returns freed memory at once, which makes messages of 1 MiB several times slower, and native libraries use one thread.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import dask.config
from distributed import get_worker

from breakeven.runner.engines import node
from breakeven.runner.engines.variables import restore_variables

_SETTINGS = ("distributed.nanny.pre-spawn-environ", "distributed.nanny.environ")


def carry_out(text: str) -> bytes:
    """Carry out an order as `node.carry_out` does, without the variables of a nanny.

    The nanny is the parent of this process.
    """
    if get_worker().nanny is not None:
        names = {name for setting in _SETTINGS for name in dask.config.get(setting, None) or {}}
        with suppress(OSError):  # another system than Linux: they stay
            restore_variables(names, Path(f"/proc/{os.getppid()}/environ").read_bytes())
    return node.carry_out(text)

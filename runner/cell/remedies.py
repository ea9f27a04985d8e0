"""The reason of a failed run, with what to do about it where the failure's own message does not tell."""

from __future__ import annotations

import re

from . import models
from .errors import RunFailed
from .failures import briefly
from .resolving import hidden_module

_REFUSES = re.compile(r"module (\S+) does not support loading in subinterpreters")
_FORKS = "not supported for isolated subinterpreters"
_OTHERS = "choose model=thread or model=process"
_DAEMONIC = "daemonic processes are not allowed to have children"


def reason(error: BaseException) -> str:
    """Return why a run failed: the message alone of our own errors, else as `briefly`; with the remedy if known."""
    if isinstance(error, RunFailed):
        return _with_remedy(str(error))
    if isinstance(error.__cause__, (StopIteration, StopAsyncIteration)):
        error = error.__cause__  # raised in a generator: Python made it a RuntimeError
    return _with_remedy(briefly(error))


def _with_remedy(reason: str) -> str:
    """Return the reason of a failed run, with the remedy as its first or last words if one is known."""
    if _DAEMONIC in reason:
        return f"{_no_children()}\n{reason}"
    refuses = _REFUSES.search(reason)
    if refuses:
        return f"{_no_interpreters(refuses.group(1))}\n{reason}"
    if _FORKS in reason:
        return f"the function forks, which only the first interpreter of a process can; start processes by spawn, or {_OTHERS}\n{reason}"
    hidden = hidden_module(reason)
    return f"{reason}; {hidden}" if hidden and hidden not in reason else reason


def _no_interpreters(module: str) -> str:
    package = module.partition(".")[0]
    return (
        f"the module {module} refuses to be loaded in an interpreter with a GIL of its own, so a function that needs "
        f"{package} cannot run there; {_OTHERS}"
    )


def _no_children() -> str:
    known = {name: models.load(name) for name in models.REGISTRY}
    able = [name for name, model in known.items() if model.CHILDREN and not model.refuses_workers(2)]
    unable = " and ".join(name for name, model in known.items() if not model.CHILDREN)
    return (
        f"the function starts processes, which workers of model={unable} cannot: multiprocessing makes them daemonic; "
        f"choose one of model={','.join(able)}"
    )

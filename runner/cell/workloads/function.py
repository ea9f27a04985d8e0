"""The user's own function, imported in every worker from the directory where the command was run."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, ClassVar

from ._abc import Task, Workload


def resolve(target: str) -> Callable[..., Any]:
    """Import ``module:callable``; raises ImportError, AttributeError or TypeError, whose text names the cause."""
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    if not callable(found):
        raise TypeError(f"{target} is not callable")
    result: Callable[..., Any] = found
    return result


class Function(Workload):
    """Calls ``target(*args, **kwargs)``, or ``target(input, *args, **kwargs)`` with ``input = make_input(size)``.

    ``size`` is the cell's ``payload`` in bytes: a maker scales its input with it. The input is made once, in the
    parent, and every task carries it to its worker. The function sets its own length: ``task`` has no effect.
    """

    OPTIONS: ClassVar[dict[str, str]] = {
        "target": "target",
        "args": "list",
        "kwargs": "map",
        "make_input": "target?",
    }
    LENGTH = False

    @classmethod
    def ignores(cls, options: dict[str, Any]) -> frozenset[str]:
        """Give the knobs without effect: the size of what comes back is the function's own affair."""
        fixed = {"task_ns", "payload_out_bytes"}
        return frozenset(fixed if options.get("make_input") else fixed | {"payload_bytes"})

    def inputs(self) -> list[Any]:
        """Give the one input, or None where there is no maker."""
        maker = self.options.get("make_input")
        return [resolve(maker)(self.sizes.payload) if maker else None]

    def open(self) -> Task:
        """Import the function."""
        target = resolve(self.options["target"])
        args = tuple(self.options.get("args") or ())
        kwargs = dict(self.options.get("kwargs") or {})
        if self.options.get("make_input"):
            return lambda payload: (0, target(payload, *args, **kwargs))
        return lambda _: (0, target(*args, **kwargs))

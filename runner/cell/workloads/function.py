"""The user's own function, imported in every worker from the directory where the command was run."""

from __future__ import annotations

import os
import re
import sys
import traceback  # noqa: F401  # for `failures`, which may find neither memory nor descriptors left to import it
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Optional

from ..awaiting import complete, runs_nothing
from ..boot import import_module
from ..difference import show
from ..errors import ModuleHidden, RunsNothing, VerificationFailed
from ..hooks import Hook, Hooks
from ..search_path import after_standard_library
from ..verification import EQUAL, RULES, Verification, verification
from ._abc import Task, Workload

_HOOKS = ("before", "after")
_LACKING = re.compile(
    r"module '(\w+)' has no attribute|cannot import name '\w+' from (?:partially initialized module )?'(\w+)'"
)


def resolve(target: str) -> Callable[..., Any]:
    """Import ``module:callable``; raise ModuleHidden, TypeError, or what importing the module raises."""
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
    if not callable(found):
        raise TypeError(f"{target} is not callable")
    result: Callable[..., Any] = found
    return result


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


def targets(options: Mapping[str, Any]) -> list[str]:
    """Return the names of all callables that a configuration of `Function` imports."""
    rule = options.get("verify", EQUAL)
    named = (
        *(options.get(name) for name in ("target", "make_input", *_HOOKS)),
        None if rule in RULES else rule,
    )
    return list(dict.fromkeys(target for target in named if target))


def refuse_generator(target: str, function: Any) -> None:
    """Raise RunsNothing if a call runs none of a function's code."""
    idle = runs_nothing(function)
    if idle is not None:
        loop = "[item async for item in {}()]" if "async" in idle else "list({}())"
        define = "async def" if "async" in idle else "def"
        raise RunsNothing(
            f"{target} is {idle}, so a call runs none of its code; name a function that consumes it, such as "
            f"{define} work(): return {loop.format(target.rpartition(':')[2])}"
        )


class Check(Verification):
    """Results are compared by the user's ``check(found, expected)``."""

    QUICK = frozenset()

    def __init__(self, target: str) -> None:
        self.target = target
        self._check = complete(resolve(target))

    def __reduce__(self) -> tuple[type[Check], tuple[str]]:
        """Import the function again where this is unpickled."""
        return Check, (self.target,)

    def difference(self, found: Any, expected: Any) -> Optional[str]:
        """Return that the function refused the result, if it did; raise VerificationFailed if it raised."""
        try:
            right = bool(self._check(found, expected))
        except Exception as error:
            raise VerificationFailed(
                f"workload.verify={self.target} raised {type(error).__name__}: {error}; it must take the result found "
                "and the one expected, and return whether the first is right"
            ) from error
        return (
            None
            if right
            else f"workload.verify={self.target} refused {show(found)}, expected {show(expected)}"
        )

    def same(self, found: Any, expected: Any) -> bool:
        """Return whether the function accepts the result."""
        return self.difference(found, expected) is None

    def remedy(self, found: Any, expected: Any) -> str:
        """Return that the function decides."""
        del found, expected
        return "a function must return what its check accepts"


class Function(Workload):
    """Calls ``target(*args, **kwargs)``, or ``target(make_input(size), *args, **kwargs)``.

    ``size`` is the cell's ``payload`` in bytes, by which ``make_input`` scales its input. The input is made
    once, in the parent, and every task carries it to its worker. The function sets its own length: ``task``
    has no effect.
    """

    OPTIONS: ClassVar[dict[str, str]] = {
        "target": "target",
        "args": "list",
        "kwargs": "map",
        "make_input": "target?",
        "verify": "verification",
        "before": "target?",
        "after": "target?",
    }
    DEFAULTS: ClassVar[dict[str, Any]] = {"verify": EQUAL, "before": None, "after": None}
    LENGTH = False
    FOREIGN = True
    carries = False

    @classmethod
    def ignores(cls, options: dict[str, Any]) -> frozenset[str]:
        """Return the knobs without effect: the function itself determines the size of its result."""
        fixed = {"task_ns", "payload_out_bytes"}
        return frozenset(fixed if options.get("make_input") else fixed | {"payload_bytes"})

    def inputs(self) -> list[Any]:
        """Return the one input, or None if there is no ``make_input``."""
        maker = self.options.get("make_input")
        return [complete(resolve(maker), makes=True)(self.sizes.payload) if maker else None]

    def modules(self) -> tuple[str, ...]:
        """Return those of the function, of its hooks and of its check."""
        names = targets({name: value for name, value in self.options.items() if name != "make_input"})
        return tuple(dict.fromkeys(target.partition(":")[0] for target in names))

    def verification(self) -> Verification:
        """Return how results are compared: by one of the rules, or by the user's function."""
        rule = self.options.get("verify", EQUAL)
        return verification(rule) if rule in RULES else Check(rule)

    def hooks(self) -> Hooks:
        """Import the hooks."""
        return Hooks(*map(self._hook, _HOOKS))

    def _hook(self, name: str) -> Optional[Hook]:
        target = self.options.get(name)
        return Hook(f"workload.{name}={target}", complete(resolve(target))) if target else None

    def open(self) -> Task:
        """Import the function."""
        function = resolve(self.options["target"])
        target = function if self.plain else complete(function)
        if self.carries:
            return lambda call: (0, target(*call[0], **call[1]))
        args = tuple(self.options.get("args") or ())
        kwargs = dict(self.options.get("kwargs") or {})
        if self.options.get("make_input"):
            return lambda payload: (0, target(payload, *args, **kwargs))
        return lambda _: (0, target(*args, **kwargs))

    def shared_counted(self, inputs: list[Any]) -> tuple[str, ...]:
        """Return what the function, its arguments and its input have that is counted, in words."""
        from ..sharing import counted, is_counted, named  # noqa: PLC0415  # only without a GIL, after the trials

        values = () if self.carries else self.options.get("args") or ()
        pairs = {} if self.carries else self.options.get("kwargs") or {}
        roles = ["the input"] * any(map(is_counted, inputs))
        roles += ["workload.args"] * any(map(is_counted, values))
        roles += ["workload.kwargs"] * any(map(is_counted, pairs.values()))
        return named(roles + counted(resolve(self.options["target"])))

    def carry_arguments(self, inputs: list[Any]) -> list[Any]:
        """Return payloads with all arguments of a call, and take such from now on: the function changes them."""
        self.carries = True
        args = tuple(self.options.get("args") or ())
        kwargs = dict(self.options.get("kwargs") or {})
        given = bool(self.options.get("make_input"))
        return [((made, *args) if given else args, kwargs) for made in inputs]

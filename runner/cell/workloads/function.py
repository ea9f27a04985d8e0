"""The user's own function, imported in every worker from the directory where the command was run."""

from __future__ import annotations

import traceback  # noqa: F401  # for `failures`, which may find neither memory nor descriptors left to import it
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Optional

from ..awaiting import complete, is_awaitable, runs_nothing
from ..caching import answers_from_cache
from ..difference import show
from ..errors import RunsNothing, VerificationFailed
from ..given import drawn, is_target, listed, made
from ..hooks import Hook, Hooks
from ..resolving import resolve
from ..verification import EQUAL, RULES, Verification, verification
from ._abc import LoopTask, Task, Workload

_HOOKS = ("before", "after")


def targets(options: Mapping[str, Any]) -> list[str]:
    """Return the names of all that a configuration of `Function` imports: callables, and what holds the inputs."""
    rule, source = options.get("verify", EQUAL), options.get("inputs")
    named = (
        *(options.get(name) for name in ("target", "make_input", *_HOOKS)),
        source if is_target(source) else None,
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
        """Return that the function's check decides."""
        del found, expected
        return "a function must return what its check accepts"


class Function(Workload):
    """Calls ``target(*args, **kwargs)``, or ``target(input, *args, **kwargs)``.

    The input is ``make_input(size)``, where ``size`` is the cell's ``payload`` in bytes, or one of those that
    ``inputs`` gives (see `listed`), which the tasks of a trial take in turn. Inputs are made once, in the parent, and
    every task carries its own to its worker. The function sets its own length: ``task`` has no effect.
    """

    OPTIONS: ClassVar[dict[str, str]] = {
        "target": "target",
        "args": "list",
        "kwargs": "map",
        "make_input": "target?",
        "inputs": "inputs?",
        "verify": "verification",
        "before": "target?",
        "after": "target?",
    }
    DEFAULTS: ClassVar[dict[str, Any]] = {"verify": EQUAL, "before": None, "after": None, "inputs": None}
    LENGTH = False
    FOREIGN = True
    carries = False

    @classmethod
    def ignores(cls, options: dict[str, Any]) -> frozenset[str]:
        """Return the knobs without effect: the function itself determines the size of its result."""
        fixed = {"task_ns", "payload_out_bytes"}
        return frozenset(fixed if options.get("make_input") else fixed | {"payload_bytes"})

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return why options exclude each other; None if they do not."""
        source, maker = options.get("inputs"), options.get("make_input")
        if source is None or maker is None:
            return None
        return (
            f"workload.inputs={source}: the inputs are given, so workload.make_input={maker} has none to make; "
            "leave out one of them"
        )

    @property
    def lists(self) -> bool:
        """Return whether the inputs are given as a list."""
        return self.options.get("inputs") is not None

    @property
    def _takes_input(self) -> bool:
        return self.lists or bool(self.options.get("make_input"))

    def inputs(self) -> list[Any]:
        """Return the inputs that are given, those to take of them, or the one that is made; None without.

        Raise InputsUnusable.
        """
        if self.lists:
            return drawn(listed(self.options["inputs"], self.folder), self.take, self.drawn_by)
        maker = self.options.get("make_input")
        return [made(maker, self.sizes.payload) if maker else None]

    def modules(self) -> tuple[str, ...]:
        """Return those of the function, of its hooks and of its check."""
        makers = ("make_input", "inputs")
        names = targets({name: value for name, value in self.options.items() if name not in makers})
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
        if not target:
            return None
        function = resolve(target)
        return Hook(f"workload.{name}={target}", complete(function), function)

    def open(self) -> Task:
        """Import the function."""
        function = resolve(self.options["target"])
        target = function if self.plain else complete(function)
        if self.carries:
            return lambda call: (0, target(*call[0], **call[1]))
        args = tuple(self.options.get("args") or ())
        kwargs = dict(self.options.get("kwargs") or {})
        if self._takes_input:
            return lambda payload: (0, target(payload, *args, **kwargs))
        return lambda _: (0, target(*args, **kwargs))

    def open_on_loop(self) -> LoopTask:
        """Import the function; its result is awaited if it can be."""
        function, arguments = resolve(self.options["target"]), self._arguments()

        async def call(payload: Any) -> tuple[int, Any]:
            args, kwargs = arguments(payload)
            result = function(*args, **kwargs)
            return 0, (await result if is_awaitable(result) else result)

        return call

    def _arguments(self) -> Callable[[Any], tuple[tuple[Any, ...], dict[str, Any]]]:
        """Return a function that makes the arguments of a call from its payload."""
        args = tuple(self.options.get("args") or ())
        kwargs = dict(self.options.get("kwargs") or {})
        if self.carries:
            return lambda call: (call[0], call[1])
        return (lambda payload: ((payload, *args), kwargs)) if self._takes_input else lambda _: (args, kwargs)

    def shared_counted(self, inputs: list[Any]) -> tuple[str, ...]:
        """Return what the function, its arguments and its input have that is counted, in words."""
        from ..sharing import counted, is_counted, named  # noqa: PLC0415  # only without a GIL, after the trials

        values = () if self.carries else self.options.get("args") or ()
        pairs = {} if self.carries else self.options.get("kwargs") or {}
        roles = ["the input"] * any(map(is_counted, inputs))
        roles += ["workload.args"] * any(map(is_counted, values))
        roles += ["workload.kwargs"] * any(map(is_counted, pairs.values()))
        return named(roles + counted(resolve(self.options["target"])))

    def answers_from_cache(self) -> bool:
        """Return whether calls of this process were answered from the function's cache."""
        return answers_from_cache(resolve(self.options["target"]))

    def carry_arguments(self, inputs: list[Any]) -> list[Any]:
        """Return payloads with all arguments of a call, and take such from now on: the function changes them."""
        self.carries = True
        args = tuple(self.options.get("args") or ())
        kwargs = dict(self.options.get("kwargs") or {})
        return [((given, *args) if self._takes_input else args, kwargs) for given in inputs]

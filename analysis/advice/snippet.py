"""The code to write for a choice.

A program that calls one's own function with that executor, that many workers and that chunk size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from keyword import iskeyword
from math import isfinite
from typing import Any

from breakeven.analysis.advice.names import Names
from breakeven.analysis.advice.templates import AWAITED, CODE, JOINED, MP_POOL, NOTHING, ON_LOOP, SET_UP, Code

_AS_BY_DEFAULT_UNTIL = (3, 14)
"""Pools of the standard library fork by default before this version, on Linux."""
_WITH_CONTEXT = ("process_pool", MP_POOL, "process")
_SOME = 16
"""So many inputs has a program that makes them all alike."""


@dataclass(frozen=True)
class Given:
    """How the function is called: its further arguments as written, and what gives its inputs.

    ``awaits``: it is async. ``by_name``: a process can be sent it. ``inputs`` is what the user named: ``module:name``,
    which ``makes`` them when it is called, a pattern of files, or a list; ``make_input`` makes one of a size. Each
    worker calls the hooks ``before`` and ``after``. What is ``awaited`` of the hooks and of what gives the inputs is
    async.
    """

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    inputs: str | list[Any] | None = None
    make_input: str | None = None
    payload_bytes: int = 0
    awaits: bool = False
    by_name: bool = True
    makes: bool = False
    awaited: tuple[str, ...] = ()
    before: str | None = None
    after: str | None = None

    @property
    def is_bare(self) -> bool:
        """Return whether the function takes an input and nothing else, and can be handed over as it is."""
        return self.takes_input and self.by_name and not (self.awaits or self.args or self.kwargs)

    @property
    def targets(self) -> list[str]:
        """Return what the program imports besides the function."""
        named = (self.inputs, self.make_input, self.before, self.after)
        return [each for each in named if isinstance(each, str) and _TARGET.fullmatch(each)]

    @property
    def input_imports(self) -> list[str]:
        """Return the imports that making the inputs takes."""
        if isinstance(self.inputs, str) and self.inputs not in self.targets:
            return ["from glob import glob"]
        return ["import asyncio"] if "inputs" in self.awaited or "make_input" in self.awaited else []

    @property
    def needs_loop(self) -> bool:
        """Return whether workers that have no event loop need one."""
        return self.awaits or "before" in self.awaited or "after" in self.awaited

    @property
    def takes_input(self) -> bool:
        """Return whether there is an input for each call."""
        return self.inputs is not None or self.make_input is not None


@dataclass(frozen=True)
class Call:
    """What to call and how: a ``function`` as ``module:name``, None for one of our workloads.

    ``chunk`` is None for the default of the call; ``start_method`` None if no processes are started, and ``python`` the
    version that was measured. ``given`` is None if it is not known how it was called: then it takes an input, and the
    program has them.
    """

    function: str | None
    model: str
    workers: int
    chunk: int | None = None
    start_method: str | None = None
    python: tuple[int, int] = (0, 0)
    backend: str = ""
    ipc: str = ""
    given: Given | None = None

    @property
    def chunksize(self) -> str:
        """Return the argument for the chunk size; empty for the default."""
        return f", chunksize={self.chunk}" if self.chunk and self.chunk > 1 else ""

    @property
    def context(self) -> str:
        """Return the start method that has to be written down; empty if the default is the one that was measured."""
        default = "fork" if self.python < _AS_BY_DEFAULT_UNTIL else "forkserver"
        return "" if self.start_method in (None, default) else str(self.start_method)

    @property
    def called(self) -> Given:
        """Return how the function is called: with an input and nothing else if that is not known."""
        return self.given or Given(inputs=[])

    @property
    def asks(self) -> bool:
        """Return whether a start method is written down."""
        return self.model in _WITH_CONTEXT and bool(self.context)

    @property
    def imports_program(self) -> bool:
        """Return whether a worker imports the program, which must not start workers then."""
        return self.start_method not in (None, "fork")


def snippet(call: Call) -> list[str]:
    """Return the lines of a program, ``results`` at its end; none for workers that no short program makes."""
    awaited = AWAITED.get(call.model) if call.called.awaits else None
    code = awaited or CODE.get(call.model) or CODE.get(f"{call.model}/{call.ipc}")
    if code is None:
        return []
    manner = _Manner(call, code, awaited is not None)
    imports, defined, main = manner.program()
    targets = [*([call.function] if call.function else []), *call.called.targets]
    names = Names(targets, [*imports, *defined, *main, _INPUT])
    values = _values(manner, names)
    lines = [*imports, *names.imports(), "", *defined, *main]
    return [_filled(line, values) for line in lines if values.get(line.strip().strip("<>")) != ""]


_TARGET = re.compile(r"[\w.]+:[\w.]+")
_INPUT = "one"


@dataclass(frozen=True)
class _Manner:
    """How a program of this ``code`` makes a call; one that is ``awaited`` has an event loop for all calls."""

    call: Call
    code: Code
    awaited: bool

    def program(self) -> Code:
        """Return the program without what is the user's own: imports, what is defined, and what is done."""
        imports, defined, main = self.code
        given = self.call.given
        if self.call.asks and self.call.model == MP_POOL:
            imports = []
        used = [
            (["from multiprocessing import get_context"] * self.call.asks, [], []),
            SET_UP if self.sets_up else NOTHING,
            ON_LOOP if self.keeps_loop else NOTHING,
            JOINED if self.call.called.after and self.call.model == "process" else NOTHING,
            (self.call.called.input_imports, [], []),
        ]
        imports = list(
            dict.fromkeys(line for part in (*(each[0] for each in used), imports) for line in part)
        )
        if self.wraps:
            defined = ["def call(<ONE>):", *(SET_UP[1] * self.sets_up), "    return <CALL>", "", *defined]
        if self.keeps_loop:
            defined = [*ON_LOOP[1], *defined]
        main = [*(["inputs = <INPUTS>"] * (given is not None)), *self._never_after(), *main, *used[3][2]]
        if self.call.imports_program:
            main = ['if __name__ == "__main__":', *(f"    {line}" for line in main)]
        return imports, defined, main

    @property
    def calls_hooks(self) -> bool:
        """Return whether the code has a place for each hook."""
        return any("<BEFORE>" in line for part in self.code for line in part)

    @property
    def sets_up(self) -> bool:
        """Return whether a worker has to be set up within its first call."""
        return self.call.called.before is not None and not self.calls_hooks

    @property
    def keeps_loop(self) -> bool:
        """Return whether each worker keeps an event loop."""
        return self.call.called.needs_loop and not self.awaited

    @property
    def wraps(self) -> bool:
        """Return whether workers are handed a function around the user's, not that itself."""
        return (
            self.call.given is not None and not self.awaited and (self.sets_up or not self.call.given.is_bare)
        )

    def _never_after(self) -> list[str]:
        if self.call.called.after is None or self.calls_hooks:
            return []
        return ["# a worker called <AFTER> after each trial; these workers call nothing at their end"]


def _values(manner: _Manner, names: Names) -> dict[str, str]:
    """Return what belongs to the places of a program."""
    call, given = manner.call, manner.call.called
    function = names[call.function] if call.function else "work"

    def waiting(code: str, *, awaits: bool) -> str:
        if not awaits:
            return code
        return f"await {code}" if manner.awaited else f"on_loop({code})"

    def hook(name: str, target: str | None) -> str:
        return "" if target is None else waiting(f"{names[target]}()", awaits=name in given.awaited)

    return {
        "FUNCTION": "call" if manner.wraps else function,
        "CALL": waiting(f"{function}({_arguments(given)})", awaits=given.awaits),
        "INPUTS": _inputs(given, names),
        "BEFORE": hook("before", given.before),
        "AFTER": hook("after", given.after),
        "RETURN": "results =" if given.after else "return",
        "RETURN_IT": "return results" if given.after else "",
        "ONE": _INPUT if given.takes_input else "_",
        "WORKERS": str(call.workers),
        "CONTEXT": f', mp_context=get_context("{call.context}")' if call.asks else "",
        "POOL": f'get_context("{call.context}").Pool' if call.asks else "Pool",
        "MP": f'get_context("{call.context}").' if call.asks else "",
        "OF_MORE": call.chunksize,
        "CHUNKSIZE": f", chunksize={call.chunk}" if call.chunk else "",
        "BATCHES": f", batch_size={call.chunk}" if call.chunk else "",
        "BACKEND": f', backend="{call.backend}"' if call.backend not in ("", "loky") else "",
    }


def _filled(line: str, values: Mapping[str, str]) -> str:
    return re.sub("<([A-Z_]+)>", lambda place: values[place[1]], line)


def _inputs(given: Given, names: Names) -> str:
    """Return the inputs that were measured as code, as far as it is known what they were."""
    source = given.inputs
    if isinstance(source, str) and source in given.targets:
        code = f"{names[source]}{'()' if given.makes else ''}"
        return f"list({f'asyncio.run({code})' if 'inputs' in given.awaited else code})"
    if isinstance(source, str):
        return f"sorted(glob({source!r}, recursive=True))"
    if source is not None:
        return _literal(source)
    if given.make_input:
        code = f"{names[given.make_input]}({given.payload_bytes})"
        made = f"asyncio.run({code})" if "make_input" in given.awaited else code
        return f"[{made}] * {_SOME}  # put your own inputs here"
    return f"range({_SOME})  # as many as there are calls"


def _arguments(given: Given) -> str:
    """Return the arguments of a call as code."""
    spelled = {key: value for key, value in given.kwargs.items() if key.isidentifier() and not iskeyword(key)}
    others = {key: value for key, value in given.kwargs.items() if key not in spelled}
    words = [
        *([_INPUT] if given.takes_input else []),
        *map(_literal, given.args),
        *(f"{key}={_literal(value)}" for key, value in spelled.items()),
        *([f"**{_literal(others)}"] if others else []),
    ]
    return ", ".join(words)


def _literal(value: Any) -> str:
    """Return a value of a YAML file as code; Python has no literal for a number that is not finite."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(each)}' for key, each in value.items())}}}"
    return f"float('{value}')" if isinstance(value, float) and not isfinite(value) else repr(value)

"""Whether a user's callables can be called as a run will call them, and what inputs they give: found before any run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .errors import InputsUnusable, NotPicklable
from .given import is_called, is_pattern, is_target, listed, made
from .named import NamedTuple
from .question import Question
from .resolving import definition, find, resolve
from .travel import refuse_unpicklable, unpicklable
from .verification import RULES

_HOOKS = ("before", "after")
_NONE, _ONE = "it must take no arguments", "it must take one argument"
_TWO = "it must take two arguments: the result found and the one expected"
_CHANGE = "change it, workload.args or workload.kwargs"
_FEED = "give it inputs with workload.inputs or workload.make_input, or workload.args"
Say = Callable[[str], None]


class Rehearsal(NamedTuple):
    """Why a run could not call what it has to, empty if it can; and what its list of inputs holds.

    That is how many inputs, and the files if it is a list of files.
    """

    refusal: str = ""
    inputs: int = 0
    files: tuple[str, ...] = ()


class Call(NamedTuple):
    """A call that a run will make of a user's callable.

    It has the knob that names it, its arguments, and how to write them.
    """

    knob: str
    target: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    text: str
    remedy: str


def rehearse(question: Question, say: Say) -> Rehearsal:
    """Compare calls with the signatures of what they call, then have the inputs made.

    ``say`` names what is called before it is called.
    """
    for call in _calls(question.options, question.payloads):
        refusal = _misfit(call)
        if refusal:
            return Rehearsal(refusal)
    try:
        return _inputs(question, say)
    except (InputsUnusable, NotPicklable) as error:
        return Rehearsal(str(error))


def _calls(options: Mapping[str, Any], payloads: tuple[int, ...]) -> Iterator[Call]:
    """Yield the calls that a run will make."""
    source, maker, rule = options.get("inputs"), options.get("make_input"), options.get("verify")
    yield _call_of_the_target(options, takes_input=source is not None or bool(maker))
    if maker and payloads:
        yield Call("make_input", maker, payloads[:1], {}, str(payloads[0]), f"{_ONE}: the payload in bytes")
    if source is not None and is_target(source) and is_called(find(source)):
        yield Call("inputs", source, (), {}, "", _NONE)
    for hook in _HOOKS:
        if options.get(hook):
            yield Call(hook, options[hook], (), {}, "", _NONE)
    if rule and rule not in RULES:
        yield Call("verify", rule, (None, None), {}, "found, expected", _TWO)


def _call_of_the_target(options: Mapping[str, Any], *, takes_input: bool) -> Call:
    args, kwargs = tuple(options.get("args") or ()), dict(options.get("kwargs") or {})
    words = [repr(value) for value in args] + [f"{name}={value!r}" for name, value in kwargs.items()]
    if takes_input:
        remedy = _CHANGE if words else f"{_ONE}: its input"
        args, words = (None, *args), ["input", *words]
    else:
        remedy = _CHANGE if words else _FEED
    return Call("target", options["target"], args, kwargs, ", ".join(words), remedy)


def _misfit(call: Call) -> str:
    """Return why a call does not fit the signature; empty if it does, or if there is none to see."""
    function = resolve(call.target)
    try:  # not that of what a decorator wraps, which may add arguments or take some away
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # built in, for example
        return ""
    try:
        signature.bind(*call.args, **call.kwargs)
    except TypeError as error:
        name, place = call.target.rpartition(":")[2], definition(call.target)
        where = f" ({place})" if place else ""
        return (
            f"workload.{call.knob}={call.target}: {name}({call.text}) does not fit its definition {name}{_short(signature)}{where}: "
            f"{error}; {call.remedy}"
        )
    return ""


def _short(signature: inspect.Signature) -> str:
    """Return a signature without the hints, which may be long."""
    plain = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def _inputs(question: Question, say: Say) -> Rehearsal:
    options = question.options
    source, maker = options.get("inputs"), options.get("make_input")
    if source is not None:
        say(f"{source}()" if is_target(source) else str(source))
        inputs = listed(source, question.path[0])
        if question.pickles:
            _refuse_unpicklable(f"workload.inputs={source}", inputs)
        return Rehearsal(inputs=len(inputs), files=tuple(inputs) if is_pattern(source) else ())
    if maker is None:
        return Rehearsal()
    for payload in question.payloads:
        say(f"{maker}({payload})")
        one = made(maker, payload)
        if question.pickles:
            _refuse_unpicklable(f"workload.make_input={maker}", [one])
    return Rehearsal()


def _refuse_unpicklable(knob: str, inputs: list[Any]) -> None:
    for place, one in enumerate(inputs):
        said = unpicklable(one, f"input {place}" if len(inputs) > 1 else "input")
        if said:
            refuse_unpicklable("input", f"{knob}: {said}")

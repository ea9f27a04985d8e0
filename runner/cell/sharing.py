"""What a function shares with all threads that call it, as far as references to it are counted: see `owning`.

Everything that its code loads is looked at: constants, globals, attributes of modules, what it closes over and its
defaults; so are the functions among them. Nothing of the user's is called: objects are known by their types.
Functions and classes of modules, code and modules are not counted once a second thread was started (CPython 3.13).
"""

from __future__ import annotations

import dis
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from .named import NamedTuple

_UNCOUNTED = (
    1 << 30
)  # references to an object that is not counted, or not until it is collected, are more than that
_MOST_FUNCTIONS = 200
_MOST_NAMED = 6
_MOST_TEXT = 100


class Loaded(NamedTuple):
    """An object that a function's code loads, and what it is to that function, in words."""

    value: Any
    role: str


class Scope(NamedTuple):
    """A function's code, and where it finds its globals and what it closes over; ``name`` is the function's."""

    code: CodeType
    variables: Mapping[str, Any]
    cells: Mapping[str, Any]
    name: str


def counted(function: Any) -> list[str]:
    """Return the roles of what is counted of all that calls of ``function`` load, the function's own first."""
    return [found.role for found in loaded(function) if is_counted(found.value)]


def named(roles: Iterable[str]) -> tuple[str, ...]:
    """Return each role once, cut if it is long, and how many more there are than a few."""
    distinct = list(dict.fromkeys(role[:_MOST_TEXT] for role in roles))
    rest = len(distinct) - _MOST_NAMED
    return (*distinct[:_MOST_NAMED], *([f"{rest} more"] if rest > 0 else []))


def is_counted(value: Any) -> bool:
    """Return whether this build counts the references to an object now."""
    return sys.getrefcount(value) < _UNCOUNTED


def loaded(function: Any) -> Iterator[Loaded]:
    """Yield what calls of ``function`` load, and what the functions among that load, as far as that can be seen."""
    waiting: deque[Any] = deque([function, _called(function)])
    seen: set[int] = set()
    yield Loaded(function, f"{_name(function)} itself")
    while waiting and len(seen) < _MOST_FUNCTIONS:
        one = waiting.popleft()
        if id(one) in seen:
            continue
        seen.add(id(one))
        for found in _parts(one):
            yield found
            if type(found.value) in (FunctionType, MethodType, partial):
                waiting.append(found.value)


def _called(function: Any) -> Any:
    """Return the function that runs if a class or another callable object is called; None if none is known."""
    kind = type(function)
    method, owner = ("__init__", function) if issubclass(kind, type) else ("__call__", kind)
    classes = type.__dict__["__mro__"].__get__(owner)
    places = [type.__dict__["__dict__"].__get__(one) for one in classes]
    return next((place[method] for place in places if method in place), None)


def _parts(function: Any) -> Iterator[Loaded]:
    kind = type(function)
    if kind is FunctionType:
        yield from _of_function(function)
    elif kind is MethodType:
        yield Loaded(function.__self__, f"the object of {_name(function)}")
        yield Loaded(function.__func__, f"{_name(function)} itself")
    elif kind is partial:
        yield Loaded(function.func, f"{_name(function.func)} itself")
        for value in (*function.args, *function.keywords.values()):
            yield Loaded(value, f"arguments of a partial of {_name(function.func)}")


def _of_function(function: FunctionType) -> Iterator[Loaded]:
    name = _name(function)
    cells = {}
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        with suppress(ValueError):  # a cell may be empty
            cells[variable] = cell.cell_contents
    yield from _of_code(Scope(function.__code__, function.__globals__, cells, name))
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield Loaded(value, f"defaults of {name}")


def _of_code(scope: Scope) -> Iterator[Loaded]:
    """Yield what code loads, and what the code of functions within it loads."""
    module = None
    for step in dis.get_instructions(scope.code):
        operation, name = step.opname, step.argval
        if operation.startswith(("LOAD_ATTR", "LOAD_METHOD")) and module is not None:
            yield from _variable(_attributes(module), name)
        module = None
        if operation.startswith(("LOAD_CONST", "RETURN_CONST")):
            if type(name) is CodeType:
                yield from _of_code(scope._replace(code=name))
            else:
                yield Loaded(name, f"constants of {scope.name}")
        elif operation.startswith(("LOAD_GLOBAL", "LOAD_NAME")) and name in scope.variables:
            yield from _variable(scope.variables, name)
            found = scope.variables[name]
            module = found if issubclass(type(found), ModuleType) else None
        elif operation.startswith(("LOAD_DEREF", "LOAD_CLOSURE")) and name in scope.cells:
            yield Loaded(scope.cells[name], f"{name} of {scope.name}")


def _variable(variables: Mapping[str, Any], name: str) -> Iterator[Loaded]:
    if name in variables:
        yield Loaded(variables[name], f"{_text(variables.get('__name__'))}.{name}")


def _attributes(module: Any) -> Mapping[str, Any]:
    """Return the variables of a module, whatever its class defines."""
    found: Mapping[str, Any] = object.__getattribute__(module, "__dict__")
    return found


def _name(function: Any) -> str:
    """Return the dotted name of a function, its type's for any other object."""
    if type(function) is MethodType:
        return _name(function.__func__)
    if type(function) is FunctionType:
        return f"{_text(function.__module__)}.{function.__qualname__}"
    owner = function if issubclass(type(function), type) else type(function)
    return _text(type.__dict__["__qualname__"].__get__(owner))


def _text(value: Any) -> str:
    """Return a name, which code can replace by any object."""
    return value if type(value) is str else "?"

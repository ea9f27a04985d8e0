"""What planning asks an interpreter before any run: a `Question`, and the `Answer` to it."""

import sys
from typing import Any

from .facts import gil_enabled, python_build, python_version
from .member import Lack
from .named import NamedTuple

# Without "from __future__ import annotations": a measured process reads this record, and would compile each hint.


STARTED = "started"


class Asked(NamedTuple):
    """A member of a family (workload, model, ipc or pattern) with the options that it is to have."""

    family: str
    name: str
    options: dict[str, Any]


class Question(NamedTuple):
    """Asks what the interpreter is, and if ``targets`` (``module:callable``) can be imported from ``path``.

    Those of them that are no ``makers`` of inputs must not be generator functions. The answer goes to the open file
    ``descriptor``. ``options`` are those of a workload whose calls are compared with signatures, and whose inputs are
    made: one of each size in ``payloads`` if they are made by size. With ``pickles`` each must have a pickle. With
    ``installed`` the answer names all packages that could be imported. ``members`` are what runs will be made of.
    """

    targets: tuple[str, ...]
    makers: tuple[str, ...]
    path: tuple[str, ...]
    descriptor: int
    options: dict[str, Any] = {}  # noqa: RUF012  # a named tuple's default, which nobody changes
    payloads: tuple[int, ...] = ()
    pickles: bool = False
    installed: bool = False
    members: tuple[Asked, ...] = ()


class Interpreter(NamedTuple):
    """Identity of an interpreter; ``gil_enabled`` is its state now."""

    python_version: str
    implementation: str
    python_build: str
    gil_enabled: bool


class Manner(NamedTuple):
    """How a program calls the function.

    ``awaits``: it is async. ``by_name``: a process can be sent it, as any function that a module defines under its own
    name. ``makes``: what gives the inputs makes them when it is called. ``awaited``: which of the hooks and of what
    gives the inputs are async, by the names of their settings.
    """

    awaits: bool = False
    by_name: bool = True
    makes: bool = False
    awaited: tuple[str, ...] = ()


class Answer(NamedTuple):
    """Why targets cannot be imported and how to mend it, the ``files`` that hold those that can, and what they import.

    ``refusal`` says why they cannot be called as a run will, empty if they can; ``inputs`` is the number of inputs in a
    list, ``input_files`` are those that a list is of. ``modules`` are the files of all imported modules of the user's;
    ``packages`` are name and version of the imported packages, or of all that are installed if that was asked.
    ``missing`` is the name of a module that was not found when a target was imported, empty if none was. ``lacks`` has
    for each member that was asked for what it lacks here, an empty `Lack` if nothing. ``manner`` is that of the
    function.
    """

    interpreter: Interpreter
    problems: dict[str, str]
    files: tuple[str, ...]
    refusal: str = ""
    inputs: int = 0
    input_files: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    lacks: tuple[Lack, ...] = ()
    missing: str = ""
    manner: Manner = Manner()


def this_interpreter() -> Interpreter:
    """Return the identity of this interpreter; takes milliseconds."""
    return Interpreter(
        python_version=python_version(),
        implementation=sys.implementation.name,
        python_build=python_build(),
        gil_enabled=gil_enabled(),
    )

"""What planning asks an interpreter before any run: a `Question`, and the `Answer` to it."""

import sys

from .facts import gil_enabled, python_build, python_version
from .named import NamedTuple

# Without "from __future__ import annotations": a measured process reads this record, and would compile each hint.


STARTED = "started"


class Question(NamedTuple):
    """Asks what the interpreter is, and if ``targets`` (``module:callable``) can be imported from ``path``.

    Those of them that are no ``makers`` of inputs must not be generator functions. The answer goes to the open
    file ``descriptor``.
    """

    targets: tuple[str, ...]
    makers: tuple[str, ...]
    path: tuple[str, ...]
    descriptor: int


class Interpreter(NamedTuple):
    """Identity of an interpreter; ``gil_enabled`` is its state now."""

    python_version: str
    implementation: str
    python_build: str
    gil_enabled: bool


class Answer(NamedTuple):
    """Why targets cannot be imported and how to mend it, and the files that hold those that can."""

    interpreter: Interpreter
    problems: dict[str, str]
    files: tuple[str, ...]


def this_interpreter() -> Interpreter:
    """Return the identity of this interpreter; takes milliseconds."""
    return Interpreter(
        python_version=python_version(),
        implementation=sys.implementation.name,
        python_build=python_build(),
        gil_enabled=gil_enabled(),
    )

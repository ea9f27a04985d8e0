"""Answers what planning asks: what this interpreter is, and if a user's functions can be imported.

The answer goes over a descriptor of its own, since a module may print, close or replace what it likes. Lines:
``started``, then each target before it is imported, then the `Answer` as JSON. So the one who asked sees how
far it came, whatever the module does to this process.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from traceback import FrameSummary, extract_tb
from typing import Any, Optional

from .awaiting import is_declared_async
from .errors import ModuleHidden, RunsNothing
from .facts import imported_packages, installed_packages
from .given import is_called, is_target
from .member import Lack
from .modules import users_files
from .parent_death import die_with_parent
from .question import STARTED, Answer, Manner, Question, this_interpreter
from .records import to_json
from .resolving import find, resolve
from .search_path import extend_path, standard_library
from .workloads.function import refuse_generator

_OWN = os.path.dirname(os.path.abspath(__file__))
_REMEDY = "run from the directory that contains the module, and write module:callable"
_ANOTHER = "interpreter.path=/path/to/python"
SCRIPT = 'move what only a script does under if __name__ == "__main__":'
_STDERR = 2  # by number: a module may replace sys.stderr
_MOST = 1000  # characters of a message
EXIT_CLOSED = 5
_WRAPPER = (
    "the file for the answer is not open here; a wrapper must start Python with exec and leave files open"
)
_CLOSED = "it closed files that it did not open, the one for the answer among them; close only its own"


def check(question: Question) -> int:
    """Write the lines, and return 0."""
    answer = question.descriptor
    _write(answer, STARTED, _WRAPPER)
    os.set_inheritable(answer, False)
    os.register_at_fork(after_in_child=lambda: os.close(answer))
    if question.targets:
        die_with_parent()  # whatever a module does at import
    extend_path(question.path)
    problems: dict[str, str] = {}
    missing: list[str] = []
    for target in question.targets:
        _write(answer, target, _CLOSED)
        import_ = find if target == question.options.get("inputs") else resolve
        problems[target] = _problem(import_, target, missing.append, makes=target in question.makers)
    files = {
        getattr(sys.modules.get(target.partition(":")[0]), "__file__", None) for target in question.targets
    }
    known = {target: problem for target, problem in problems.items() if problem}
    rehearsed = _rehearsed(question) if question.options and not known else None
    found = Answer(
        this_interpreter(), known, tuple(sorted(filter(None, files))), *(rehearsed or ())
    )._replace(
        modules=users_files() if question.targets else (),
        packages=_packages(question),
        lacks=_lacks(question),
        missing="".join(missing[:1]),
        manner=_manner(question.options) if question.options and not known else Manner(),
    )
    _write(answer, to_json(found), _CLOSED)
    return 0


def _manner(options: Mapping[str, Any]) -> Manner:
    """Return how a program calls the function that was imported."""
    function, source = resolve(options["target"]), str(options.get("inputs"))
    try:
        pickle.dumps(function)
        by_name = True
    except Exception:  # noqa: BLE001  # a callable object may refuse in any way
        by_name = False
    makes = is_target(source) and is_called(find(source))
    named = {name: options.get(name) for name in ("before", "after", "make_input")}
    called = {
        name: target for name, target in {**named, "inputs": source if makes else None}.items() if target
    }
    awaited = tuple(name for name, target in called.items() if is_declared_async(resolve(target)))
    return Manner(is_declared_async(function), by_name, makes, awaited)


def _packages(question: Question) -> tuple[str, ...]:
    if question.installed:
        return tuple(installed_packages())
    return tuple(imported_packages()) if question.targets else ()


def _lacks(question: Question) -> tuple[Lack, ...]:
    if not question.members:
        return ()
    from .families import lacks_of  # noqa: PLC0415  # what is asked of an interpreter alone needs no families

    return tuple(lacks_of(asked) for asked in question.members)


def _write(descriptor: int, line: str, otherwise: str) -> None:
    """Write a line; if the descriptor was closed, end this process with ``otherwise`` as the reason."""
    rest = f"{line}\n".encode(errors="backslashreplace")
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:
        with suppress(OSError):  # a module may have closed that as well
            os.write(_STDERR, f"\n{otherwise}\n".encode())
        os._exit(EXIT_CLOSED)


def _rehearsed(question: Question) -> Any:
    """Return what calls and inputs show; only for functions of the user's, whose call imports more."""
    from .rehearsal import rehearse  # noqa: PLC0415  # what is asked of an interpreter alone needs none of it

    return rehearse(question, lambda called: _write(question.descriptor, called, _CLOSED))


def _problem(import_: Callable[[str], Any], target: str, miss: Callable[[str], None], *, makes: bool) -> str:
    """Return why the target cannot be imported or called and how to mend it; "" if it can.

    Pass ``miss`` a module that is missing.
    """
    try:
        found = import_(target)
        if not makes:
            refuse_generator(target, found)
    except RunsNothing as error:
        return str(error)
    except ModuleHidden as error:
        return str(error)
    except SystemExit as error:
        code = "" if error.code is None else repr(error.code)[:_MOST]
        return f"it calls sys.exit({code}) when it is imported{_place(error)}; {SCRIPT}"
    except BaseException as error:  # noqa: BLE001  # importing a user's module may raise anything; it is reported
        if isinstance(error, ModuleNotFoundError) and _users_frame(error) is not None:
            miss(str(error.name))
        place = _place(error)  # of what is wrong in the user's code, and not in the target
        return f"{_describe(error)}{place or _meant(target, error)}; {_remedy(error)}"
    return ""


def _describe(error: BaseException) -> str:
    """Return the type and the first line of the message, whose text may fail as well."""
    name = type(error).__name__
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001  # a user's exception may do anything here
        text = ""
    return f"{name}: {text.splitlines()[0][:_MOST]}" if text else name


def _place(error: BaseException) -> str:
    """Return the line of the user's that raised, if one did."""
    frame = _users_frame(error)
    return f" ({os.path.basename(frame.filename)}:{frame.lineno})" if frame else ""


def _meant(target: str, error: BaseException) -> str:
    """Return what a mistyped target probably meant."""
    from .meant import meant  # noqa: PLC0415  # what is well typed needs none of it

    return meant(target, error)


def _users_frame(error: BaseException) -> Optional[FrameSummary]:
    """Return the innermost call that is neither of the import system, nor ours, nor the standard library's."""
    library = [os.path.join(folder, "") for folder in standard_library()]
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if not frame.filename.startswith(("<frozen ", os.path.join(_OWN, "")))
        and ("site-packages" in frame.filename or not frame.filename.startswith(tuple(library)))
    ]
    return frames[-1] if frames else None


def _remedy(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"mend it, or choose an interpreter that knows its syntax with {_ANOTHER}"
    if _users_frame(error) is None:
        return _REMEDY
    if isinstance(error, ModuleNotFoundError):
        return f"install it for {sys.executable}, or choose another interpreter with {_ANOTHER}"
    if isinstance(error, EOFError):
        return f"nothing can be read from standard input when a module is imported; {SCRIPT}"
    return f"mend the module, or {SCRIPT}"

"""The inputs that a user gives: a list of them (``workload.inputs``), or one of a size (``workload.make_input``).

What their code raises or returns instead becomes one line that names the knob, the call, and the line of the user's.
"""

from __future__ import annotations

import os
import re
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, Optional

from .awaiting import complete
from .errors import InputsUnusable
from .failures import both_ends, briefly
from .resolving import definition, find, resolve

TARGET = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_WILD = re.compile(r"[*?\[/]")
_MOST_TEXT = 1000  # characters of what was raised
_MOST_SHOWN = 60
_MEMORY_SHARE = 2  # of the machine's, that a list of inputs may take
_LIST = "it must return or be a list of inputs, or any other iterable"
_INPUT = "it gets the payload in bytes, and must return the input of one task"

Source = Any  # ``module:name``, a pattern for paths, or a list


def is_target(source: Source) -> bool:
    """Return whether ``workload.inputs`` names something in a module."""
    return isinstance(source, str) and TARGET.fullmatch(source) is not None


def is_pattern(source: Source) -> bool:
    """Return whether ``workload.inputs`` is a pattern for paths."""
    return isinstance(source, str) and not is_target(source) and _WILD.search(source) is not None


def listed(source: Source, folder: str) -> list[Any]:
    """Return the inputs that ``workload.inputs`` gives; raise InputsUnusable.

    Paths are relative to ``folder``. Importing a module may raise anything.
    """
    if isinstance(source, str):
        return _of_module(source) if is_target(source) else files(source, folder)
    return list(source)


def files(pattern: str, folder: str) -> list[str]:
    """Return the absolute paths of the files that match, sorted; raise InputsUnusable if none does."""
    from glob import escape, glob  # noqa: PLC0415  # few runs need it

    whole = os.path.join(escape(folder), os.path.expanduser(pattern))
    found = sorted({os.path.abspath(path) for path in glob(whole, recursive=True) if os.path.isfile(path)})
    if not found:
        raise InputsUnusable(
            f"workload.inputs={pattern}: no file in {folder} matches; check the folder and the pattern, such as data/*.json"
        )
    return found


def _of_module(target: str) -> list[Any]:
    """Return what a module's iterable holds, or what its callable returns."""
    found, name = find(target), target.rpartition(":")[2]
    called = is_called(found)
    call = _Call(f"workload.inputs={target}", f"{name}()" if called else name, target, _LIST)
    made = call(complete(found, makes=True)) if called else found
    if _is_whole(made) or not _is_iterable(made):
        raise call.refusal(f"{'returned' if called else 'is'} {_shown(made)}, which is not a list of inputs")
    inputs: list[Any] = call(lambda: list(_bounded(made, call)))
    if not inputs:
        raise call.refusal(f"{'returned' if called else 'holds'} no inputs ({_shown(made)})")
    return inputs


def drawn(inputs: list[Any], take: int, seed: str) -> list[Any]:
    """Return ``take`` of the inputs, each as likely as any other, in their order.

    One ``seed`` gives the same ones; ``take`` 0 gives all.
    """
    if not take or take >= len(inputs):
        return inputs
    return [inputs[place] for place in sorted(Random(seed).sample(range(len(inputs)), take))]


def is_called(found: Any) -> bool:
    """Return whether what ``workload.inputs`` names is a callable to call, not an iterable by itself."""
    return callable(found) and not _is_iterable(found)


def made(target: str, payload_bytes: int) -> Any:
    """Return what ``workload.make_input`` makes for a size; raise InputsUnusable."""
    maker, name = complete(resolve(target), makes=True), target.rpartition(":")[2]
    call = _Call(f"workload.make_input={target}", f"{name}({payload_bytes})", target, _INPUT)
    one = call(lambda: maker(payload_bytes))
    if one is None:
        raise call.refusal("returned None")
    return one


class _Call:
    """A call of the user's code, as messages name it."""

    def __init__(self, knob: str, text: str, target: str, remedy: str) -> None:
        self.knob = knob
        self.text = text
        self.target = target
        self.remedy = remedy

    def __call__(self, function: Callable[[], Any]) -> Any:
        """Return what the function returns; raise InputsUnusable for what it raises."""
        try:
            return function()
        except InputsUnusable:
            raise
        except (Exception, SystemExit) as error:  # the function is the user's and may raise anything
            raise self.refusal(raised(error)) from error

    def refusal(self, what: str) -> InputsUnusable:
        """Return the error that says what the call did, with the line of the definition unless it names one."""
        place = "" if re.search(r":\d+ in ", what) else definition(self.target)
        where = f" ({place})" if place else ""
        return InputsUnusable(f"{self.knob}: {self.text}{where} {what}; {self.remedy}")


def raised(error: BaseException) -> str:
    """Return what was raised and where, in one line."""
    return f"raised {both_ends(' '.join(briefly(error).split()), _MOST_TEXT)}"


def _is_whole(made: Any) -> bool:
    """Return whether an object is iterable but its items are hardly meant: a text, or by keys such as a frame."""
    return isinstance(made, (str, bytes, bytearray)) or hasattr(type(made), "keys")


def _is_iterable(found: Any) -> bool:
    """Return whether ``iter`` takes an object: it has the method, or is a sequence of the old kind."""
    kind = type(found)
    return getattr(kind, "__iter__", None) is not None or hasattr(kind, "__getitem__")


def _bounded(made: Iterable[Any], call: _Call) -> Iterator[Any]:
    """Yield the inputs while they fit the memory: a generator may have no end."""
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEMORY_SHARE
    for number, one in enumerate(made):
        if _used_bytes() > most:
            raise call.refusal(f"gives inputs without end: the first {number} take half of the memory")
        yield one


def _used_bytes() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used << 10


def _shown(thing: Any) -> str:
    """Return the type of an object and its beginning."""
    try:
        text = " ".join(repr(thing).split())
    except Exception:  # noqa: BLE001  # an object of the user's may refuse in any way
        text = ""
    name = type(thing).__name__
    if thing is None or not text:
        return "None" if thing is None else f"an object of type {name}"
    return f"{text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + '...'} (of type {name})"


def name_of(place: int, count: Optional[int]) -> str:
    """Return what messages call an input: by its number if there are several."""
    return "input" if count in (None, 1) else f"input {place}"

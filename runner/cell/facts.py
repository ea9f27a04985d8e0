"""What this interpreter is: version, build, GIL, JIT, clock, and the packages it has imported.

Cheap to import; what takes milliseconds to import is imported only where it is needed.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from operator import sub
from time import perf_counter_ns
from typing import Any, Optional

_OPTIONS = (  # of the configure script, with the name of what each enables
    (r"--enable-optimizations(?!=no)", "PGO"),
    (r"--with-lto(?!=no)", "LTO"),
    (r"--enable-bolt(?!=no)", "BOLT"),
    (r"--enable-experimental-jit(?!=no|=interpreter)", "JIT built"),
    (r"--enable-experimental-jit=interpreter", "tier 2 interpreter"),
    (r"--with-tail-call-interp(?!=no)", "tail calls"),
    (r"--with-assertions(?!=no)", "assertions"),
    (r"--with-trace-refs(?!=no)", "trace refs"),
    (r"--without-pymalloc", "no pymalloc"),
    (r"--enable-shared(?!=no)", "shared library"),
)
_FIRST_JIT = (3, 13)
_LEFT_BY_PIP = "~"
SITES = ("site-packages", "dist-packages")
_NO_PACKAGES = ("__main__", "__mp_main__", "_distutils_hack", __name__.partition(".")[0])


def python_version() -> str:
    """Return the version as `platform.python_version` does, which takes milliseconds to import."""
    return sys.version.split(None, 1)[0]


def gil_enabled() -> bool:
    """Return whether the GIL is on in this interpreter now."""
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


# --- build ---------------------------------------------------------------------------------------------------


def python_build() -> str:
    """Return compiler and build options that move timings, such as ``GCC 12.2.0, -O3, PGO, LTO``."""
    from sysconfig import get_config_var  # noqa: PLC0415  # the variables take milliseconds to load

    compiler = (
        sys.version.rpartition("[")[2].rpartition("]")[0].strip()
    )  # platform.python_compiler() is empty for PyPy
    level = re.findall(r"-O\w*", str(get_config_var("CFLAGS") or ""))[-1:]  # the last one wins
    debug = ["debug"] if hasattr(sys, "gettotalrefcount") else []
    threading = ["free-threaded"] if get_config_var("Py_GIL_DISABLED") else []
    return ", ".join([compiler, *level, *debug, *threading, *_configured()])


def _configured() -> list[str]:
    """Return the build options of the configure script; empty if the interpreter does not know them."""
    from sysconfig import get_config_var  # noqa: PLC0415  # as above

    options = str(get_config_var("CONFIG_ARGS") or "")
    return [name for option, name in _OPTIONS if re.search(option + r"\b", options)]


def jit_enabled() -> Optional[bool]:
    """Return whether a JIT compiler is on in this interpreter; None if unknown.

    CPython reports it from 3.14 on (``sys._jit``); 3.13 may have one built in, earlier versions have none.
    PyPy's is on if it was built.
    """
    jit = getattr(sys, "_jit", None)
    if jit is not None:
        return bool(jit.is_enabled())
    if sys.implementation.name == "pypy":
        return "pypyjit" in sys.builtin_module_names
    if sys.implementation.name != "cpython":
        return None
    if sys.version_info < _FIRST_JIT:
        return False
    return None if "JIT built" in _configured() else False


# --- clock ---------------------------------------------------------------------------------------------------


def clock_step_ns(readings: int = 2_000) -> int:
    """Return the smallest step between successive readings of the clock that trials are timed with, in ns.

    It is the clock's resolution or the time that one reading takes, whichever is longer: anything shorter
    cannot be distinguished from zero. Takes a fraction of a millisecond, or longer on a coarse clock: until it moves.
    """
    stamps = [perf_counter_ns() for _ in range(readings)]
    steps = [step for step in map(sub, stamps[1:], stamps) if step > 0]
    return min(steps) if steps else _next_step()


def _next_step() -> int:
    before = after = perf_counter_ns()
    while after == before:
        after = perf_counter_ns()
    return after - before


# --- packages ------------------------------------------------------------------------------------------------


def imported_packages() -> list[str]:
    """Return name and version of each installed distribution with an imported top-level module, sorted.

    Takes milliseconds and memory if anything but the standard library was imported: call it after all
    measurements. A namespace that several distributions share counts for all of them.
    """
    modules = dict(_foreign_modules())
    return _described(dist for dist in _distributions() if _is_imported(dist, modules)) if modules else []


def installed_packages() -> list[str]:
    """Return name and version of each distribution that is installed, sorted; takes half a millisecond for each."""
    return _described(_distributions())


def _distributions() -> Iterator[Any]:
    """Yield the installed distributions, but what pip leaves of one that it could not remove, and what has no name."""
    from importlib.metadata import distributions  # noqa: PLC0415  # costs milliseconds; seldom needed

    for dist in distributions():
        place = getattr(dist, "_path", None)  # of any but those of an import hook
        if not getattr(place, "name", "").startswith(_LEFT_BY_PIP):
            yield dist


def _described(found: Iterable[Any]) -> list[str]:
    names = ((dist.metadata, dist) for dist in found)
    texts = {f"{about['Name']} {dist.version}" for about, dist in names if about and about["Name"]}
    return sorted(texts, key=str.lower)


def _foreign_modules() -> Iterator[tuple[str, str]]:
    """Yield each imported top-level module from outside the standard library, with its folder."""
    library = os.path.dirname(os.path.abspath(os.__file__))
    for name, module in list(sys.modules.items()):  # another thread may import meanwhile
        if "." not in name and name not in _NO_PACKAGES and not name.startswith("__editable__"):
            folder = _folder(module)
            if folder is not None and not _is_standard(folder, library):
                yield name, folder


def _folder(module: Any) -> Optional[str]:
    """Return the folder that holds a top-level module or package; None if it is built in or has no file."""
    known = attributes(module)
    file = known.get("__file__")
    places = list(known.get("__path__") or ())
    place = places[0] if places else file
    return os.path.dirname(os.path.abspath(place)) if isinstance(place, str) else None


def attributes(module: Any) -> dict[str, Any]:
    """Return what a module holds; nothing of what a user has put in the place of one.

    Some modules import others, or raise, when they are asked for an attribute that they do not hold.
    """
    try:
        found: dict[str, Any] = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return found


def _is_standard(folder: str, library: str) -> bool:
    """Return whether a folder belongs to the standard library; site-packages may lie within that."""
    if folder != library and not folder.startswith(library + os.sep):
        return False
    return folder[len(library) + 1 :].partition(os.sep)[0] not in SITES


def _is_imported(dist: Any, modules: dict[str, str]) -> bool:
    """Return whether a distribution provides one of ``modules`` from the folder where that was found.

    An editable installation has its modules elsewhere.
    """
    place = os.path.abspath(dist.locate_file(""))
    anywhere = _is_editable(dist)
    possible = {name for name, folder in modules.items() if anywhere or folder == place}
    return bool(possible) and not possible.isdisjoint(_provided(dist))


def _provided(dist: Any) -> Iterator[str]:
    """Yield the top-level modules of a distribution.

    Reads the record as text, since `Distribution.files` makes an object of each of thousands of lines.
    """
    yield from (dist.read_text("top_level.txt") or "").split()
    for line in (dist.read_text("RECORD") or "").splitlines():
        yield re.split(r"[/.,]", line, maxsplit=1)[0]


def _is_editable(dist: Any) -> bool:
    """Return whether a distribution is installed as editable (PyPA specification "Direct URL")."""
    return re.search(r'"editable":\s*true', dist.read_text("direct_url.json") or "") is not None

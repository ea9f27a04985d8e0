"""The user's modules that a run imported: their stored form, and how two of them differ.

One line a file: the hash of its content, two characters, and its name. The characters are two spaces, or a space and a
plus sign for a file that was imported only when the function was called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from breakeven.base.text import escape, unescape

_LATER, _AT_ONCE = " +", "  "
_SHOWN = 3
_LONG = 16  # hexadecimal digits


class Module(NamedTuple):
    """The ``digest`` of a file; ``later`` if it was imported only when the function was called."""

    digest: str
    later: bool = False


Modules = Mapping[str, Module]


def write(modules: Modules) -> str:
    """Return modules by name as text, sorted by name."""
    return "\n".join(
        f"{module.digest}{_LATER if module.later else _AT_ONCE}{escape(name)}"
        for name, module in sorted(modules.items())
    )


def read(text: str) -> dict[str, Module]:
    """Return the modules of a text that `write` returned.

    One hash alone, as older sweeps have, is a file without a name.
    """
    found = {}
    for line in filter(None, text.split("\n")):
        digest, mark, name = line[:_LONG], line[_LONG : _LONG + 2], line[_LONG + 2 :]
        found[unescape(name)] = Module(digest, mark == _LATER)
    return found


def differing(before: str, now: str) -> tuple[str, str]:
    """Return what differs of two texts, each as a text: files with another content, and files that only one has.

    A file that is found under another name is the same.
    """
    one, other = read(before), read(now)
    same = {name for name in one if name in other and one[name].digest == other[name].digest}
    one, other = ({name: files[name] for name in files if name not in same} for files in (one, other))
    for name, module in list(one.items()):
        moved = [new for new in other if new not in one and other[new].digest == module.digest]
        if name not in other and moved:
            del one[name], other[moved[0]]
    return write(one), write(other)


def versions(texts: Iterable[str]) -> dict[str, set[str]]:
    """Return the hashes that each file has in any of ``texts``."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for name, module in read(text).items():
            found.setdefault(name, set()).add(module.digest)
    return found


def mixed(texts: Iterable[str]) -> set[str]:
    """Return the names of files that are not the same in all ``texts``.

    A file that only calls import may be missing in some of them, and is not counted.
    """
    known = [read(text) for text in texts]
    names = {name for files in known for name in files}
    return {name for name in names if _is_mixed(known, name)}


def _is_mixed(known: list[dict[str, Module]], name: str) -> bool:
    found = [files[name] for files in known if name in files]
    missing = len(found) < len(known) and not all(module.later for module in found)
    return missing or len({module.digest for module in found}) > 1


def describe_change(before: str, now: str) -> str:
    """Return how files differ, in one line: ``a.py changed, b.py added, c.py no longer imported``."""
    one, other = read(before), read(now)
    kinds = (
        ("changed", [name for name in one if name in other and one[name].digest != other[name].digest]),
        ("added", [name for name in other if name not in one]),
        ("no longer imported", [name for name in one if name not in other and not one[name].later]),
        ("no longer there", [name for name in one if name not in other and one[name].later]),
    )
    return ", ".join(f"{enumerate_some(map(escape, names))} {what}" for what, names in kinds if names)


def enumerate_some(names: Iterable[str]) -> str:
    """Return the first names, sorted, and how many more there are."""
    known = sorted(names)
    shown, more = known[:_SHOWN], len(known) - _SHOWN
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join([*([", ".join(shown[:-1])] if shown[1:] else []), *shown[-1:]])

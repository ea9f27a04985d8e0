"""The packages that a run imported: how a stored list of them is read, and how two of them differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

_EQUALS = re.compile(r"\s*==\s*|\s+")
_SEPARATORS = re.compile(r"[-_.]+")
UNKNOWN = "of unknown version"


def read(text: str) -> dict[str, str]:
    """Return the versions in lines such as ``numpy 2.1.0`` or ``numpy==2.1.0``, by `normalized` name."""
    found: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        name, *rest = _EQUALS.split(line, maxsplit=1)
        found.setdefault(normalized(name), []).append(rest[0] if rest else UNKNOWN)
    return {name: " and ".join(sorted(set(versions))) for name, versions in found.items()}


def write(versions: Mapping[str, str]) -> str:
    """Return versions as text, one package a line."""
    return "\n".join(f"{name} {version}" for name, version in sorted(versions.items()))


def normalized(name: str) -> str:
    """Return a package's name in its normalized spelling.

    See the PyPA specification "Names and normalization".
    """
    return _SEPARATORS.sub("-", name).lower()


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, str]:
    """Return the packages that differ, each side as a text."""
    names = {name for name in {*before, *now} if before.get(name) != now.get(name)}
    one, other = (write({name: known[name] for name in names if name in known}) for known in (before, now))
    return one, other


def versions(texts: Iterable[str]) -> dict[str, set[str]]:
    """Return the versions that each package has in any of ``texts``."""
    found: dict[str, set[str]] = {}
    for text in texts:
        for name, version in read(text).items():
            found.setdefault(name, set()).add(version)
    return found


def mixed(texts: Iterable[str]) -> set[str]:
    """Return the names of packages that do not have the same version in all ``texts``, or are in some only."""
    known = [read(text) for text in texts]
    names = {name for versions in known for name in versions}
    return {name for name in names if len({versions.get(name) for versions in known}) > 1}


def describe_change(before: str, now: str) -> str:
    """Return how versions differ, in one line: ``numpy 1.26.4, now 2.0.1, scipy 1.15, now none``."""
    return ", ".join(_changed(read(before), read(now))) or "none"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"{name} {before.get(name, 'not imported')}, now {now.get(name, 'none')}"

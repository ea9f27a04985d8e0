"""What a program calls the user's functions: by their own names, unless it has something else of that name."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Iterator
from keyword import iskeyword

_PLACE = re.compile("<[A-Z_]+>")
_WORD = re.compile(r"[^\W\d]\w*")


class Names:
    """The names of ``module:name`` targets in a program of which ``lines`` are everything but these."""

    def __init__(self, targets: Iterable[str], lines: Iterable[str]) -> None:
        self._taken = {*dir(builtins), "pkgutil", *_WORD.findall(_PLACE.sub(" ", "\n".join(lines)))}
        self._of: dict[str, str] = {}
        for target in targets:
            imported = _imported(target)
            if imported not in self._of:
                self._of[imported] = self._free(imported)

    def __getitem__(self, target: str) -> str:
        """Return the name of a target, with the attributes that follow what is imported."""
        imported = _imported(target)
        return self._of[imported] + target.removeprefix(imported)

    def imports(self) -> Iterator[str]:
        """Yield the lines that import what the targets are of, one for each module."""
        spelled = {target: name for target, name in self._of.items() if _is_spelled(target)}
        modules: dict[str, list[str]] = {}
        for target, name in spelled.items():
            module, _, own = target.partition(":")
            modules.setdefault(module, []).append(own if own == name else f"{own} as {name}")
        for module, words in modules.items():
            yield f"from {module} import {', '.join(sorted(words))}"
        others = [target for target in self._of if target not in spelled]
        if others:
            yield "import pkgutil"
        for target in others:
            yield f'{self._of[target]} = pkgutil.resolve_name("{target}")'

    def _free(self, imported: str) -> str:
        """Return a name that nothing else has: the own one, or one with that of the module."""
        name = imported.partition(":")[2]
        if name in self._taken or not _is_spelled(imported):
            name = re.sub(r"\W", "_", imported)
        while name in self._taken or iskeyword(name):
            name += "_"
        self._taken.add(name)
        return name


def _imported(target: str) -> str:
    """Return what is imported of a target: its first name, or all of it if no statement can spell it."""
    return _first(target) if _is_spelled(target) else target


def _first(target: str) -> str:
    module, _, name = target.partition(":")
    return f"{module}:{name.partition('.')[0]}"


def _is_spelled(target: str) -> bool:
    """Return whether a program can write a target: a keyword may name a module's file and what `setattr` sets."""
    return not any(map(iskeyword, re.split("[.:]", target)))

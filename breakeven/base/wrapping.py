"""Break text into lines no wider than a terminal."""

from __future__ import annotations

import shlex

from breakeven.base.text import printable

_CONTINUED = " \\"


def columns(text: str) -> int:
    """Return the columns of a terminal that ``text`` takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415  # 10 ms, and most text does not need it

    return cell_len(text)


def _chop(text: str, width: int) -> list[str]:
    """Return the parts of ``text`` that take at most ``width`` columns each."""
    from rich.cells import chop_cells  # noqa: PLC0415  # as above

    return chop_cells(text, width)


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Return ``text`` in lines of at most ``width`` columns, all but the first behind ``indent``.

    Lines end between words; a word that is wider than a line is broken, and what a terminal would obey is written out.
    Width is that on a terminal, where some characters take two columns.
    """
    lines: list[str] = []
    line = ""
    room = max(width - columns(indent), 2)  # a character may be two columns wide
    for word in map(printable, text.split()):
        for place, part in enumerate(_chop(word, room) if columns(word) > room else [word]):
            joined = f"{line} {part}" if line and not place else part
            if place or columns(joined) > (room if lines else width):
                lines.append(line)
                line = part
            else:
                line = joined
    found = [*lines, line] if line or not lines else lines
    return [found[0], *(f"{indent}{line}" for line in found[1:])]


def wrap_command(before: str, command: str, width: int, indent: str = "") -> list[str]:
    """Return ``before`` and a shell ``command`` in lines of at most ``width`` columns.

    All but the first line begin with ``indent``.

    Lines that the command continues on end with a backslash, so that it can be pasted; no word is broken.
    """
    words = [printable(shlex.quote(word)) for word in shlex.split(command)]
    lines, line = [], before + words[0]
    for place, word in enumerate(words[1:], 2):
        end = 0 if place == len(words) else len(_CONTINUED)
        if columns(line) + 1 + columns(word) + end > width:
            lines.append(line + _CONTINUED)
            line = indent + word
        else:
            line = f"{line} {word}"
    return [*lines, line]


def fold(line: str, width: int) -> list[str]:
    """Return ``line`` as it is if it fits, otherwise in several that keep its indentation."""
    if columns(line) <= width:
        return [line]
    lead = line[: len(line) - len(line.lstrip(" "))]
    return [f"{lead}{part}" for part in wrap(line, width - len(lead), "   ")]


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return ``text`` filled up with spaces to ``width`` columns of a terminal, on its left if ``right``."""
    fill = " " * (width - columns(text))
    return fill + text if right else text + fill

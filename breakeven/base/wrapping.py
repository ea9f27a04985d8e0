"""Break text into lines no wider than a terminal."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Return ``text`` in lines of at most ``width`` columns, all but the first behind ``indent``.

    Lines end between words; a word that is wider than a line is broken. Width is that on a terminal, where some
    characters take two columns.
    """
    lines: list[str] = []
    line = ""
    room = max(width - cell_len(indent), 2)  # a character may be two columns wide
    for word in text.split():
        for place, part in enumerate(chop_cells(word, room) if cell_len(word) > room else [word]):
            joined = f"{line} {part}" if line and not place else part
            if place or cell_len(joined) > (room if lines else width):
                lines.append(line)
                line = part
            else:
                line = joined
    found = [*lines, line] if line or not lines else lines
    return [found[0], *(f"{indent}{line}" for line in found[1:])]


def fold(line: str, width: int) -> list[str]:
    """Return ``line`` as it is if it fits, otherwise in several that keep its indentation."""
    if cell_len(line) <= width:
        return [line]
    lead = line[: len(line) - len(line.lstrip(" "))]
    return [f"{lead}{part}" for part in wrap(line, width - len(lead), "   ")]


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return ``text`` filled up with spaces to ``width`` columns of a terminal, on its left if ``right``."""
    fill = " " * (width - cell_len(text))
    return fill + text if right else text + fill

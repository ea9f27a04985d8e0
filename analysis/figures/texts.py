"""Texts that fit: titles and captions within the figure, labels on as many lines as they need."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from matplotlib.text import Text

LABEL = 30
"""The most characters of a line of a label."""

LINES, CUT = 5, "..."
"""The most lines of a label, and what stands for those that are left out."""

ROW = 60
"""The most characters of a label that has one line."""

_LINE = 0.2
"""The height of a line of a label in inches."""

_TITLE_LINE, _TITLE_LINES = 0.22, 2
"""The height of a line of a title in inches, and as many as have room in any figure."""

_ROOM = 0.96
"""Share of the figure's width for a line of text; letters of an SVG are a little wider than those of a PNG."""

_LEAST = 8
_SMALLEST = 5.0
"""The smallest size of a letter, in points."""

_SPACE = re.compile(
    r"(?<=\d) (?=[kKMGT]?i?B\b|[kKMGT]?i?B?/s\b|[num]?s\b|%|workers?\b)"
)  # a number and its unit stay on one line


_BETWEEN = tuple(
    map(re.compile, (r"(?<=[/;])|(?<=,)(?!\d)", r"(?<=[=:_\-])|(?<=\.)(?!\d)", r"(?<=[^\W\d])(?=\d)"))
)
"""Where a name may be broken: between its parts, if need be between parts of these, or before a number."""


def wrap_label(label: str, characters: int = LABEL) -> str:
    """Return a label of a panel, a row or a legend entry on as many lines as it needs.

    Units stay with their numbers. Of one with more than `LINES` the first lines and the last are kept.
    """
    lines = _wrap(_SPACE.sub("\N{NO-BREAK SPACE}", label), characters)
    return "\n".join(_cut(lines)).replace("\N{NO-BREAK SPACE}", " ")


def _wrap(words: str, characters: int) -> list[str]:
    """Return ``words`` on lines of at most so many characters; names that are longer are broken between their parts."""
    return textwrap.wrap(" ".join(_break(word, characters) for word in words.split(" ")), characters)


def _break(word: str, characters: int) -> str:
    """Return a word with spaces between its parts where it is longer than a line, so that no number is broken.

    No two neighbours of them have room on one line, so each space ends a line.
    """
    parts = [""]
    for part in _parts(word, characters):
        if len(parts[-1]) + len(part) <= characters:
            parts[-1] += part
        else:
            parts.append(part)
    return " ".join(filter(None, parts))


def _parts(word: str, characters: int, between: Sequence[re.Pattern[str]] = _BETWEEN) -> Iterator[str]:
    """Yield the parts of a name, and of those that are longer than a line their own."""
    if len(word) <= characters:
        yield word
    elif not between:
        yield from (word[begin : begin + characters] for begin in range(0, len(word), characters))
    else:
        for part in between[0].split(word):
            yield from _parts(part, characters, between[1:])


def _cut(lines: list[str]) -> list[str]:
    """Return no more than `LINES` lines: of more the first ones and the last."""
    return lines if len(lines) <= LINES else [*lines[: LINES - 2], CUT, lines[-1]]


def shorten_label(label: str, characters: int = ROW) -> str:
    """Return a label that must stay on one line: of one that is too long the beginning and the end."""
    if len(label) <= characters:
        return label
    kept = characters - len(CUT)
    end = kept // 3
    return f"{label[: kept - end]}{CUT}{label[-end:]}"


def further_height(labels: Iterable[str]) -> float:
    """Return the height in inches that the longest of the labels of panels side by side needs beyond its first line."""
    return _LINE * max((wrap_label(label).count("\n") for label in labels), default=0)


def fit_lines(text: Text, words: str) -> None:
    """Set ``words`` on as few lines as fit the figure, breaking names that are longer than a line."""
    words = _SPACE.sub("\N{NO-BREAK SPACE}", words)
    room = _room(text)
    text.set_text(words)
    most = len(words) if _width(text) <= room else int(len(words) * room / _width(text)) + _LEAST
    for characters in range(most, _LEAST, -1):
        text.set_text("\n".join(_wrap(words, characters)))
        if _width(text) <= room:
            return


def fit_title(title: Text, words: str) -> float:
    """Set ``words`` on the lines they need, cut as labels are.

    Return the height in inches beyond that of the lines for which every figure has room.
    """
    fit_lines(title, words)
    title.set_text("\n".join(_cut(title.get_text().split("\n"))))
    return _TITLE_LINE * max(title.get_text().count("\n") + 1 - _TITLE_LINES, 0)


def fit_line(text: Text) -> None:
    """Set the text smaller until it fits the figure's width; break it where it would be too small to read."""
    room = _room(text)
    if _width(text) > room:
        text.set_fontsize(max(_SMALLEST, 0.98 * float(text.get_fontsize()) * room / _width(text)))
    if _width(text) > room:
        fit_lines(text, text.get_text())


def _room(text: Text) -> float:
    """Return the width in pixels that a line of the text may take."""
    figure = text.get_figure(root=True)
    return 0.0 if figure is None else _ROOM * float(figure.bbox.width)


def _width(text: Text) -> float:
    return float(text.get_window_extent().width)

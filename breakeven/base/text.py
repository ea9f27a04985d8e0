"""Make text from other programs safe to show on a terminal, in a log or in a one-line message."""

from __future__ import annotations

import re
from pathlib import Path

from breakeven.base.last_words import raised_in

MOST_TEXT = 2000
_ESCAPED = re.compile(r"\\(?:\\|[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def plural(count: int | str, what: str) -> str:
    """Return ``1 cell`` or ``2 cells``, or ``1 to 4 cells`` of a range in words."""
    return f"{count} {what}{'' if str(count) == '1' else 's'}"


def fill_plural(form: str, count: str) -> str:
    """Return ``form``, such as ``{} tasks``, with ``count`` in it; one alone has no plural's s."""
    return (form.removesuffix("s") if count == "1" else form).format(count)


def printable(text: str, *, lines: bool = False) -> str:
    """Return ``text`` with control characters escaped as in Python; ``lines`` keeps line ends and tabs."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or (lines and char in "\n\t") else _written_out(char) for char in text
    )


def _written_out(char: str) -> str:
    return char.encode("unicode_escape").decode()


def escape(text: str) -> str:
    """Return ``text`` in one line, with characters that it cannot hold, and the backslash, escaped as in Python."""
    return "".join(char if char.isprintable() and char != "\\" else _written_out(char) for char in text)


def unescape(text: str) -> str:
    """Return the text of which `escape` made ``text``."""
    return _ESCAPED.sub(lambda match: match[0].encode().decode("unicode_escape"), text)


def one_line(text: str) -> str:
    """Return the first and last line of a text as one; of a traceback, the exception instead of the last."""
    lines = [line.strip() for line in text.strip().splitlines()] or [""]
    last = raised_in(text) or lines[-1]
    return last if last == lines[0] else f"{lines[0]} ... {last}"


def what_happened(text: str) -> str:
    """Return the exception of a traceback, type and first line; of another text its first and last line as one.

    An exception without its traceback has its type in the first line, and in the last one where it was raised.
    """
    return raised_in(text) or one_line(text)


def shown(path: Path) -> str:
    """Return ``path`` as text, relative to the current folder if it is below that."""
    here = Path.cwd()
    return printable(str(path.relative_to(here)) if path.is_relative_to(here) else str(path))


def last_lines(text: str, count: int) -> str:
    """Return the last ``count`` lines, at most 2000 characters in all."""
    return "\n".join(text.strip().splitlines()[-count:])[-MOST_TEXT:]

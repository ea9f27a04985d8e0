"""Find in a program's output why it failed: the exception of a traceback, a crash report, or what it complains of."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MOST = 2000  # characters
_FATAL = re.compile(r"^.*?(Fatal Python error: .+)$", re.MULTILINE)
_FRAME = re.compile(r'^  File "(.*)", line ([0-9]+) in (.+)$', re.MULTILINE)
_TRACEBACK = re.compile(r"^(  \+ Exception Group )?Traceback \(most recent call last\):$")
_MARGIN = "  | "  # of what belongs to an exception group
_BESIDE = re.compile(
    r"^(?:Exception ignored |Exception in thread |Error in |Future exception was never retrieved)"
)
"""What announces a traceback that did not end the program."""

_NAMED = re.compile(r"^(?:[^\W\d]\w*\.)*[^\W\d]\w*(?:Error|Exception|Exit|Interrupt|Group)(?:: .*)?$")
_WARNING = re.compile(r"^.*?(?::[0-9]+: \w*Warning: |: \w*Warning: |^\w*Warning: )")
_COMPLAINT = re.compile(
    r"\b(?:error|fatal|cannot|can't|could not|couldn't|not found|no such|fail(?:ed|ure)?|denied|abort(?:ed)?|"
    r"unable|invalid|illegal|killed|unknown|unsupported|refused)\b",
    re.IGNORECASE,
)


def reason_in(text: str, folder: str = "") -> str:
    """Return the one line of a program's output that says why it failed; "" if it said nothing.

    A report of `faulthandler` comes first, with the innermost call, best one in ``folder``; then the exception that
    ended the program: the last one of a chain, without its notes, further lines and what was printed after it; then the
    first line that complains; then the first one that is no warning.
    """
    lines = text.splitlines()
    found = _crash(text, folder) or raised_in(text) or _named(lines) or _complaint(lines)
    return found[:_MOST]


def _crash(text: str, folder: str) -> str:
    found = list(_FATAL.finditer(text))
    if not found:
        return ""
    place = stack_place(text[found[-1].end() :], folder)
    return found[-1][1].strip() + (f" at {place}" if place else "")


def stack_place(text: str, folder: str = "") -> str:
    """Return the innermost call of the current thread in a report of `faulthandler`; "" if there is none.

    One of a file below ``folder`` comes before any other.
    """
    _, _, section = text.partition("Current thread ")
    section = section.partition("\n\n")[0] if section else text
    frames = [*_FRAME.findall(section)]
    below = [frame for frame in frames if folder and frame[0].startswith(folder.rstrip("/") + "/")]
    return next((f"{file.rpartition('/')[2]}:{line} in {name}" for file, line, name in below or frames), "")


def raised_in(text: str) -> str:
    """Return the exception of the last traceback, those of threads and finalizers only if there is no other."""
    lines = text.splitlines()
    own, beside = "", ""
    for number, line in enumerate(lines):
        header = _TRACEBACK.match(line)
        if header is None:
            continue
        raised = _raised(lines[number + 1 :], _MARGIN if header[1] else "")
        if number and _BESIDE.match(lines[number - 1]):
            beside = raised or beside
        else:
            own = raised or own
    return own or beside


def _named(lines: Sequence[str]) -> str:
    """Return the last line that names an exception: of a syntax error, or of a traceback without its beginning."""
    return next((line.strip() for line in reversed(lines) if _NAMED.match(line)), "")


def _raised(lines: Sequence[str], margin: str) -> str:
    """Return the first line behind the calls of a traceback, which are indented."""
    bare = (line.removeprefix(margin) for line in lines if line.startswith(margin))
    return next((line.strip() for line in bare if line and not line[0].isspace()), "")


def _complaint(lines: Sequence[str]) -> str:
    said = [line.strip() for number, line in enumerate(lines) if _says_something(lines, number)]
    return next((line for line in said if _COMPLAINT.search(line)), said[0] if said else "")


def _says_something(lines: Sequence[str], number: int) -> bool:
    """Return whether a line is neither empty, nor a rule, nor a warning or the source line below it."""
    line = lines[number]
    below = number > 0 and line.startswith("  ") and _WARNING.match(lines[number - 1]) is not None
    return any(map(str.isalnum, line)) and not _WARNING.match(line) and not below

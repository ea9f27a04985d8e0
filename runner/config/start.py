"""How the measured interpreter is started: the knobs ``environment`` and ``interpreter.flags``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from breakeven.base.errors import BadValue
from breakeven.base.text import printable
from breakeven.runner.config.parsing import read_map, typed

HASH_SEED = "PYTHONHASHSEED"
PADDING = "BREAKEVEN_PADDING"
_MOST_HASH_SEED = 2**32 - 1

_RESERVED = {
    PADDING: "breakeven sets it itself, to another length in each round",
    "PYTHONINSPECT": "the interpreter would wait for input after the run",
}
_REFUSED_FLAGS = {
    **dict.fromkeys("cm", "breakeven starts its own program"),
    "i": "the interpreter would wait for input after the run",
    **dict.fromkeys("hV?", "the interpreter would print a text and end"),
    **dict.fromkeys(
        "EI", "the interpreter would ignore PYTHON* variables, such as the hash seed of each round"
    ),
    "R": "the interpreter would ignore the hash seed of each round",
    "x": "the interpreter would skip a line of breakeven's own program",
}
_WITH_VALUE = "WX"
_LONG_WITH_VALUE = ("--check-hash-based-pycs", "--jit")
_ENDING = ("--help", "--help-all", "--help-env", "--help-xoptions", "--version", "--info")


def read_environment(value: object) -> dict[str, str | None]:
    """Return the environment variables of a cell, None for one to remove; raise BadValue.

    Values are texts. A whole number, as YAML reads it, is taken for its decimal text; of any other value that is no
    text, what was written is not known.
    """
    return {name: _variable(name, one) for name, one in sorted(read_map(value, "environment").items())}


def _variable(name: str, value: Any) -> str | None:
    key = f"environment.{printable(name)}"
    if not name or "=" in name or "\0" in name:
        raise BadValue(f"{key}: not the name of a variable; write one without '=', such as OMP_NUM_THREADS")
    if name in _RESERVED:
        raise BadValue(f"{key}: cannot be set, since {_RESERVED[name]}; leave it out")
    if isinstance(value, Mapping | list):
        raise BadValue(f"{key}={typed(value)}: not a text; write one, quoted if it has special characters")
    if isinstance(value, bool | float):
        raise BadValue(
            f"{key}={str(value).lower()}: in YAML a text such as this must be quoted, since what was written is not "
            f"known any more; write it in quotes, such as '\"{str(value).lower()}\"'"
        )
    text = None if value is None else str(value)
    if text is not None and "\0" in text:
        raise BadValue(f"{key}={printable(text)}: a variable cannot hold the character NUL; remove it")
    if name == HASH_SEED:
        _check_hash_seed(text, key)
    return text


def _check_hash_seed(text: str | None, key: str) -> None:
    """Raise BadValue unless ``text`` is a hash seed that can be recorded."""
    if text is None or not (text.isascii() and text.isdecimal() and int(text) <= _MOST_HASH_SEED):
        raise BadValue(
            f"{key}={typed(text)}: not a whole number from 0 to {_MOST_HASH_SEED}; write one for the same hash seed in "
            "all rounds, or leave it out: each round then has a random one, which is recorded"
        )


def read_flags(value: object) -> tuple[str, ...]:
    """Return the interpreter's options in ``value``, a text as for a shell or a list of texts; raise BadValue."""
    flags = tuple(_split(value))
    words = iter(flags)
    for word in words:
        why = _why_not(word)
        if why is None and _needs_value(word) and next(words, None) is None:
            why = "its value is missing"
        if why is not None:
            raise BadValue(
                f"interpreter.flags={shlex.join(flags)}: {printable(word)} cannot be used: {why}; "
                "write options such as '-X gil=0' or -O"
            )
    return flags


def _split(value: object) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        words = list(value)
    elif isinstance(value, str):
        words = _words(value)
    else:
        raise BadValue(
            f"interpreter.flags={typed(value)}: not a text; write options such as '-X gil=0' or -O"
        )
    if any("\0" in word for word in words):
        raise BadValue("interpreter.flags: an option cannot hold the character NUL; remove it")
    yield from words


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise BadValue(
            f"interpreter.flags={text}: cannot be split into options ({error}); close the quotes"
        ) from error


def _why_not(word: str) -> str | None:
    """Return why an option would break the measurement; None if it would not, as far as its name says."""
    if not word.startswith("-") or word in {"-", "--"}:
        return "it is not an option, and breakeven starts its own program"
    if word.startswith("--"):
        return _REFUSED_FLAGS["h"] if word in _ENDING else None
    letters = _letters(word)
    return next((_REFUSED_FLAGS[letter] for letter in letters if letter in _REFUSED_FLAGS), None)


def _letters(word: str) -> str:
    """Return the options in a word such as ``-OBXdev``, up to the first with a value."""
    for place, letter in enumerate(word[1:], 1):
        if letter in _WITH_VALUE:
            return word[1 : place + 1]
    return word[1:]


def _needs_value(word: str) -> bool:
    """Return whether the value of an option is the next word."""
    if word.startswith("--"):
        return word in _LONG_WITH_VALUE
    return word[-1] in _WITH_VALUE and _letters(word) == word[1:]
